use chappe_protocol::{EventId, Kind, Refusal};

use super::*;
use crate::testing::{ID, event, event_and, event_with, event_without};

fn subscription(text: &str) -> SubscriptionId {
    SubscriptionId::new(text).unwrap()
}

/// The answer to a message that must be malformed: whom it names, and its text.
fn answer(text: &[u8]) -> (About, String) {
    let mut scratch = Scratch::new();
    match decode_message(text, &mut scratch) {
        Ok(message) => panic!("{message:?}"),
        Err(malformed) => (malformed.about, Refusal::from(malformed.reason).to_string()),
    }
}

#[test]
fn each_type_is_read() {
    let (json, mut other) = (event(), Scratch::new());
    let expected = crate::decode_event(json.as_bytes(), &mut other).unwrap();
    let kinds = |kind| Filter { kinds: Some(vec![Kind(kind)]), ..Filter::default() };
    for (text, expected) in [
        (format!(r#"["EVENT",{json}]"#), ClientMessage::Event(expected)),
        (format!("\n[ \"AUTH\" , {json} ]\t"), ClientMessage::Auth(expected)),
        (
            r#"["REQ","sub",{"kinds":[1]},{}]"#.into(),
            ClientMessage::Req {
                subscription: subscription("sub"),
                filters: vec![kinds(1), Filter::default()],
            },
        ),
        (
            r#"["COUNT","é\n",{"kinds":[7]}]"#.into(),
            ClientMessage::Count { subscription: subscription("é\n"), filters: vec![kinds(7)] },
        ),
        (r#"["CLOSE","sub"]"#.into(), ClientMessage::Close { subscription: subscription("sub") }),
        (r#"["\u0043LOSE","sub"]"#.into(), ClientMessage::Close { subscription: subscription("sub") }),
    ] {
        let mut scratch = Scratch::new();
        assert_eq!(decode_message(text.as_bytes(), &mut scratch), Ok(expected), "{text}");
    }
}

#[test]
fn a_subscription_id_has_1_to_64_characters() {
    for (id, legal) in [("x", true), (&"é".repeat(64), true), (&"é".repeat(65), false), ("", false)] {
        let (text, mut scratch) = (format!(r#"["CLOSE","{id}"]"#), Scratch::new());
        assert_eq!(decode_message(text.as_bytes(), &mut scratch).is_ok(), legal, "{text}");
    }
}

#[test]
fn filters_are_bounded_in_number() {
    let request = |count: usize| format!(r#"["REQ","sub"{}]"#, ",{}".repeat(count));
    let mut scratch = Scratch::new();
    let ok = decode_message(request(FILTERS_MAX).as_bytes(), &mut scratch).map(|_| ());
    assert_eq!(ok, Ok(()));
    let (about, text) = answer(request(FILTERS_MAX + 1).as_bytes());
    assert_eq!(
        (about, text.as_str()),
        (About::Subscription(subscription("sub")), "invalid: more than 256 filters")
    );
}

#[test]
fn a_malformed_message_without_a_name_is_answered_by_a_notice() {
    for (text, expected) in [
        ("", "invalid: the JSON ends early"),
        ("  ", "invalid: the JSON ends early"),
        ("[", "invalid: the JSON ends early"),
        ("[\"EV", "invalid: the JSON ends early"),
        ("hello", "invalid: a message must be an array that starts with its type"),
        ("{}", "invalid: a message must be an array that starts with its type"),
        ("[]", "invalid: a message must be an array that starts with its type"),
        ("[1]", "invalid: a message must be an array that starts with its type"),
        (r#"[["REQ"]]"#, "invalid: a message must be an array that starts with its type"),
        (r#"["event",{}]"#, "invalid: unknown message type event"),
        (r#"["NEG-OPEN","x",{},""]"#, "invalid: unknown message type NEG-OPEN"),
        (r#"["\ud800"]"#, "invalid: an escape in a string is half a surrogate pair"),
        (r#"["\q"]"#, "invalid: not valid JSON: a backslash in a string starts no escape"),
        ("[\"\n\"]", "invalid: not valid JSON: a control character in a string is not escaped"),
        (r#"["EVENT"]"#, "invalid: an event must be an object"),
        (r#"["EVENT",]"#, "invalid: an event must be an object"),
        (r#"["EVENT",5]"#, "invalid: an event must be an object"),
        (r#"["EVENT",{}]"#, "invalid: id is missing"),
        (r#"["EVENT"{}]"#, "invalid: not valid JSON"),
        (r#"["AUTH","challenge"]"#, "invalid: an event must be an object"),
        (r#"["REQ"]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["REQ",7,{}]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["REQ",{}]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["COUNT","",{}]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["CLOSE"]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["CLOSE",null]"#, "invalid: a subscription id has 1 to 64 characters"),
        (r#"["CLOSE","\udc00"]"#, "invalid: an escape in a string is half a surrogate pair"),
    ] {
        assert_eq!(answer(text.as_bytes()), (About::Message, expected.to_owned()), "{text}");
    }
    assert_eq!(answer(b"\xff\xfe"), (About::Message, "invalid: not valid UTF-8".into()));
}

#[test]
fn a_malformed_request_is_answered_by_its_name() {
    for (text, expected) in [
        (r#"["REQ","sub"]"#, "invalid: a filter is missing"),
        (r#"["REQ","sub""#, "invalid: the JSON ends early"),
        (r#"["REQ","sub",]"#, "invalid: a filter must be an object"),
        (r#"["REQ","sub",[]]"#, "invalid: a filter must be an object"),
        (r#"["REQ","sub",{},null]"#, "invalid: a filter must be an object"),
        (r#"["REQ","sub",{}"#, "invalid: the JSON ends early"),
        (r#"["REQ","sub",{}}"#, "invalid: not valid JSON"),
        (r#"["REQ","sub",{}]]"#, "invalid: something follows the end of the JSON"),
        (r#"["REQ","sub",{}]["CLOSE","sub"]"#, "invalid: something follows the end of the JSON"),
        (r#"["REQ","sub",{"search":"x"}]"#, "unsupported: unknown filter key search"),
        (r#"["REQ","sub",{"limit":-1}]"#, "invalid: filter key limit must be a whole number, not negative"),
        (r#"["COUNT","sub"]"#, "invalid: a filter is missing"),
        (r#"["COUNT","sub",{"kinds":[1],"kinds":[2]}]"#, "invalid: filter key kinds is given twice"),
        (r#"["CLOSE","sub""#, "invalid: the JSON ends early"),
        (r#"["CLOSE","sub","other"]"#, "invalid: the message has more elements than its type takes"),
        (r#"["CLOSE","sub"] x"#, "invalid: something follows the end of the JSON"),
    ] {
        let about = About::Subscription(subscription("sub"));
        assert_eq!(answer(text.as_bytes()), (about, expected.to_owned()), "{text}");
    }
    let deep = format!(r#"["REQ","sub",{}"#, "[".repeat(100_000));
    let text = "invalid: a filter must be an object".to_owned();
    assert_eq!(answer(deep.as_bytes()), (About::Subscription(subscription("sub")), text));
}

#[test]
fn a_malformed_event_is_answered_by_its_id() {
    let id = EventId::from_hex(ID.as_bytes()).unwrap();
    let deep = format!(r#","x":{}"#, r#"{"a":"#.repeat(100_000));
    for (event, expected) in [
        (event_without("pubkey"), "invalid: pubkey is missing"),
        (event_without("created_at"), "invalid: created_at is missing"),
        (event_without("kind"), "invalid: kind is missing"),
        (event_without("tags"), "invalid: tags is missing"),
        (event_without("content"), "invalid: content is missing"),
        (event_without("sig"), "invalid: sig is missing"),
        (event_with("pubkey", "\"ABC\""), "invalid: pubkey must be 64 characters of lowercase hex"),
        (event_with("sig", "null"), "invalid: sig must be 128 characters of lowercase hex"),
        (
            event_with("created_at", "-1"),
            "invalid: created_at must be a whole number of seconds, not negative",
        ),
        (
            event_with("created_at", "1.5"),
            "invalid: created_at must be a whole number of seconds, not negative",
        ),
        (event_with("kind", "65536"), "invalid: kind must be a whole number from 0 to 65535"),
        (event_with("tags", "[[]]"), "invalid: tags must be an array of arrays of one or more strings"),
        (event_with("tags", "[[1]]"), "invalid: tags must be an array of arrays of one or more strings"),
        (event_with("content", "7"), "invalid: content must be a string"),
        (event_with("content", r#""\ud83d""#), "invalid: an escape in a string is half a surrogate pair"),
        (
            event_with("content", "\"\n\""),
            "invalid: not valid JSON: a control character in a string is not escaped",
        ),
        (
            event_with("content", r#""\a""#),
            "invalid: not valid JSON: a backslash in a string starts no escape",
        ),
        (event_and(r#","kind":1"#), "invalid: kind is given twice"),
        (event_and(r#","tags":[]"#), "invalid: tags is given twice"),
        (event_and(&deep), "invalid: the JSON is nested more than 64 deep"),
        (event_and(","), "invalid: not valid JSON"),
        (event() + ",1", "invalid: the message has more elements than its type takes"),
        (event() + "]", "invalid: something follows the end of the JSON"),
        (
            event_with("tags", &format!("[[{}\"\"]]", "\"\",".repeat(65_535))),
            "invalid: a tag has more than 65535 strings",
        ),
    ] {
        for message_type in ["EVENT", "AUTH"] {
            let text = format!(r#"["{message_type}",{event}]"#);
            assert_eq!(answer(text.as_bytes()), (About::Event(id), expected.to_owned()), "{text:.400}");
        }
    }
    let text = format!(r#"["EVENT",{}"#, event());
    assert_eq!(answer(text.as_bytes()), (About::Event(id), "invalid: the JSON ends early".into()));
    let bytes = [b"[\"EVENT\",", event_and(",\"x\":\"").as_bytes(), b"\xff\"}]"].concat();
    assert_eq!(answer(&bytes), (About::Event(id), "invalid: not valid UTF-8".into()));
}

#[test]
fn an_event_whose_id_is_wrong_itself_has_no_name() {
    for (event, expected) in [
        (event_without("id"), "invalid: id is missing".to_owned()),
        (event_with("id", "\"abc\""), "invalid: id must be 64 characters of lowercase hex".into()),
        (
            event_with("id", &format!("{:?}", ID.to_uppercase())),
            "invalid: id must be 64 characters of lowercase hex".into(),
        ),
        (event_with("id", "[]"), "invalid: id must be 64 characters of lowercase hex".into()),
    ] {
        let text = format!(r#"["EVENT",{event}]"#);
        assert_eq!(answer(text.as_bytes()), (About::Message, expected), "{text}");
    }
}
