//! The form of events and messages: what is read, what is refused, and how it comes out again.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::note;
use crate::harness::Relay;

/// Fields, and wrong values for them, with what the relay says of each.
const WRONG_FIELDS: [(&str, &[&str], &str); 6] = [
    (
        "pubkey",
        &[
            r#""""#,
            r#""abc""#,
            "7",
            "null",
            r#""0x00000000000000000000000000000000000000000000000000000000000000""#,
        ],
        "invalid: pubkey must be 64 characters of lowercase hex",
    ),
    (
        "created_at",
        &["-1", "1.5", "1e9", r#""1700000000""#, "null", "18446744073709551616", "01700000000"],
        "invalid: created_at must be a whole number of seconds, not negative",
    ),
    (
        "kind",
        &["-1", "65536", "1.0", r#""1""#, "null", "[1]", "99999999999999999999"],
        "invalid: kind must be a whole number from 0 to 65535",
    ),
    (
        "tags",
        &["{}", "null", r#"["t"]"#, r#"[["t",1]]"#, r#"[["t",null]]"#, r#"[["t",["x"]]]"#, "[[]]", r#""t""#],
        "invalid: tags must be an array of arrays of one or more strings",
    ),
    ("content", &["null", "1", "[]", r#"{"a":1}"#], "invalid: content must be a string"),
    ("sig", &[r#""""#, r#""abc""#, "null"], "invalid: sig must be 128 characters of lowercase hex"),
];

/// The fields' JSON, in NIP-01's order.
fn fields(event: &TestEvent) -> Vec<(&'static str, String)> {
    let json: serde_json::Value = serde_json::from_str(&event.json()).unwrap();
    let names = ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"];
    names.into_iter().map(|name| (name, json[name].to_string())).collect()
}

fn message(fields: &[(&str, String)]) -> String {
    let members: Vec<_> = fields.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!(r#"["EVENT",{{{}}}]"#, members.join(","))
}

/// The message with another value for one field.
fn with_field(event: &TestEvent, name: &str, value: &str) -> String {
    let mut fields = fields(event);
    fields.iter_mut().find(|field| field.0 == name).unwrap().1 = value.to_owned();
    message(&fields)
}

#[tokio::test]
async fn a_malformed_event_whose_id_can_be_read_is_refused_by_ok() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    for (field, values, text) in WRONG_FIELDS {
        for value in values {
            client.say(&with_field(&event, field, value)).await;
            assert_eq!(client.ok(&event).await, (false, text.to_owned()), "{field}: {value}");
        }
    }
    for place in 1..7 {
        let mut fields = fields(&event);
        let (name, _) = fields.remove(place);
        client.say(&message(&fields)).await;
        assert_eq!(client.ok(&event).await, (false, format!("invalid: {name} is missing")));
    }
    assert_eq!(client.count("{}").await, 0);
}

#[tokio::test]
async fn uppercase_hex_is_invalid() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    for (name, text) in [
        ("pubkey", "invalid: pubkey must be 64 characters of lowercase hex"),
        ("sig", "invalid: sig must be 128 characters of lowercase hex"),
    ] {
        let value = fields(&event).into_iter().find(|field| field.0 == name).unwrap().1.to_uppercase();
        client.say(&with_field(&event, name, &value)).await;
        assert_eq!(client.ok(&event).await, (false, text.to_owned()));
    }
    let id = event.id().to_string().to_uppercase();
    client.say(&with_field(&event, "id", &format!(r#""{id}""#))).await;
    client.expect(r#"["NOTICE","invalid: id must be 64 characters of lowercase hex"]"#).await;
}

#[tokio::test]
async fn a_malformed_event_without_a_readable_id_gets_a_notice() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    for id in [r#""""#, r#""abc""#, "7", "null", r#""zz""#] {
        client.say(&with_field(&event, "id", id)).await;
        client.expect(r#"["NOTICE","invalid: id must be 64 characters of lowercase hex"]"#).await;
    }
    client.say(&message(&fields(&event)[1..])).await;
    client.expect(r#"["NOTICE","invalid: id is missing"]"#).await;
    client.store(&event).await;
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_invalid() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    for place in 0..7 {
        let mut fields = fields(&event);
        let (name, value) = fields[place].clone();
        fields.push((name, value));
        client.say(&message(&fields)).await;
        assert_eq!(client.ok(&event).await, (false, format!("invalid: {name} is given twice")));
    }
}

#[tokio::test]
async fn messages_that_are_none_get_a_notice() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let not_a_message = "invalid: a message must be an array that starts with its type";
    for (message, text) in [
        ("{}", not_a_message),
        ("[]", not_a_message),
        ("[1]", not_a_message),
        ("hello", not_a_message),
        (r#"["NOPE"]"#, "invalid: unknown message type NOPE"),
        (r#"["EVENT"]"#, "invalid: an event must be an object"),
        (r#"["EVENT",[]]"#, "invalid: an event must be an object"),
        (r#"["REQ"]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["REQ",7,{}]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["COUNT","",{}]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["CLOSE"]"#, "invalid: a subscription id has 1 to 64 characters"),
    ] {
        client.say(message).await;
        assert_eq!(client.hear().await, serde_json::json!(["NOTICE", text]), "{message}");
    }
    client.store(&note("still here")).await;
}

#[tokio::test]
async fn extra_fields_are_never_stored_or_sent() {
    let relay = Relay::start().await;
    let mut listener = relay.connect().await;
    listener.subscribe("live", "{}").await;
    let mut client = relay.connect().await;
    let event = note("hello");
    let mut fields = fields(&event);
    fields.insert(0, ("seen_on", r#"["wss://relay.example.com"]"#.to_owned()));
    fields.insert(4, ("extra", r#"{"id":"x","deep":[1,2.5e-7,{"a":[null,true]}]}"#.to_owned()));
    fields.push(("ots", "null".to_owned()));
    client.say(&message(&fields)).await;
    assert_eq!(client.ok(&event).await, (true, String::new()));
    listener.hears_event("live", &event).await;
    client.say(r#"["REQ","stored",{}]"#).await;
    client.hears_event("stored", &event).await;
}

#[tokio::test]
async fn any_legal_json_comes_in_and_the_canonical_form_goes_out() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = EventBuilder::new(1)
        .tag(&["t", "über/schön", ""])
        .content("A \"quoted\" \\ line\r\n\ttab \u{8}\u{c}\u{1}\u{7f} é \u{1F919} /")
        .sign(&Keys::from_seed(1));
    let mut fields = fields(&event);
    fields.reverse();
    for (name, value) in &mut fields {
        match *name {
            "tags" => *value = r#" [ [ "\u0074" , "\u00fcber\/sch\u00F6n" , "" ] ] "#.to_owned(),
            "content" => {
                let text = r#""\u0041 \u0022quoted\" \u005c line\u000d\u000a\u0009tab \u0008\u000C\u0001\u007f \u00e9 \ud83e\udd19 \/""#;
                *value = text.to_owned();
            }
            _ => {}
        }
    }
    client.say(&message(&fields).replace(',', " ,\n\t")).await;
    assert_eq!(client.ok(&event).await, (true, String::new()));
    client.say(r#"["REQ","stored",{}]"#).await;
    client.hears_event("stored", &event).await;
}

/// docs/decisions/0002.
#[tokio::test]
async fn ids_over_escaped_and_over_bare_control_characters_are_right() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let build = || EventBuilder::new(1).content("one \u{1}, unit separator \u{1f}");
    let escaped = build().sign(&Keys::from_seed(1));
    let bare = build().id_over_verbatim_controls().sign(&Keys::from_seed(1));
    assert_ne!(escaped.id(), bare.id());
    for event in [&escaped, &bare] {
        client.store(event).await;
        client.say(&format!(r#"["REQ","it",{{"ids":["{}"]}}]"#, event.id())).await;
        assert!(event.json().contains(r"one \u0001, unit separator \u001f"));
        client.hears_event("it", event).await;
        client.expect(r#"["EOSE","it",["finish"]]"#).await;
    }
}
