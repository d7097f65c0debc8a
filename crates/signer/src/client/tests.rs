use chappe_codec::Scratch;

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn client(byte: u8) -> Client {
    Client::from_secret([byte; 32]).unwrap()
}

/// What the other side finds in an event.
fn read(own: &Client, event: &[u8]) -> Value {
    let mut scratch = Scratch::new();
    let event = chappe_codec::decode_event(event, &mut scratch).unwrap();
    assert_eq!(event.head.kind, REMOTE_SIGNING);
    serde_json::from_str(&own.open(event.head.pubkey, event.content).unwrap()).unwrap()
}

fn answer(own: &Client, to: &Client, text: &str) -> String {
    let key = ConversationKey::new(own.0.pair(), to.public().as_bytes()).unwrap();
    key.encrypt(text, [3; 32]).unwrap()
}

#[test]
fn question_is_for_the_signer_alone() {
    let (own, signer) = (client(1), client(2));
    let event = own.ask(&signer.public(), ("7", "sign_event", &["{}"]), [9; 32], NOW).unwrap();
    let expected = json!({"id": "7", "method": "sign_event", "params": ["{}"]});
    assert_eq!(read(&signer, &event), expected);
    assert!(!String::from_utf8(event.clone()).unwrap().contains("sign_event"));
    assert!(String::from_utf8(event).unwrap().contains(&signer.public().to_string()));
    let none = PublicKey::from_bytes([0xff; 32]);
    assert_eq!(own.say(&signer.public(), &"x".repeat(65_536), [9; 32], NOW), Err(Unsayable::Length));
    assert_eq!(own.ask(&none, ("7", "ping", &[]), [9; 32], NOW), Err(Unsayable::NoKey));
}

#[test]
fn answers_are_told_apart() {
    let (own, signer) = (client(1), client(2));
    let hear = |text: &str| {
        own.hear(signer.public(), &answer(&signer, &own, text)).map(|heard| (heard.id, heard.said))
    };
    let id = || "7".to_owned();
    assert_eq!(hear(r#"{"id":"7","result":"ack"}"#), Some((id(), Said::Result("ack".into()))));
    assert_eq!(hear(r#"{"id":"7","result":"ack","error":null}"#), Some((id(), Said::Result("ack".into()))));
    assert_eq!(hear(r#"{"id":"7","result":"","error":"no"}"#), Some((id(), Said::Error("no".into()))));
    let url = Said::AuthUrl("https://signer.example/1".into());
    assert_eq!(
        hear(r#"{"id":"7","result":"auth_url","error":"https://signer.example/1"}"#),
        Some((id(), url))
    );
    assert_eq!(hear("[]"), None);
    assert_eq!(hear("x"), None);
    // What is for somebody else.
    assert_eq!(client(3).hear(signer.public(), &answer(&signer, &own, "{}")), None);
}
