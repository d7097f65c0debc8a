use super::*;
use crate::testing::{PUBKEY, event, event_with};
use crate::{Scratch, decode_event};

/// The event as it is stored, and the two forms that its id may be computed over.
fn forms(json: &str) -> (String, String, Vec<u8>) {
    let mut scratch = Scratch::new();
    let event = decode_event(json.as_bytes(), &mut scratch).unwrap();
    let (mut stored, mut escaped, mut verbatim) = (Vec::new(), Vec::new(), Vec::new());
    append_event(&mut stored, &event);
    append_preimage(&mut escaped, &event, Controls::Escaped);
    append_preimage(&mut verbatim, &event, Controls::Verbatim);
    assert_eq!(has_bare_controls(&event), escaped != verbatim, "{json}");
    (String::from_utf8(stored).unwrap(), String::from_utf8(escaped).unwrap(), verbatim)
}

#[test]
fn an_event_is_written_in_canonical_form() {
    let (stored, escaped, verbatim) = forms(&event());
    assert_eq!(stored, event());
    assert_eq!(
        stored,
        concat!(
            r#"{"id":"1111111111111111111111111111111111111111111111111111111111111abc","#,
            r#""pubkey":"2222222222222222222222222222222222222222222222222222222222222abc","#,
            r#""created_at":1700000000,"kind":1,"tags":[["t","nostr"]],"content":"hello","#,
            r#""sig":"3333333333333333333333333333333333333333333333333333333333333333"#,
            r#"3333333333333333333333333333333333333333333333333333333333333abc"}"#,
        )
    );
    assert_eq!(escaped, format!(r#"[0,"{PUBKEY}",1700000000,1,[["t","nostr"]],"hello"]"#));
    assert_eq!(verbatim, escaped.as_bytes());
}

#[test]
fn text_gets_the_escapes_of_nip_01_and_no_others() {
    for (given, canonical) in [
        (r#""\"\\\b\f\n\r\t""#, r#""\"\\\b\f\n\r\t""#),
        (r#""\u0022\u005c\u0008\u000C\u000a\u000d\u0009""#, r#""\"\\\b\f\n\r\t""#),
        (r#""\/\u002f\u00e9\ud83d\ude00""#, r#""//é😀""#),
        (r#""\u2028\u2029\u007f\ufeff""#, "\"\u{2028}\u{2029}\u{7f}\u{feff}\""),
        (r#""<>&'""#, r#""<>&'""#),
        (r#""\u0000\u000B\u001F""#, r#""\u0000\u000b\u001f""#),
        (r#""long plain text, then one\nmore\n\n""#, r#""long plain text, then one\nmore\n\n""#),
    ] {
        let (stored, escaped, _) = forms(&event_with("content", given));
        assert_eq!(stored, event_with("content", canonical));
        assert_eq!(escaped, format!(r#"[0,"{PUBKEY}",1700000000,1,[["t","nostr"]],{canonical}]"#));

        let (stored, escaped, _) = forms(&event_with("tags", &format!("[[{given},{given}],[{given}]]")));
        assert_eq!(stored, event_with("tags", &format!("[[{canonical},{canonical}],[{canonical}]]")));
        assert!(escaped.contains(&format!("[[{canonical},{canonical}],[{canonical}]]")));
    }
}

#[test]
fn verbatim_leaves_only_controls_without_a_short_escape() {
    let text = r#""\u0000\n\u000b\"\u001f\u007f""#;
    let (_, escaped, verbatim) = forms(&event_with("content", text));
    let head = format!(r#"[0,"{PUBKEY}",1700000000,1,[["t","nostr"]],"#);
    assert_eq!(escaped, format!("{head}\"\\u0000\\n\\u000b\\\"\\u001f\u{7f}\"]"));
    assert_eq!(verbatim, format!("{head}\"\0\\n\u{b}\\\"\u{1f}\u{7f}\"]").as_bytes());

    let (_, _, verbatim) = forms(&event_with("tags", r#"[["a","\u0001"]]"#));
    assert_eq!(verbatim, format!("[0,\"{PUBKEY}\",1700000000,1,[[\"a\",\"\u{1}\"]],\"hello\"]").as_bytes());
}

#[test]
fn bare_controls_are_found_in_content_and_tags() {
    for (field, value, bare) in [
        ("content", r#""\b\f\n\r\t\u007f""#, false),
        ("content", r#""\u0000""#, true),
        ("content", r#""text\u001b""#, true),
        ("tags", r#"[["a","\n"]]"#, false),
        ("tags", r#"[["a"],["b","\u0001"]]"#, true),
    ] {
        let json = event_with(field, value);
        let mut scratch = Scratch::new();
        let event = decode_event(json.as_bytes(), &mut scratch).unwrap();
        assert_eq!(has_bare_controls(&event), bare, "{json}");
    }
}

#[test]
fn tags_of_every_shape_and_numbers_of_every_size_are_written() {
    for (field, value) in [
        ("tags", "[]"),
        ("tags", r#"[[""]]"#),
        ("tags", r#"[["a"],["b","c","","d"]]"#),
        ("created_at", "0"),
        ("created_at", "18446744073709551615"),
        ("kind", "65535"),
        ("content", r#""""#),
    ] {
        assert_eq!(forms(&event_with(field, value)).0, event_with(field, value));
    }
}

#[test]
fn what_the_buffer_holds_stays() {
    let (json, mut scratch) = (event(), Scratch::new());
    let event = decode_event(json.as_bytes(), &mut scratch).unwrap();
    let mut out = b"before".to_vec();
    append_event(&mut out, &event);
    append_preimage(&mut out, &event, Controls::Escaped);
    assert!(out.starts_with(format!("before{json}[0,").as_bytes()));
}
