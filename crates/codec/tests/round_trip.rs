//! Random events, written in every legal way, compared with what serde_json makes of them.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests may panic")]

mod random;

use chappe_codec::{
    ClientMessage, Controls, Scratch, append_event, append_event_message, append_preimage, decode_event,
    decode_message, has_bare_controls,
};
use chappe_protocol::{Event, SubscriptionId};
use chappe_testkit::Rng;
use random::{PlainEvent, text};
use serde_json::{Value, json};

const SEED: u64 = 0x5eed_c0de;
const EVENTS: usize = 3_000;

fn assert_same(event: &Event<'_>, plain: &PlainEvent, input: &str) {
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let tags: Vec<Vec<String>> =
        event.head.tags.iter().map(|tag| tag.strings().map(string).collect()).collect();
    assert_eq!(event.head.id.to_string(), plain.id, "{input}");
    assert_eq!(event.head.pubkey.to_string(), plain.pubkey, "{input}");
    assert_eq!(event.head.created_at.0, plain.created_at, "{input}");
    assert_eq!(event.head.kind.0, plain.kind, "{input}");
    assert_eq!(tags, plain.tags, "{input}");
    assert_eq!(event.content, plain.content, "{input}");
    assert_eq!(event.sig.to_string(), plain.sig, "{input}");
}

fn as_value(plain: &PlainEvent) -> Value {
    json!({
        "id": plain.id, "pubkey": plain.pubkey, "created_at": plain.created_at, "kind": plain.kind,
        "tags": plain.tags, "content": plain.content, "sig": plain.sig,
    })
}

/// What a client computes the id over: serde_json escapes as `JSON.stringify` does.
fn expected_preimage(plain: &PlainEvent) -> String {
    json!([0, plain.pubkey, plain.created_at, plain.kind, plain.tags, plain.content]).to_string()
}

#[test]
fn events_come_in_as_anyone_writes_them_and_go_out_canonical() {
    let mut random = Rng::new(SEED);
    let (mut scratch, mut again) = (Scratch::new(), Scratch::new());
    for round in 0..EVENTS {
        let plain = PlainEvent::random(&mut random);
        let input = plain.write(&mut random);
        let strict: Value = serde_json::from_str(&input).unwrap();
        assert_eq!(
            strict["content"],
            json!(plain.content),
            "seed {SEED}, round {round}: the generator is wrong"
        );

        let event = decode_event(input.as_bytes(), &mut scratch).unwrap();
        assert_same(&event, &plain, &input);

        let mut stored = Vec::new();
        append_event(&mut stored, &event);
        assert_eq!(serde_json::from_slice::<Value>(&stored).unwrap(), as_value(&plain));
        let reread = decode_event(&stored, &mut again).unwrap();
        assert_eq!(reread, event);
        let mut twice = Vec::new();
        append_event(&mut twice, &reread);
        assert_eq!(twice, stored);
    }
}

#[test]
fn preimages_are_what_clients_hash() {
    let mut random = Rng::new(SEED + 1);
    let (mut scratch, mut differ) = (Scratch::new(), 0);
    for _ in 0..EVENTS {
        let plain = PlainEvent::random(&mut random);
        let input = plain.write(&mut random);
        let event = decode_event(input.as_bytes(), &mut scratch).unwrap();
        let (mut escaped, mut verbatim) = (Vec::new(), Vec::new());
        append_preimage(&mut escaped, &event, Controls::Escaped);
        append_preimage(&mut verbatim, &event, Controls::Verbatim);
        assert_eq!(String::from_utf8(escaped.clone()).unwrap(), expected_preimage(&plain));
        assert_eq!(has_bare_controls(&event), escaped != verbatim);
        differ += usize::from(escaped != verbatim);
    }
    assert!(differ > EVENTS / 100 && differ < EVENTS, "{differ} of {EVENTS} have bare controls");
}

#[test]
fn messages_wrap_events_without_touching_them() {
    let mut random = Rng::new(SEED + 2);
    let mut scratch = Scratch::new();
    for _ in 0..EVENTS / 10 {
        let plain = PlainEvent::random(&mut random);
        let input = format!(" [ \"EVENT\" , {} ] ", plain.write(&mut random));
        match decode_message(input.as_bytes(), &mut scratch) {
            Ok(ClientMessage::Event(event)) => assert_same(&event, &plain, &input),
            other => panic!("{other:?} from {input}"),
        }

        let subscription = text(&mut random, 63) + "x";
        let mut sent = Vec::new();
        let event = |out: &mut Vec<u8>| out.extend_from_slice(as_value(&plain).to_string().as_bytes());
        append_event_message(&mut sent, &SubscriptionId::new(&subscription).unwrap(), event);
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent, json!(["EVENT", subscription, as_value(&plain)]));
    }
}
