use chappe_protocol::Prefix;

use super::*;
use crate::testing::ID;

/// What is appended, to a buffer that holds something already.
fn appended(append: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = b"before".to_vec();
    append(&mut out);
    let text = String::from_utf8(out).unwrap();
    text.strip_prefix("before").unwrap().to_owned()
}

fn subscription() -> SubscriptionId {
    SubscriptionId::new("a \"quoted\" é\n").unwrap()
}

const QUOTED: &str = r#""a \"quoted\" é\n""#;

#[test]
fn event_messages_wrap_the_events_bytes() {
    let event = |out: &mut Vec<u8>| out.extend_from_slice(br#"{"any":"bytes"}"#);
    let message = appended(|out| append_event_message(out, &subscription(), event));
    assert_eq!(message, format!(r#"["EVENT",{QUOTED},{{"any":"bytes"}}]"#));
    let prefix = appended(|out| append_event_prefix(out, &subscription()));
    assert_eq!(message, prefix + r#"{"any":"bytes"}]"#);
}

#[test]
fn ok_says_yes_or_no() {
    let id = EventId::from_hex(ID.as_bytes()).unwrap();
    let no = Refusal::new(Prefix::Invalid, "a \"bad\" event");
    for (answer, expected) in [
        (Answer::Accepted(""), format!(r#"["OK","{ID}",true,""]"#)),
        (
            Answer::Accepted("duplicate: already have this event"),
            format!(r#"["OK","{ID}",true,"duplicate: already have this event"]"#),
        ),
        (Answer::Refused(&no), format!(r#"["OK","{ID}",false,"invalid: a \"bad\" event"]"#)),
    ] {
        assert_eq!(appended(|out| append_ok(out, &id, answer)), expected);
    }
}

#[test]
fn eose_may_hint_at_completeness() {
    for (completeness, expected) in [
        (None, format!(r#"["EOSE",{QUOTED}]"#)),
        (Some(Completeness::Finish), format!(r#"["EOSE",{QUOTED},["finish"]]"#)),
        (Some(Completeness::More), format!(r#"["EOSE",{QUOTED},["more"]]"#)),
    ] {
        assert_eq!(appended(|out| append_eose(out, &subscription(), completeness)), expected);
    }
}

#[test]
fn closed_carries_its_reason() {
    let refusal = Refusal::new(Prefix::AuthRequired, "sign in\u{1}first");
    let message = appended(|out| append_closed(out, &subscription(), &refusal));
    assert_eq!(message, format!(r#"["CLOSED",{QUOTED},"auth-required: sign in\u0001first"]"#));
}

#[test]
fn notices_and_challenges_are_escaped() {
    assert_eq!(appended(|out| append_notice(out, "say \"no\"\n")), r#"["NOTICE","say \"no\"\n"]"#);
    assert_eq!(appended(|out| append_auth(out, "abc\\def")), r#"["AUTH","abc\\def"]"#);
}

#[test]
fn counts_may_carry_registers() {
    let message = appended(|out| append_count(out, &subscription(), u64::MAX, None));
    assert_eq!(message, format!(r#"["COUNT",{QUOTED},{{"count":18446744073709551615}}]"#));

    let mut registers = [0; 256];
    (registers[0], registers[1], registers[255]) = (0x0a, 0xff, 7);
    let message = appended(|out| append_count(out, &subscription(), 0, Some(&registers)));
    let hex = format!("0aff{}07", "00".repeat(253));
    assert_eq!(message, format!(r#"["COUNT",{QUOTED},{{"count":0,"hll":"{hex}"}}]"#));
}
