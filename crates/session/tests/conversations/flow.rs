//! Bounds: who reads slowly, asks too much at once, or leaves.

use chappe_protocol::Timestamp;
use chappe_session::{Activity, AuthChallenge, Closing, Limits, Outbox};
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::script::{Client, LIMITS, Relay, START};

const NOW: Timestamp = Timestamp(START);

fn large(number: u64) -> TestEvent {
    let content = "x".repeat(20_000);
    EventBuilder::new(1).created_at(START - number).content(content).sign(&Keys::from_seed(1))
}

fn filled(relay: &Relay, number: u64) -> Vec<TestEvent> {
    let mut writer = relay.connect("writer");
    let events: Vec<_> = (0..number).map(large).collect();
    for event in &events {
        writer.say(&event.message(), START);
        assert_eq!(writer.hear(START).len(), 1);
    }
    events
}

/// A relay with so many events, and a client that has asked for all and has read nothing yet.
fn halfway(number: u64) -> (Relay, Vec<TestEvent>, Client) {
    let relay = Relay::with(Limits { limit_default: 100, limit_max: 100, ..LIMITS }, AuthChallenge::Lazy);
    let events = filled(&relay, number);
    let mut reader = relay.connect("reader");
    reader.say(r#"["REQ","s",{}]"#, START);
    while reader.0.advance(NOW) == Activity::More {}
    (relay, events, reader)
}

#[test]
fn a_stored_query_pauses_until_the_client_has_read() {
    let (_relay, events, mut reader) = halfway(10);
    let bytes: usize = reader.0.outbox().messages().map(<[u8]>::len).sum();
    assert!((Outbox::FULL_BYTES..Outbox::FULL_BYTES + 21_000).contains(&bytes), "{bytes} bytes are prepared");
    assert!(!reader.0.wants_input());
    let heard = reader.hear(START);
    assert_eq!(heard.len(), events.len() + 1, "all of them, and EOSE");
    assert!(events.iter().zip(&heard).all(|(event, heard)| heard.contains(&event.id().to_string())));
    assert!(reader.0.wants_input());
}

#[test]
fn live_events_wait_for_eose_and_none_comes_twice() {
    let (relay, _, mut reader) = halfway(6);
    let new = EventBuilder::new(1).created_at(START + 1).sign(&Keys::from_seed(2));
    let mut writer = relay.connect("writer");
    writer.say(&new.message(), START);
    assert_eq!(writer.hear(START).len(), 1);
    let heard = reader.hear(START);
    assert_eq!(heard.len(), 8);
    assert!(heard[6].starts_with(r#"["EOSE","#), "{}", heard[6]);
    assert!(heard[7].contains(&new.id().to_string()));
}

#[test]
fn an_idle_session_with_room_holds_nothing_back() {
    let (relay, _, mut reader) = halfway(6);
    let new = EventBuilder::new(1).created_at(START + 1).sign(&Keys::from_seed(2));
    let mut writer = relay.connect("writer");
    writer.say(&new.message(), START);
    assert_eq!(writer.hear(START).len(), 1);
    let mut messages = reader.0.outbox().messages().count();
    // Reads only while the outbox is full or the session has more to do, and never for good measure.
    let mut is_full = true;
    reader.0.outbox().clear();
    while std::mem::take(&mut is_full) {
        while reader.0.advance(NOW) == Activity::More {}
        is_full = !reader.0.wants_input();
        messages += reader.0.outbox().messages().count();
        reader.0.outbox().clear();
    }
    assert_eq!(messages, 8, "six stored, EOSE, and the live one");
}

#[test]
fn a_close_stops_the_query_it_is_about_before_its_turn() {
    let (_relay, _, mut reader) = halfway(10);
    reader.say(r#"["CLOSE","s"]"#, START);
    reader.say(r#"["REQ","t",{"limit":0}]"#, START);
    let heard = reader.hear(START);
    assert!(heard.len() < 7, "the rest is not sent: {} messages", heard.len());
    assert_eq!(heard.last().unwrap(), r#"["EOSE","t"]"#);
}

#[test]
fn who_does_not_read_live_events_is_closed_and_forgotten() {
    let relay = Relay::with(Limits { live_backlog_bytes_max: 50_000, ..LIMITS }, AuthChallenge::Lazy);
    let mut reader = relay.connect("reader");
    reader.say(r#"["REQ","s",{"limit":0}]"#, START);
    assert_eq!(reader.hear(START), [r#"["EOSE","s"]"#]);
    filled(&relay, 2);
    assert_eq!(reader.hear(START).len(), 2, "who reads in time stays");
    filled(&relay, 4);
    let events: Vec<_> = (10..14).map(large).collect();
    let mut writer = relay.connect("writer");
    for event in &events {
        writer.say(&event.message(), START);
    }
    assert_eq!(writer.hear(START).len(), 4, "the publisher is not held up");
    assert_eq!(reader.0.advance(NOW), Activity::Idle);
    assert_eq!(reader.0.closing(), Some(Closing::TooSlow));
    assert!(reader.0.outbox().messages().next().unwrap().starts_with(br#"["NOTICE","error: "#));
    assert_eq!(relay.services.processor.subscriptions(), 1);
    drop(reader);
    assert_eq!(relay.services.processor.subscriptions(), 0);
}

#[test]
fn reading_stops_when_too_much_waits_for_its_turn() {
    let relay = Relay::new();
    filled(&relay, 10);
    let mut client = relay.connect("client");
    client.say(r#"["REQ","s",{"limit":10}]"#, START);
    while client.0.advance(NOW) == Activity::More {}
    let mut said = 0;
    client.0.outbox().clear();
    while client.0.wants_input() {
        client.say(r#"["COUNT","c",{"kinds":[7]}]"#, START);
        said += 1;
        assert!(said < 1_000, "reading never stops");
    }
    let counts = client.hear(START).iter().filter(|heard| heard.contains("COUNT")).count();
    assert_eq!(counts, said, "and all that was said is answered");
    assert!(client.0.wants_input());
}

#[test]
fn after_the_end_nothing_is_taken_but_oks_are_still_told() {
    let relay = Relay::new();
    let mut client = relay.connect("client");
    let event = large(0);
    client.say(&event.message(), START);
    client.0.shut_down();
    client.say(r#"["REQ","s",{}]"#, START);
    let heard = client.hear(START);
    assert_eq!(heard, [format!(r#"["OK","{}",true,""]"#, event.id())]);
    assert_eq!(client.0.closing().map(Closing::code), Some(1001));
}

#[test]
fn binary_and_overlong_messages_get_a_notice() {
    let relay = Relay::new();
    let mut client = relay.connect("client");
    client.0.receive_binary();
    assert!(client.hear(START)[0].starts_with(r#"["NOTICE","invalid: "#));
    assert_eq!(client.0.closing(), None);
    client.0.receive_too_long();
    assert_eq!(client.hear(START), [r#"["NOTICE","invalid: a message has at most 524288 bytes"]"#]);
    assert_eq!(client.0.closing().map(Closing::code), Some(1009));
}
