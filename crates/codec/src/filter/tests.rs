use chappe_protocol::{Kind, Refusal};

use super::*;
use crate::testing::{ID, PUBKEY};

fn filter(json: &str) -> Filter {
    decode_filter(json.as_bytes()).unwrap_or_else(|malformed| panic!("{malformed}: {json}"))
}

fn values(list: &[&str]) -> Vec<Box<[u8]>> {
    list.iter().map(|value| value.as_bytes().into()).collect()
}

#[test]
fn each_condition_is_read() {
    let (id, pubkey) =
        (EventId::from_hex(ID.as_bytes()).unwrap(), PublicKey::from_hex(PUBKEY.as_bytes()).unwrap());
    let json = format!(
        r##"{{"ids":["{ID}"],"authors":["{PUBKEY}"],"kinds":[1,65535],"since":0,"until":18446744073709551615,
        "limit":18446744073709551615,"#e":["{ID}"],"#t":["x",""],"&t":["y"],"#Z":[]}}"##
    );
    let tag = |letter, mode, list: &[&str]| TagFilter { letter, mode, values: values(list) };
    let expected = Filter {
        ids: Some(vec![id]),
        authors: Some(vec![pubkey]),
        kinds: Some(vec![Kind(1), Kind(65_535)]),
        tags: vec![
            tag(b'e', TagMode::Any, &[ID]),
            tag(b't', TagMode::Any, &["", "x"]),
            tag(b'Z', TagMode::Any, &[]),
            tag(b't', TagMode::All, &["y"]),
        ],
        since: Some(Timestamp(0)),
        until: Some(Timestamp(u64::MAX)),
        limit: Some(u64::MAX),
    };
    assert_eq!(filter(&json), expected);
}

#[test]
fn an_empty_filter_has_no_condition_and_an_empty_list_is_one() {
    assert_eq!(filter(" { } "), Filter::default());
    assert_eq!(filter(r#"{"ids":[]}"#).ids, Some(vec![]));
    assert!(filter(r##"{"#t":[]}"##).is_never());
}

#[test]
fn lists_are_sorted_without_doubles_and_keep_no_memory_for_them() {
    let found = filter(r##"{"kinds":[7,1,7,3],"#t":["b","a","b"]}"##);
    assert_eq!(found.kinds, Some(vec![Kind(1), Kind(3), Kind(7)]));
    assert_eq!(found.tags[0].values, values(&["a", "b"]));

    let doubles =
        format!(r##"{{"#t":[{}],"kinds":[{}]}}"##, vec!["\"\""; 1_000].join(","), vec!["1"; 1_000].join(","));
    let found = filter(&doubles);
    assert!(found.tags[0].values.capacity() < 10);
    assert!(found.kinds.unwrap().capacity() < 10);
}

#[test]
fn keys_and_values_may_be_escaped() {
    let json = r##"{"\u006binds":[1],"\u0023t":["\ud83d\ude00\n"]}"##;
    let found = filter(json);
    assert_eq!(found.kinds, Some(vec![Kind(1)]));
    assert_eq!(found.tags[0].values, values(&["😀\n"]));
}

/// The refusal of a filter that must be malformed.
fn refusal(json: &str) -> String {
    match decode_filter(json.as_bytes()) {
        Ok(filter) => panic!("{filter:?} from {json}"),
        Err(malformed) => {
            assert_eq!(malformed.about, About::Message, "{json}");
            Refusal::from(malformed.reason).to_string()
        }
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    for (json, text) in [
        ("[]", "invalid: a filter must be an object"),
        ("null", "invalid: a filter must be an object"),
        ("", "invalid: the JSON ends early"),
        ("{", "invalid: the JSON ends early"),
        (r#"{"kinds":[1]"#, "invalid: the JSON ends early"),
        (r#"{"kinds":[1],}"#, "invalid: not valid JSON"),
        (r#"{"kinds"[1]}"#, "invalid: not valid JSON"),
        ("{} {}", "invalid: something follows the end of the JSON"),
    ] {
        assert_eq!(refusal(json), text, "{json}");
    }
    let malformed = decode_filter(b"{\"#t\":[\"\xff\"]}").unwrap_err();
    assert_eq!(malformed.reason, MalformedReason::NotUtf8);
}

#[test]
fn unknown_keys_are_unsupported() {
    for key in ["search", "IDS", "tags", "#", "&", "#ab", "#1", "#é", "!t", "t", ""] {
        let text = format!("unsupported: unknown filter key {key}");
        assert_eq!(refusal(&format!(r#"{{"{key}":["x"]}}"#)), text);
    }
    let long = format!(r#"{{"{}":1}}"#, "é".repeat(1_000));
    assert_eq!(refusal(&long), format!("unsupported: unknown filter key {}", "é".repeat(32)));
}

#[test]
fn each_key_is_there_once() {
    for (key, value) in [
        ("ids", "[]"),
        ("authors", "[]"),
        ("kinds", "[1]"),
        ("since", "1"),
        ("until", "1"),
        ("limit", "1"),
        ("#t", "[]"),
        ("&t", r#"["x"]"#),
    ] {
        let twice = format!(r#"{{"{key}":{value},"{key}":{value}}}"#);
        assert_eq!(refusal(&twice), format!("invalid: filter key {key} is given twice"));
    }
    assert_eq!(filter(r##"{"#t":[],"&t":[],"#T":[]}"##).tags.len(), 3);
}

#[test]
fn each_value_is_of_its_type() {
    let hex = "a list of 64 characters of lowercase hex each";
    let kinds = "a list of whole numbers from 0 to 65535";
    let seconds = "a whole number of seconds, not negative";
    let (upper, short, long) = (ID.to_uppercase(), &ID[..62], format!("{ID}0"));
    let quoted = |value: &str| format!(r#"["{value}"]"#);
    for (key, value, wanted) in [
        ("ids", r#""x""#, hex),
        ("ids", r#"[""]"#, hex),
        ("ids", &quoted(&upper), hex),
        ("ids", &quoted(short), hex),
        ("ids", &quoted(&long), hex),
        ("authors", "[1]", hex),
        ("authors", &quoted(&upper), hex),
        ("#e", r#"["x"]"#, hex),
        ("#p", &quoted(&upper), hex),
        ("&e", &quoted(short), hex),
        ("&p", "null", hex),
        ("#t", "[1]", "a list of strings"),
        ("#t", r#""x""#, "a list of strings"),
        ("&E", r#"["x",]"#, "a list of strings"),
        ("kinds", "[-1]", kinds),
        ("kinds", "[65536]", kinds),
        ("kinds", r#"["1"]"#, kinds),
        ("kinds", "1", kinds),
        ("since", "-1", seconds),
        ("until", "1.5", seconds),
        ("until", "null", seconds),
        ("limit", "-1", "a whole number, not negative"),
        ("limit", "1e3", "a whole number, not negative"),
        ("limit", "18446744073709551616", "a whole number, not negative"),
    ] {
        let json = format!(r#"{{"{key}":{value}}}"#);
        assert_eq!(refusal(&json), format!("invalid: filter key {key} must be {wanted}"), "{json}");
    }
}
