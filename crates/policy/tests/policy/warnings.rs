//! What a file says, and what can never come of it.

use serde_json::{Value, json};

use crate::support::{hex, policy};

/// Each warning of a file as `path: reason`.
fn warnings(json: &Value) -> Vec<String> {
    policy(json).warnings().iter().map(|warning| format!("{}: {}", warning.path, warning.reason)).collect()
}

#[test]
fn rules_that_can_never_fire_are_told() {
    let (one, two) = (hex(1), hex(2));
    let rule = |rule: Value| json!({ "rules": { "1": rule } });
    let behind = |global: Value, rule: Value| json!({ "default_policy": "allow", "global": global, "rules": { "1": rule } });
    let limit = json!({ "content_limit": 5 });
    let table = [
        (
            json!({ "rules": { "1": limit } }),
            "default_policy: is not set, so kinds without a rule are allowed: say \"allow\" or \"deny\"".to_owned(),
        ),
        (
            json!({ "default_policy": "deny" }),
            "default_policy: denies everything: there is no rule for a kind, and the global rule grants nothing".to_owned(),
        ),
        (
            json!({ "default_policy": "deny", "kind": { "whitelist": [1, 7] }, "rules": { "1": {} } }),
            "kind.whitelist: kind 7 has no rule, so default_policy denies it".to_owned(),
        ),
        (
            json!({ "default_policy": "allow", "kind": { "blacklist": [1] }, "rules": { "1": limit } }),
            "rules.1: can never fire: kind 1 is in kind.blacklist".to_owned(),
        ),
        (
            json!({ "default_policy": "allow", "kind": { "whitelist": [7] }, "rules": { "1": limit } }),
            "rules.1: can never fire: kind 1 is not in kind.whitelist".to_owned(),
        ),
        (
            json!({ "default_policy": "allow", "rules": { "1": { "description": "notes" } } }),
            "rules.1: says nothing".to_owned(),
        ),
        (
            json!({ "global": { "read_allow_permissive": true } }),
            "global.read_allow_permissive: there is no kind.whitelist to pass over".to_owned(),
        ),
        (
            json!({ "policy_follow_whitelist_enabled": true, "policy_admins": [one] }),
            "policy_follow_whitelist_enabled: no rule has write_allow_follows".to_owned(),
        ),
        (
            json!({ "policy_follow_whitelist_enabled": true, "global": { "write_allow_follows": true } }),
            "policy_admins: is empty, so write_allow_follows grants nobody".to_owned(),
        ),
        (
            json!({ "global": { "write_allow": [] } }),
            "global.write_allow: is empty and restricts nothing: leave it out, or say who may".to_owned(),
        ),
        (
            json!({ "global": { "allowed_tags": [] } }),
            "global.allowed_tags: is empty and restricts nothing: leave it out, or say which".to_owned(),
        ),
        (
            json!({ "global": { "max_age_of_event": 0 } }),
            "global.max_age_of_event: 0 means no limit: leave it out".to_owned(),
        ),
        (json!({ "global": { "size_limit": 332 } }), "global.size_limit: no event is that short".to_owned()),
        (
            json!({ "global": { "size_limit": 900, "content_limit": 900 } }),
            "global.content_limit: never decides: size_limit allows 900 bytes for the whole event".to_owned(),
        ),
        (
            json!({ "global": { "write_allow": [one, two, one] } }),
            "global.write_allow[2]: stands in the list twice".to_owned(),
        ),
        (json!({ "kind": { "whitelist": [1, 1] } }), "kind.whitelist[1]: stands in the list twice".to_owned()),
        (
            json!({ "global": { "allowed_tags": ["d"], "tag_validation": { "t": "." } } }),
            "global.tag_validation.t: allowed_tags does not allow such a tag".to_owned(),
        ),
        (
            behind(json!({ "content_limit": 5 }), json!({ "content_limit": 5 })),
            "rules.1.content_limit: never decides: the global rule's bound is 5".to_owned(),
        ),
        (
            behind(json!({ "rate_limit": 5 }), json!({ "rate_limit": 6 })),
            "rules.1.rate_limit: never decides: the global rule's bound is 5".to_owned(),
        ),
        (
            behind(json!({ "max_expiry": 5 }), json!({ "max_expiry_duration": "PT6S" })),
            "rules.1.max_expiry_duration: never decides: the global rule's bound is 5".to_owned(),
        ),
        (
            behind(json!({ "write_deny": [one] }), json!({ "write_allow": [one, two] })),
            format!("rules.1.write_allow: grants {one} nothing: the global rule denies it"),
        ),
        (
            behind(json!({ "read_allow": [one] }), json!({ "read_allow": [one, two] })),
            format!("rules.1.read_allow: grants {two} nothing: the global rule's read_allow does not"),
        ),
        (
            behind(json!({ "allowed_tags": ["d"] }), json!({ "must_have_tags": ["t"] })),
            "rules.1.must_have_tags: no event can pass: the global rule's allowed_tags has no \"t\"".to_owned(),
        ),
        (
            behind(json!({ "protected_required": true }), json!({ "allowed_tags": ["d"] })),
            "rules.1.allowed_tags: no event can pass: the global rule's protected_required needs a tag \"-\"".to_owned(),
        ),
        (rule(json!({})), "rules.1: says nothing".to_owned()),
    ];
    for (json, expected) in table {
        let found = warnings(&json);
        assert!(found.contains(&expected), "{json}\n{found:#?}\n{expected}");
        let unset = usize::from(json.get("rules").is_some() && json.get("default_policy").is_none());
        let others = if expected.starts_with("default_policy") { 0 } else { unset };
        assert_eq!(found.len(), 1 + others, "{json}\n{found:#?}");
    }
}

#[test]
fn what_is_meant_is_not_warned_of() {
    let (one, two) = (hex(1), hex(2));
    let table = [
        json!({}),
        json!({ "default_policy": "deny", "rules": { "1": { "description": "notes" } } }),
        json!({ "default_policy": "deny", "kind": { "whitelist": [1, 7] }, "global": { "write_allow": [one] } }),
        json!({ "kind": { "whitelist": [7], "blacklist": [] }, "global": { "write_deny": [], "read_deny": [] } }),
        json!({ "default_policy": "allow", "kind": { "whitelist": [7] }, "global": { "read_allow_permissive": true },
            "rules": { "1": { "read_allow": [one] } } }),
        json!({ "default_policy": "allow", "global": { "write_allow": [one], "write_follows_whitelist": [one] },
            "rules": { "1": { "write_allow": [two] } } }),
        json!({ "default_policy": "allow", "global": { "content_limit": 5 }, "rules": { "1": { "content_limit": 4 } } }),
        json!({ "policy_follow_whitelist_enabled": true, "policy_admins": [one], "global": { "write_allow_follows": true } }),
    ];
    for json in table {
        assert_eq!(warnings(&json), Vec::<String>::new(), "{json}");
    }
}

#[test]
fn a_warning_has_its_place() {
    let text =
        "{\n  \"default_policy\": \"allow\",\n  \"rules\": {\n    \"1\": { \"write_allow\": [] }\n  }\n}";
    let policy = chappe_policy::Policy::parse(text).unwrap();
    let told: Vec<_> = policy.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 4, column 10: rules.1: says nothing",
            "line 4, column 27: rules.1.write_allow: is empty and restricts nothing: leave it out, or say who may",
        ]
    );
}
