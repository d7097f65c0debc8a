use super::*;
use crate::testing::{ID, PUBKEY, SIG, event, event_and, event_with, event_without};

/// Decodes the event, which must be legal, and looks at it.
fn read<R>(json: &str, look: impl FnOnce(&Event<'_>) -> R) -> R {
    let mut scratch = Scratch::new();
    match decode_event(json.as_bytes(), &mut scratch) {
        Ok(event) => look(&event),
        Err(malformed) => panic!("{malformed}: {json}"),
    }
}

fn reason(json: &str) -> MalformedReason {
    let mut scratch = Scratch::new();
    match decode_event(json.as_bytes(), &mut scratch) {
        Ok(event) => panic!("{event:?} from {json}"),
        Err(malformed) => malformed.reason,
    }
}

fn tags(event: &Event<'_>) -> Vec<Vec<String>> {
    let text = |string: &[u8]| String::from_utf8(string.to_vec()).unwrap();
    event.head.tags.iter().map(|tag| tag.strings().map(text).collect()).collect()
}

#[test]
fn each_field_is_read() {
    read(&event(), |event| {
        assert_eq!(event.head.id.to_string(), ID);
        assert_eq!(event.head.pubkey.to_string(), PUBKEY);
        assert_eq!(event.head.created_at, Timestamp(1_700_000_000));
        assert_eq!(event.head.kind, Kind(1));
        assert_eq!(tags(event), [["t", "nostr"]]);
        assert_eq!(event.content, "hello");
        assert_eq!(event.sig.to_string(), SIG);
    });
}

#[test]
fn text_without_escapes_is_borrowed_from_the_frame() {
    let json = event();
    read(&json, |event| assert!(json.as_bytes().as_ptr_range().contains(&event.content.as_ptr())));
    let json = event_with("content", r#""a\nb""#);
    read(&json, |event| {
        assert_eq!(event.content, "a\nb");
        assert!(!json.as_bytes().as_ptr_range().contains(&event.content.as_ptr()));
    });
}

#[test]
fn order_white_space_and_escapes_do_not_matter() {
    let json = format!(
        "\r\n {{ \"sig\" : \"{SIG}\" ,\t\"content\" : \"h\\u0065llo\" , \"tags\" : [ [ \"\\u0074\" , \"no\\u0073tr\" ] ] ,
        \"k\\u0069nd\" : 1 , \"created_at\" : 1700000000 , \"pubkey\" : \"{PUBKEY}\" , \"\\u0069d\" : \"\\u0031{}\" }} ",
        &ID[1..]
    );
    let canonical = event();
    read(&json, |found| read(&canonical, |expected| assert_eq!(found, expected)));
}

#[test]
fn tags_keep_their_order_and_shape() {
    for (json, expected) in [
        ("[]", vec![]),
        (r#"[["-"]]"#, vec![vec!["-"]]),
        (r#"[[""]]"#, vec![vec![""]]),
        (r#"[["e","x","","y"],["a"]]"#, vec![vec!["e", "x", "", "y"], vec!["a"]]),
        (r#"[["q\"","\ud83d\ude00","é","\u0000"]]"#, vec![vec!["q\"", "😀", "é", "\0"]]),
    ] {
        read(&event_with("tags", json), |event| assert_eq!(tags(event), expected, "{json}"));
    }
}

#[test]
fn many_tags_and_many_strings_are_read() {
    let many = |count: usize, one: &str| format!("[{}]", vec![one; count].join(","));
    read(&event_with("tags", &many(10_000, r#"["p","x"]"#)), |event| {
        assert_eq!(event.head.tags.values_of(b"p").count(), 10_000);
    });
    read(&event_with("tags", &format!("[{}]", many(65_535, r#""""#))), |event| {
        assert_eq!(event.head.tags.iter().map(|tag| tag.len()).collect::<Vec<_>>(), [65_535]);
    });
    let reason = reason(&event_with("tags", &format!("[{}]", many(65_536, r#""""#))));
    assert_eq!(reason, MalformedReason::TagTooLong);
}

#[test]
fn other_fields_are_passed_over() {
    for more in [
        r#","seen_on":["wss://a",{"b":[null,true,1.5e3]}]"#,
        r#","extra":1,"extra":2"#,
        r#","ID":5"#,
        r#","":"""#,
    ] {
        let (json, canonical) = (event_and(more), event());
        read(&json, |found| read(&canonical, |expected| assert_eq!(found, expected)));
    }
    assert_eq!(reason(&event_and(r#","extra":nope"#)), MalformedReason::Json(JsonFault::Unexpected));
    let deep = format!(r#","extra":{}"#, "[".repeat(100_000));
    assert_eq!(reason(&event_and(&deep)), MalformedReason::Json(JsonFault::TooDeep));
}

#[test]
fn numbers_keep_to_their_range() {
    read(&event_with("created_at", "18446744073709551615"), |event| {
        assert_eq!(event.head.created_at, Timestamp(u64::MAX));
    });
    read(&event_with("created_at", "0"), |event| assert_eq!(event.head.created_at, Timestamp(0)));
    read(&event_with("kind", "65535"), |event| assert_eq!(event.head.kind, Kind(65_535)));
    for bad in
        ["-1", "1.0", "1e3", "01", "\"1\"", "null", "[]", "18446744073709551616", "9".repeat(1_000).as_str()]
    {
        for (name, field) in [("created_at", EventField::CreatedAt), ("kind", EventField::Kind)] {
            assert_eq!(reason(&event_with(name, bad)), MalformedReason::WrongField(field), "{name} {bad}");
        }
    }
    assert_eq!(reason(&event_with("kind", "65536")), MalformedReason::WrongField(EventField::Kind));
}

#[test]
fn hex_is_lowercase_and_of_its_length() {
    for (name, field, hex) in
        [("id", EventField::Id, ID), ("pubkey", EventField::Pubkey, PUBKEY), ("sig", EventField::Sig, SIG)]
    {
        let bad =
            [hex.to_uppercase(), format!("{hex}0"), hex[1..].into(), hex.replace('a', "g"), String::new()];
        for value in bad.iter().map(|bad| format!("{bad:?}")).chain(["null".into(), "5".into(), "[]".into()])
        {
            assert_eq!(
                reason(&event_with(name, &value)),
                MalformedReason::WrongField(field),
                "{name} {value}"
            );
        }
    }
}

#[test]
fn tags_and_content_are_of_their_types() {
    for bad in [
        "null",
        "{}",
        "\"\"",
        "[[]]",
        r#"["t"]"#,
        "[[1]]",
        "[[null]]",
        r#"[["a",["b"]]]"#,
        r#"[["a"]"b"]"#,
        "[[\"a\",]]",
    ] {
        let wrong = MalformedReason::WrongField(EventField::Tags);
        assert_eq!(reason(&event_with("tags", bad)), wrong, "{bad}");
    }
    for bad in ["null", "{}", "5", "[]"] {
        let wrong = MalformedReason::WrongField(EventField::Content);
        assert_eq!(reason(&event_with("content", bad)), wrong, "{bad}");
    }
}

#[test]
fn each_field_is_there_once() {
    for (name, field, again) in [
        ("id", EventField::Id, format!("{ID:?}")),
        ("pubkey", EventField::Pubkey, format!("{PUBKEY:?}")),
        ("created_at", EventField::CreatedAt, "1".into()),
        ("kind", EventField::Kind, "1".into()),
        ("tags", EventField::Tags, "[]".into()),
        ("content", EventField::Content, "\"\"".into()),
        ("sig", EventField::Sig, format!("{SIG:?}")),
    ] {
        assert_eq!(reason(&event_without(name)), MalformedReason::MissingField(field));
        let twice = event_and(&format!(",{name:?}:{again}"));
        assert_eq!(reason(&twice), MalformedReason::RepeatedField(field));
        let escaped = event_and(&format!(",\"\\u{:04x}{}\":{again}", name.as_bytes()[0], &name[1..]));
        assert_eq!(reason(&escaped), MalformedReason::RepeatedField(field));
    }
}

#[test]
fn a_lone_event_is_all_there_is() {
    assert_eq!(reason(&(event() + "x")), MalformedReason::TrailingBytes);
    assert_eq!(reason(&(event() + &event())), MalformedReason::TrailingBytes);
    assert_eq!(reason("[]"), MalformedReason::NotAnEvent);
    assert_eq!(reason(""), MalformedReason::Json(JsonFault::Ended));
    assert_eq!(reason("{}"), MalformedReason::MissingField(EventField::Id));
    assert_eq!(reason(&event_and(",")), MalformedReason::Json(JsonFault::Unexpected));
}

#[test]
fn a_lone_event_names_itself_when_it_can() {
    let mut scratch = Scratch::new();
    let id = About::Event(EventId::from_hex(ID.as_bytes()).unwrap());
    let malformed = decode_event(event_with("kind", "-1").as_bytes(), &mut scratch).unwrap_err();
    assert_eq!(malformed.about, id);
    let malformed = decode_event(event_without("id").as_bytes(), &mut scratch).unwrap_err();
    assert_eq!(malformed.about, About::Message);
    let not_utf8 = [event().as_bytes(), b"\xff"].concat();
    let malformed = decode_event(&not_utf8, &mut scratch).unwrap_err();
    assert_eq!((malformed.about, malformed.reason), (id, MalformedReason::NotUtf8));
}
