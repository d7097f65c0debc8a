//! Any bytes as a client's message.

use chappe_codec::{ClientMessage, Scratch, append_event, decode_message};
use chappe_protocol::{Event, Refusal};
use chappe_testkit::req_message;

use crate::filter::sorted;
use crate::is_json;

/// What decodes is JSON, and written down again it decodes to the same. What does not can be answered.
pub fn message(bytes: &[u8]) {
    let (mut scratch, mut second) = (Scratch::new(), Scratch::new());
    let message = match decode_message(bytes, &mut scratch) {
        Ok(message) => message,
        Err(malformed) => {
            let refusal = Refusal::from(malformed.reason);
            assert!(!refusal.message.is_empty(), "a refusal says why");
            return;
        }
    };
    assert!(is_json(bytes), "accepted what is no JSON");
    let rewritten = match &message {
        ClientMessage::Event(event) => framed("EVENT", event),
        ClientMessage::Auth(event) => framed("AUTH", event),
        ClientMessage::Req { subscription, filters } => {
            req_message(subscription.as_str(), filters).into_bytes()
        }
        ClientMessage::Count { subscription, filters } => {
            req_message(subscription.as_str(), filters).replacen("REQ", "COUNT", 1).into_bytes()
        }
        ClientMessage::Close { subscription } => {
            serde_json::json!(["CLOSE", subscription.as_str()]).to_string().into_bytes()
        }
    };
    let again = decode_message(&rewritten, &mut second).expect("our own writing is well formed");
    assert_eq!(comparable(again), comparable(message));
}

fn framed(word: &str, event: &Event<'_>) -> Vec<u8> {
    let mut out = format!("[\"{word}\",").into_bytes();
    append_event(&mut out, event);
    out.push(b']');
    out
}

/// The order of a filter's tag conditions is the client's, and the testkit writes its own.
fn comparable(message: ClientMessage<'_>) -> ClientMessage<'_> {
    match message {
        ClientMessage::Req { subscription, filters } => {
            ClientMessage::Req { subscription, filters: filters.into_iter().map(sorted).collect() }
        }
        ClientMessage::Count { subscription, filters } => {
            ClientMessage::Count { subscription, filters: filters.into_iter().map(sorted).collect() }
        }
        ClientMessage::Event(_) | ClientMessage::Auth(_) | ClientMessage::Close { .. } => message,
    }
}
