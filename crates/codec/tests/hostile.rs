//! Bytes that nobody meant well: cut, changed, nested and huge. Nothing panics, and nothing illegal is let in.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic"
)]

mod random;

use chappe_codec::{About, Scratch, append_event, decode_event, decode_filter, decode_message};
use chappe_protocol::{EventId, SubscriptionId};
use chappe_testkit::Rng;
use random::{PlainEvent, hex};
use serde_json::Value;

const SEED: u64 = 0xbad_c0de;

/// Valid messages of every type.
fn messages(random: &mut Rng) -> Vec<String> {
    let event = PlainEvent::random(random).write(random);
    let (id, key) = (hex(random, 32), hex(random, 32));
    let filter = format!(
        r##"{{"ids":["{id}"],"authors":["{key}"],"kinds":[1,30023],"#e":["{id}"],"&t":["a\n","\ud83d\ude00"],"since":1,"limit":9}}"##
    );
    vec![
        format!(r#"["EVENT",{event}]"#),
        format!(r#"["AUTH",{event}]"#),
        format!(r#"["REQ","s\u0075b é",{filter},{{}}]"#),
        format!(r#"["COUNT","x",{filter}]"#),
        r#"["CLOSE","😀"]"#.to_owned(),
    ]
}

/// Reads the bytes in every way. Whether they were a message, which must then be legal JSON for another reader too.
fn is_message(bytes: &[u8], scratch: &mut Scratch) -> bool {
    let accepted = decode_message(bytes, scratch).is_ok();
    if accepted {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => assert!(value.is_array(), "{}", bytes.escape_ascii()),
            // Legal, but too big for what serde_json keeps numbers in. Ours was passed over.
            Err(fault) if fault.to_string().starts_with("number out of range") => {}
            Err(fault) => panic!("{fault}: {}", bytes.escape_ascii()),
        }
    }
    let _ = decode_event(bytes, scratch);
    let _ = decode_filter(bytes);
    accepted
}

#[test]
fn a_message_cut_anywhere_is_malformed_and_never_panics() {
    let mut random = Rng::new(SEED);
    let mut scratch = Scratch::new();
    for _ in 0..4 {
        for message in messages(&mut random) {
            assert!(decode_message(message.as_bytes(), &mut scratch).is_ok(), "{message}");
            for cut in 0..message.len() {
                let bytes = &message.as_bytes()[..cut];
                assert!(decode_message(bytes, &mut scratch).is_err(), "{}", bytes.escape_ascii());
                let _ = decode_event(bytes, &mut scratch);
                let _ = decode_filter(bytes);
            }
        }
    }
}

#[test]
fn changed_bytes_never_panic_and_only_legal_json_is_read() {
    const NASTY: &[u8] = b"\"\\[]{},:u0e9-.\0\n\x1f\x7f\x80\xc3\xed\xf0\xff dD8";
    let mut random = Rng::new(SEED + 1);
    let mut scratch = Scratch::new();
    let (mut sources, mut accepted) = (Vec::new(), 0);
    for round in 0..20_000 {
        if round % 500 == 0 {
            sources = messages(&mut random);
        }
        let mut bytes = random.pick(&sources).clone().into_bytes();
        for _ in 0..=random.below(4) {
            let (place, byte) = (random.below(bytes.len()), *random.pick(NASTY));
            match random.below(8) {
                0..=3 => bytes[place] = byte,
                4 | 5 => bytes.insert(place, byte),
                6 if bytes.len() > 1 => drop(bytes.remove(place)),
                _ => bytes.truncate(place + 1),
            }
        }
        accepted += usize::from(is_message(&bytes, &mut scratch));
    }
    assert!(accepted > 100 && accepted < 20_000, "{accepted} of 20000 are still messages");
}

#[test]
fn noise_never_panics() {
    let mut random = Rng::new(SEED + 2);
    let mut scratch = Scratch::new();
    for _ in 0..20_000 {
        let noise: Vec<u8> = (0..random.below(60)).map(|_| random.bits().to_le_bytes()[0]).collect();
        for start in ["", "[\"EVENT\",{", "[\"REQ\",\"", "[\"REQ\",\"s\",{\"#t\":[\""] {
            is_message(&[start.as_bytes(), &noise].concat(), &mut scratch);
        }
    }
}

#[test]
fn deep_nesting_is_refused_wherever_it_stands() {
    let mut scratch = Scratch::new();
    let deep = ["[", "{\"a\":", "[{\"a\":"].map(|open| open.repeat(100_000));
    for nest in &deep {
        let id = "ab".repeat(32);
        for (text, about) in [
            (nest.clone(), About::Message),
            (format!("[\"EVENT\",{nest}"), About::Message),
            (
                format!("[\"EVENT\",{{\"id\":\"{id}\",\"x\":{nest}"),
                About::Event(EventId::from_hex(id.as_bytes()).unwrap()),
            ),
            (
                format!("[\"EVENT\",{{\"id\":\"{id}\",\"tags\":{nest}"),
                About::Event(EventId::from_hex(id.as_bytes()).unwrap()),
            ),
            (format!("[\"REQ\",\"s\",{nest}"), About::Subscription(SubscriptionId::new("s").unwrap())),
        ] {
            let malformed = decode_message(text.as_bytes(), &mut scratch).unwrap_err();
            assert_eq!(malformed.about, about, "{text:.60}");
            assert!(decode_event(text.as_bytes(), &mut scratch).is_err());
            assert!(decode_filter(text.as_bytes()).is_err());
        }
    }
}

#[test]
fn huge_but_legal_input_is_read() {
    let mut random = Rng::new(SEED + 3);
    let mut scratch = Scratch::new();
    let mut event = PlainEvent::random(&mut random);
    event.tags = (0..10_000).map(|_| vec!["p".to_owned(), hex(&mut random, 32)]).collect();
    event.content = "x\n".repeat(500_000);
    let input = event.write(&mut random);
    let read = decode_event(input.as_bytes(), &mut scratch).unwrap();
    assert_eq!(read.head.tags.iter().count(), 10_000);
    assert_eq!(read.content.len(), 1_000_000);
    let mut out = Vec::new();
    append_event(&mut out, &read);
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["content"], event.content.as_str());

    let digits = "9".repeat(100_000);
    let number = format!("-{digits}.{digits}e{digits}");
    let with_number = format!("{{\"x\":{number},{}", &input.trim_start()[1..]);
    assert!(decode_event(with_number.as_bytes(), &mut scratch).is_ok());
    assert!(decode_filter(format!("{{\"limit\":{digits}}}").as_bytes()).is_err());
}
