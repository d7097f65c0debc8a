use super::*;
use crate::testing::ID;

fn id() -> About {
    About::Event(EventId::from_hex(ID.as_bytes()).unwrap())
}

fn subscription(text: &str) -> About {
    About::Subscription(SubscriptionId::new(text).unwrap())
}

/// `ID` in the pattern stands for the id of 64 characters.
fn with_id(pattern: &str) -> String {
    pattern.replace("ID", ID)
}

#[test]
fn the_id_is_found_before_and_after_any_fault() {
    for pattern in [
        r#"{"id":"ID"}"#,
        r#"{"id":"ID""#,
        r#"{ "id" : "ID" , !!"#,
        "{\"id\"\n:\t\"ID\"}",
        r#"{"kind":-1,"id":"ID"}"#,
        r#"{"kind":,,"id":"ID"}"#,
        r#"{"tags":[["a","id":"ID"}"#,
        r#"{"tags":[[[[[["id":"ID"}"#,
        r#"{"tags":]]]],"id":"ID"}"#,
        r#"{"content":"\x\ud800","id":"ID"}"#,
        r#"{"content":"\\","id":"ID"}"#,
        r#"{"content":"\"","id":"ID"}"#,
        "{\"content\":\"raw\nline\",\"id\":\"ID\"}",
        r#"{"content":"he said "hi" to me","id":"ID"}"#,
        r#"{"content":"{\"id\":\"no\"}","id":"ID"}"#,
        r#"{"content":"id","id":"ID"}"#,
        r#"{"extra":{"id":"4444444444444444444444444444444444444444444444444444444444444444"},"id":"ID"}"#,
        r#"{"id":"short","id":"ID"}"#,
        r#"{"id":"ID","id":"4444444444444444444444444444444444444444444444444444444444444444"}"#,
    ] {
        assert_eq!(About::event(with_id(pattern).as_bytes()), id(), "{pattern}");
    }
    let not_utf8 = [b"{\"content\":\"\xff\",\"id\":\"", ID.as_bytes(), b"\"}"].concat();
    assert_eq!(About::event(&not_utf8), id());
}

#[test]
fn what_is_not_the_events_own_id_is_not_found() {
    for pattern in [
        "",
        "ID",
        r#""id":"ID""#,
        r#"["id","ID"]"#,
        r#"{"id":ID}"#,
        r#"{"id":["ID"]}"#,
        r#"{"id":"ID0"}"#,
        r#"{"id":"0ID"}"#,
        r#"{"id":"ID"#,
        r#"{"ID":"id"}"#,
        r#"{"Id":"ID"}"#,
        r#"{"event":{"id":"ID"}}"#,
        r#"{"content":"\"id\":\"ID\""}"#,
        r#"{"content":"no end,"id":"ID"}"#,
        r#"{},{"id":"ID"}"#,
        r#"}{"id":"ID"}"#,
    ] {
        assert_eq!(About::event(with_id(pattern).as_bytes()), About::Message, "{pattern}");
    }
    let upper = with_id(r#"{"id":"ID"}"#).replace("abc", "ABC");
    assert_eq!(About::event(upper.as_bytes()), About::Message);
}

#[test]
fn a_message_is_about_the_event_or_subscription_of_its_type() {
    for (pattern, about) in [
        (r#"["EVENT",{"id":"ID"}"#, id()),
        (r#"["AUTH",{"id":"ID"}"#, id()),
        (r#"["\u0045VENT" {"id":"ID"}"#, id()),
        (r#"["REQ","a""#, subscription("a")),
        (r#" [ "COUNT" , "a" , {"id":"ID"}"#, subscription("a")),
        (r#"["CLOSE","\u0061","b"]"#, subscription("a")),
        (r#"["REQ","",{}]"#, About::Message),
        (r#"["REQ",1,{}]"#, About::Message),
        (r#"["REQ"]"#, About::Message),
        (r#"["REQ","a"#, About::Message),
        (r#"["OTHER",{"id":"ID"}]"#, About::Message),
        (r#"{"id":"ID"}"#, About::Message),
        (r#"[{"id":"ID"}]"#, About::Message),
        ("[]", About::Message),
        ("", About::Message),
    ] {
        assert_eq!(About::message(with_id(pattern).as_bytes()), about, "{pattern}");
    }
}

#[test]
fn bytes_that_are_not_utf8_hide_only_what_they_stand_in() {
    assert_eq!(About::message(b"[\"REQ\",\"a\",{\"#t\":[\"\xff\"]}]"), subscription("a"));
    assert_eq!(About::message(b"[\"REQ\",\"a\xff\",{}]"), About::Message);
    assert_eq!(About::message(b"\xff[\"REQ\",\"a\",{}]"), About::Message);
    let event = [b"[\"EVENT\",{\"content\":\"\xff\",\"id\":\"", ID.as_bytes(), b"\"}]"].concat();
    assert_eq!(About::message(&event), id());
}
