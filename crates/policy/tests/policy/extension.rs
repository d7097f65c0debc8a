//! What a policy admin may change.

use chappe_policy::{Follows, Policy};
use chappe_testkit::Rng;
use serde_json::{Value, json};

use crate::differential::World;
use crate::support::{hex, keys, lines, policy, submit};

/// The paths that make a change more than an extension.
fn narrowed(old: &Value, new: &Value) -> Vec<String> {
    let result = policy(old).check_extension(&policy(new));
    result.err().unwrap_or_default().into_iter().map(|narrowed| narrowed.path).collect()
}

#[test]
fn grants_can_be_added_and_bounds_raised() {
    let old = json!({
        "default_policy": "deny", "owners": [hex(1)], "policy_admins": [hex(2)],
        "kind": { "whitelist": [1], "blacklist": [4] },
        "rules": { "1": {
            "write_allow": [hex(3)], "read_allow": [hex(3)], "size_limit": 1000, "content_limit": 100,
            "max_age_of_event": 10, "max_age_event_in_future": 10, "max_expiry_duration": "P1D", "rate_limit": 5,
            "allowed_tags": ["d", "expiration"],
        } },
    });
    assert_eq!(narrowed(&old, &old), Vec::<String>::new());
    let new = json!({
        "description": "wider", "default_policy": "deny", "owners": [hex(1)], "policy_admins": [hex(2)],
        "policy_follow_whitelist_enabled": true,
        "kind": { "whitelist": [1, 7], "blacklist": [4] },
        "rules": { "7": { "write_allow": [hex(9)], "content_limit": 1 }, "1": {
            "description": "wider",
            "write_allow": [hex(3), hex(4)], "read_allow": [hex(3), hex(4)], "write_allow_follows": true,
            "follows_whitelist_admins": [hex(5)], "read_follows_whitelist": [hex(5)],
            "write_follows_whitelist": [hex(5)], "write_allow_if_tagged": [hex(5)], "privileged": true,
            "size_limit": 1001, "content_limit": 100, "max_age_of_event": 11, "max_age_event_in_future": 11,
            "max_expiry": 86_401, "rate_limit": 6, "allowed_tags": ["d", "expiration", "t"],
        } },
        "tests": [{ "event": {}, "expect": "deny" }],
    });
    assert_eq!(narrowed(&old, &new), Vec::<String>::new());
}

#[test]
fn another_granting_field_may_come_where_the_direction_is_restricted() {
    let file = |rule: Value| json!({ "policy_admins": [hex(2)], "policy_follow_whitelist_enabled": true, "rules": { "1": rule } });
    let list = json!([hex(3)]);
    let (write, read) = (
        ["write_allow", "write_follows_whitelist", "write_allow_if_tagged"],
        ["read_allow", "read_follows_whitelist", "privileged"],
    );
    let value = |field: &str| {
        if matches!(field, "privileged" | "write_allow_follows") { json!(true) } else { list.clone() }
    };
    let check = |before: &str, after: &str, restricted: bool| {
        let old = file(json!({ before: value(before) }));
        let new = file(json!({ before: value(before), after: value(after) }));
        let expected = if restricted { vec![] } else { vec![format!("rules.1.{after}")] };
        assert_eq!(narrowed(&old, &new), expected, "{after} beside {before}");
    };
    for both in ["write_allow_follows", "follows_whitelist_admins"] {
        for field in write.iter().chain(&read) {
            check(both, field, true);
            check(field, both, false);
        }
    }
    for (ways, others) in [(write, read), (read, write)] {
        for before in ways {
            ways.iter().filter(|after| **after != before).for_each(|after| check(before, after, true));
            others.iter().for_each(|after| check(before, after, false));
        }
    }
}

/// One change of a file, and whether it is none.
fn check(old: &Value, change: &Value, path: &str) {
    let mut new = old.clone();
    let (Value::Object(members), Value::Object(changes)) = (&mut new, change) else { panic!("objects") };
    members.extend(changes.clone());
    assert_eq!(narrowed(old, &new), [path], "{change}");
}

#[test]
fn what_is_above_the_rules_is_the_owners() {
    let old = json!({
        "default_policy": "deny", "owners": [hex(1)], "policy_admins": [hex(2)], "policy_follow_whitelist_enabled": true,
        "kind": { "whitelist": [1, 7], "blacklist": [4] }, "global": {}, "rules": { "1": {} },
    });
    for (change, path) in [
        (json!({ "owners": [hex(1), hex(2)] }), "owners"),
        (json!({ "owners": [] }), "owners"),
        (json!({ "policy_admins": [hex(2), hex(3)] }), "policy_admins"),
        (json!({ "default_policy": "allow" }), "default_policy"),
        (json!({ "policy_follow_whitelist_enabled": false }), "policy_follow_whitelist_enabled"),
        (json!({ "kind": { "whitelist": [1, 7], "blacklist": [] } }), "kind.blacklist"),
        (json!({ "kind": { "whitelist": [1, 7], "blacklist": [4, 5] } }), "kind.blacklist"),
        (json!({ "kind": { "whitelist": [1], "blacklist": [4] } }), "kind.whitelist"),
        (json!({ "kind": { "whitelist": [], "blacklist": [4] } }), "kind.whitelist"),
        (json!({ "rules": {} }), "rules.1"),
    ] {
        check(&old, &change, path);
    }
    check(&json!({}), &json!({ "kind": { "whitelist": [1] } }), "kind.whitelist");
    check(
        &json!({ "default_policy": "allow" }),
        &json!({ "rules": { "1": { "content_limit": 1 } } }),
        "rules.1",
    );
    let granting = json!({ "default_policy": "deny", "global": { "write_allow": [hex(1)] } });
    check(&granting, &json!({ "rules": { "1": { "write_allow": [hex(2)] } } }), "rules.1");
    assert_eq!(
        narrowed(
            &granting,
            &json!({ "default_policy": "deny", "global": { "write_allow": [hex(1)] }, "rules": { "1": {} } })
        ),
        Vec::<String>::new()
    );
}

#[test]
fn a_rule_loses_nothing_and_gets_no_condition() {
    let full = json!({
        "write_allow": [hex(3)], "write_deny": [hex(4)], "read_allow": [hex(3)], "read_deny": [hex(4)],
        "privileged": true, "write_allow_follows": true, "follows_whitelist_admins": [hex(5)],
        "read_follows_whitelist": [hex(5)], "write_follows_whitelist": [hex(5)], "write_allow_if_tagged": [hex(5)],
        "size_limit": 1000, "content_limit": 100, "max_age_of_event": 10, "max_age_event_in_future": 10,
        "max_expiry_duration": "P1D", "rate_limit": 5, "must_have_tags": ["d"],
        "allowed_tags": ["d", "t", "expiration", "-"], "tag_validation": { "t": "." }, "identifier_regex": ".",
        "protected_required": true, "script": "a",
    });
    let file = |rule: &Value| json!({ "policy_admins": [hex(2)], "policy_follow_whitelist_enabled": true, "global": rule, "rules": { "1": rule } });
    let both = |field: &str| vec![format!("global.{field}"), format!("rules.1.{field}")];
    for field in full.as_object().unwrap().keys() {
        let (mut without, alone) = (full.clone(), json!({ field: full[field] }));
        without.as_object_mut().unwrap().remove(field);
        assert_eq!(narrowed(&file(&full), &file(&without)), both(field), "without {field}");
        assert_eq!(narrowed(&file(&json!({})), &file(&alone)), both(field), "with nothing but {field}");
    }
    for (field, value) in [
        ("write_allow", json!([hex(8)])),
        ("write_deny", json!([hex(4), hex(8)])),
        ("read_allow", json!([hex(8)])),
        ("read_deny", json!([hex(8)])),
        ("size_limit", json!(999)),
        ("content_limit", json!(99)),
        ("max_age_of_event", json!(9)),
        ("max_age_event_in_future", json!(9)),
        ("max_expiry_duration", json!("PT1H")),
        ("rate_limit", json!(4)),
        ("must_have_tags", json!(["d", "t"])),
        ("allowed_tags", json!(["d", "expiration", "-"])),
        ("tag_validation", json!({ "t": "x" })),
        ("identifier_regex", json!("x")),
        ("script", json!("b")),
        ("follows_whitelist_admins", json!([hex(8)])),
        ("write_allow_if_tagged", json!([hex(8)])),
    ] {
        let mut changed = full.clone();
        changed[field] = value;
        assert_eq!(narrowed(&file(&full), &file(&changed)), both(field), "another {field}");
    }
    for flag in ["read_allow_permissive", "write_allow_permissive"] {
        let (off, on) = (
            json!({ "kind": { "whitelist": [1] } }),
            json!({ "kind": { "whitelist": [1] }, "global": { flag: true } }),
        );
        assert_eq!(narrowed(&off, &on), [format!("global.{flag}")]);
        assert_eq!(narrowed(&on, &off), [format!("global.{flag}")]);
    }
}

/// Whatever passes as an extension allows at least what was allowed before.
#[test]
fn an_extension_never_takes_a_yes_back() {
    let mut world = World::new(Rng::new(11));
    let (mut extensions, mut compared) = (0, 0);
    for _ in 0..3_000 {
        let old = world.policy();
        let mut new = old.clone();
        for _ in 0..=world.rng.below(3) {
            world.change(&mut new);
        }
        let (Ok(old), Ok(new)) = (Policy::parse(&old.to_string()), Policy::parse(&new.to_string())) else {
            continue;
        };
        if old.check_extension(&new).is_err() {
            continue;
        }
        extensions += 1;
        for _ in 0..30 {
            let (event, people) = (world.event(), world.people());
            let (people, follows) = (keys(&people), world.follows());
            compared += compare(&old, &new, &event, &people, &follows);
        }
    }
    assert!(extensions > 300 && compared > 1_000, "{extensions} {compared}");
}

fn compare(
    old: &Policy,
    new: &Policy,
    event: &chappe_testkit::TestEvent,
    people: &[chappe_protocol::PublicKey],
    follows: &Follows,
) -> u32 {
    let write =
        |policy: &Policy| submit(event, people, |submission| policy.explain_write(submission, follows));
    let read = |policy: &Policy| policy.explain_read(&event.head(), people, follows);
    let mut yes = 0;
    for (before, after) in [(write(old), write(new)), (read(old), read(new))] {
        if before.verdict() == chappe_policy::Verdict::Allow {
            yes += 1;
            assert_eq!(after.verdict(), before.verdict(), "{before}\n{after}\n{}", lines(&[event.json()]));
        }
    }
    yes
}
