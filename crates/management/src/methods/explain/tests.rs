use chappe_authorization::Mode;
use serde_json::{Value, json};

use crate::testing::{TestDesk, admin, owner, person};

fn explained(desk: &TestDesk, question: &Value) -> Value {
    desk.call(&admin(), "explain", json!([question])).unwrap()
}

#[test]
fn event_is_explained_for_whoever_brings_it() {
    let desk = TestDesk::new(Mode::Managed);
    let note = json!({"kind": 1, "content": "hi"});
    let by_stranger = explained(&desk, &json!({"event": note, "as": [person(1).hex()]}));
    assert_eq!(by_stranger["write"]["allowed"], false, "{by_stranger}");
    assert!(by_stranger["write"]["verdict"].as_str().unwrap().starts_with("denied: restricted: "));
    assert!(!by_stranger["write"]["steps"].as_array().unwrap().is_empty());
    assert_eq!(by_stranger["read"]["verdict"], "allowed");
    desk.done("allowpubkey", json!([person(1).hex()]));
    let listed = explained(&desk, &json!({"event": note, "as": [person(1).hex()]}));
    assert_eq!(listed["write"]["verdict"], "allowed", "{listed}");
    desk.done("blockip", json!(["192.0.2.1"]));
    let question = json!({"event": note, "as": [person(1).hex()], "address": "192.0.2.1"});
    assert_eq!(explained(&desk, &question)["write"]["allowed"], false);
}

#[test]
fn filter_is_explained() {
    let desk = TestDesk::new(Mode::Open);
    let private = json!({"filter": {"kinds": [4]}});
    let told = explained(&desk, &private);
    assert!(told["ask"]["verdict"].as_str().unwrap().starts_with("denied: auth-required: "), "{told}");
    let signed_in = json!({"filter": {"kinds": [4]}, "as": [owner().hex()]});
    assert_eq!(explained(&desk, &signed_in)["ask"]["allowed"], true);
}

#[test]
fn another_policy_can_be_tried() {
    let desk = TestDesk::with_policy(Mode::Open, "{}");
    let note = json!({"kind": 1, "content": "hi"});
    let question = |policy: &str| json!({"event": note, "as": [person(1).hex()], "policy": policy});
    assert_eq!(explained(&desk, &question(r#"{"default_policy":"deny"}"#))["write"]["allowed"], false);
    assert_eq!(explained(&desk, &question(r#"{"default_policy":"allow"}"#))["write"]["allowed"], true);
    // It was only tried.
    assert_eq!(desk.desk.policy_text().as_deref(), Some("{}"));
}

#[test]
fn odd_questions_are_refused() {
    let desk = TestDesk::new(Mode::Open);
    let cases = [
        (json!("note"), "an object"),
        (json!({}), "either \"event\" or \"filter\""),
        (json!({"event": {}, "filter": {}}), "either \"event\" or \"filter\""),
        (json!({"event": {}, "ip": "::1"}), "\"ip\" is none of"),
        (json!({"event": "x"}), "\"event\" has to be an object"),
        (json!({"event": {"kind": 70_000}}), "\"event\": "),
        (json!({"filter": {"kinds": "x"}}), "\"filter\": "),
        (json!({"event": {}, "as": "x"}), "\"as\""),
        (json!({"event": {}, "as": ["npub1x"]}), "\"as\""),
        (json!({"event": {}, "address": "localhost"}), "\"address\""),
        (json!({"event": {}, "policy": "{"}), "\"policy\": line 1"),
    ];
    for (question, expected) in cases {
        let error = desk.call(&admin(), "explain", json!([question])).unwrap_err().to_string();
        assert!(error.starts_with("params[0]: ") && error.contains(expected), "{question}: {error}");
    }
}
