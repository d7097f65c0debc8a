//! The tests that a file brings with it.

use chappe_policy::{Policy, PolicyTest};
use serde_json::{Value, json};

use crate::support::{hex, lines, policy};

/// The failures of a file's tests.
fn failures(json: &Value) -> Vec<String> {
    let policy = policy(json);
    policy
        .tests()
        .iter()
        .filter_map(|test| test.run(&policy).err())
        .map(|failure| failure.to_string())
        .collect()
}

fn file(tests: Value) -> Value {
    json!({
        "default_policy": "deny",
        "kind": { "whitelist": [1, 4, 7] },
        "rules": {
            "1": { "write_allow": [hex(1)], "write_follows_whitelist": [hex(3)], "content_limit": 5, "max_age_of_event": 60 },
            "4": { "privileged": true },
            "7": { "size_limit": 400, "must_have_tags": ["e"] },
        },
        "tests": tests,
    })
}

#[test]
fn a_test_asks_for_an_event_or_a_filter_as_somebody() {
    let tests = json!([
        { "name": "listed", "event": { "kind": 1, "pubkey": hex(1), "content": "hello" },
          "expect": "allow", "rule": "rules.1.write_allow" },
        { "event": { "kind": 1, "pubkey": hex(1), "content": "hello!" },
          "expect": "deny", "rule": "rules.1.content_limit" },
        { "event": { "kind": 1, "content_bytes": 5 }, "as": hex(1), "expect": "allow", "rule": "rules.1" },
        { "event": { "kind": 1, "content_bytes": 6 }, "as": hex(1), "expect": "deny" },
        { "event": { "kind": 1, "created_at_offset": -60 }, "as": hex(1), "expect": "allow" },
        { "event": { "kind": 1, "created_at_offset": -61 }, "as": hex(1),
          "expect": "deny", "rule": "rules.1.max_age_of_event" },
        { "event": { "kind": 1, "pubkey": hex(1) }, "as": hex(2), "expect": "deny", "rule": "rules.1.write_allow" },
        { "event": { "kind": 1, "pubkey": hex(2) }, "as": [hex(2), hex(1)], "ip": "192.0.2.1", "expect": "allow" },
        { "event": { "kind": 1 }, "as": hex(4), "expect": "deny" },
        { "event": { "kind": 1 }, "as": hex(4), "follows": { hex(3): [hex(4)] }, "expect": "allow" },
        { "event": { "kind": 1 }, "as": "anonymous", "expect": "deny" },
        { "event": { "kind": 4, "pubkey": hex(1), "tags": [["p", hex(2)]] },
          "access": "read", "as": hex(2), "expect": "allow" },
        { "event": { "kind": 4, "pubkey": hex(1), "tags": [["p", hex(2)]] },
          "access": "read", "as": hex(3), "expect": "deny", "rule": "rules.4.privileged" },
        { "event": { "kind": 5 }, "expect": "deny", "rule": "kind.whitelist" },
        { "filter": { "kinds": [4], "#p": [hex(2)], "limit": 5 }, "as": "anonymous", "expect": "deny" },
        { "filter": { "kinds": [4, 1] }, "expect": "allow", "rule": "rules.1" },
        { "filter": { "kinds": [4] },
          "access": "read", "as": hex(1), "expect": "allow" },
        { "filter": {}, "expect": "allow" },
    ]);
    assert_eq!(failures(&file(tests)), Vec::<String>::new());
}

#[test]
fn the_size_of_a_made_up_event_is_that_of_its_json() {
    let event = chappe_testkit::EventBuilder::new(7)
        .created_at(1_700_000_000)
        .tag(&["e", "quo\"te\\\n\u{1}é"])
        .content("new\nline")
        .sign(&chappe_testkit::Keys::from_seed(1));
    let bytes = event.json().len();
    for (limit, expect) in [(bytes, "allow"), (bytes - 1, "deny")] {
        let json = json!({
            "global": { "size_limit": limit },
            "tests": [{ "event": { "kind": 7, "tags": event.tags(), "content": event.content() }, "expect": expect }],
        });
        assert_eq!(failures(&json), Vec::<String>::new());
    }
}

#[test]
fn a_failure_tells_what_happened() {
    let tests = json!([
        { "name": "one", "event": { "kind": 7 }, "expect": "allow" },
        { "name": "two", "event": { "kind": 7 }, "expect": "deny", "rule": "rules.7.size" },
    ]);
    let policy = policy(&file(tests));
    let told: Vec<_> = policy.tests().iter().map(|test| test.run(&policy).unwrap_err()).collect();
    assert_eq!(
        (told[0].name.as_str(), policy.tests()[0].name(), policy.tests()[0].line()),
        ("one", "one", told[0].line)
    );
    let story = "pass      kind lists, whitelist: kind 7 is listed\n\
        pass      rule for kind 7, size_limit: 342 bytes, at most 400\n\
        deny      rule for kind 7, must_have_tags: tag \"e\"\n\
        => deny by rules.7.must_have_tags: a tag \"e\" is needed (rule for kind 7)";
    assert_eq!(
        told[0].to_string(),
        format!("test \"one\" (line {}) expects allow, but:\n{story}", told[0].line)
    );
    assert_eq!(
        told[1].to_string(),
        format!("test \"two\" (line {}) expects deny by rules.7.size, but:\n{story}", told[1].line)
    );
}

#[test]
fn a_wrong_test_is_a_fault() {
    let table = [
        (json!({}), "tests[0]: needs either an event or a filter"),
        (json!({ "event": {} }), "tests[0].expect: is missing: say \"allow\" or \"deny\""),
        (
            json!({ "event": {}, "filter": {}, "expect": "deny" }),
            "tests[0]: needs either an event or a filter",
        ),
        (json!({ "event": {}, "expect": "maybe" }), "tests[0].expect: neither \"allow\" nor \"deny\""),
        (
            json!({ "event": {}, "expect": "deny", "access": "look" }),
            "tests[0].access: neither \"write\" nor \"read\"",
        ),
        (
            json!({ "filter": {}, "expect": "deny", "access": "write" }),
            "tests[0].access: a filter can only be read",
        ),
        (json!({ "event": {}, "expect": "deny", "ip": "300.0.0.1" }), "tests[0].ip: not an IP address"),
        (
            json!({ "event": {}, "expect": "deny", "as": "nobody" }),
            "tests[0].as: not a public key: 64 characters of lowercase hex, or an npub",
        ),
        (
            json!({ "event": {}, "expect": "deny", "follows": { "x": [] } }),
            "tests[0].follows.x: not a public key: 64 characters of lowercase hex, or an npub",
        ),
        (
            json!({ "event": { "id": "" }, "expect": "deny" }),
            "tests[0].event.id: not a field that stands here: is kind meant?",
        ),
        (
            json!({ "event": { "tags": [["p", 1]] }, "expect": "deny" }),
            "tests[0].event.tags[0][1]: expected a text, but found a number",
        ),
        (
            json!({ "event": { "content": "", "content_bytes": 1 }, "expect": "deny" }),
            "tests[0].event.content_bytes: stands beside content: one of them is enough",
        ),
        (json!({ "filter": { "kinds": [] }, "expect": "deny" }), "tests[0].filter.kinds: asks for nothing"),
        (
            json!({ "filter": { "kind": [1] }, "expect": "deny" }),
            "tests[0].filter.kind: not a field of a filter",
        ),
    ];
    for (test, expected) in table {
        let text = json!({ "tests": [test] }).to_string();
        let faults: Vec<_> = Policy::parse(&text).expect_err(&text);
        let told: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.reason)).collect();
        assert!(told.contains(&expected.to_owned()), "{text}\n{}", lines(&faults));
    }
}

#[test]
fn an_address_is_kept() {
    let policy = policy(&json!({ "tests": [{ "event": {}, "ip": "2001:db8::1", "expect": "allow" }] }));
    let addresses: Vec<_> = policy.tests().iter().filter_map(PolicyTest::address).collect();
    assert_eq!(addresses, ["2001:db8::1".parse::<std::net::IpAddr>().unwrap()]);
}
