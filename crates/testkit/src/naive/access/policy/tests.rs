use serde_json::json;

use super::*;
use crate::{EventBuilder, Keys};

const NOW: u64 = 1_700_000_000;

fn hex(seed: u64) -> String {
    Keys::from_seed(seed).hex()
}

/// Key 1 follows 2, and 3 follows 4.
fn follows() -> HashMap<String, Vec<String>> {
    HashMap::from([(hex(1), vec![hex(2)]), (hex(3), vec![hex(4)])])
}

fn note() -> EventBuilder {
    EventBuilder::new(1).created_at(NOW)
}

fn writes(policy: &Value, event: EventBuilder, submitters: &[u64]) -> bool {
    let submitters: Vec<_> = submitters.iter().map(|&seed| hex(seed)).collect();
    may_write(policy, &event.sign(&Keys::from_seed(9)), &submitters, &follows(), NOW).is_ok()
}

fn reads(policy: &Value, event: EventBuilder, viewers: &[u64]) -> bool {
    let viewers: Vec<_> = viewers.iter().map(|&seed| hex(seed)).collect();
    may_read(policy, &event.sign(&Keys::from_seed(9)), &viewers, &follows()).is_ok()
}

#[test]
fn stations_come_in_order_and_any_no_is_a_no() {
    let (open, closed) = (json!({}), json!({ "write_allow": [hex(1)] }));
    // default_policy, kind lists, global, the kind's rule; may 1 write, and may 2?
    let table = [
        ("allow", json!({}), open.clone(), None, true, true),
        ("deny", json!({}), open.clone(), None, false, false),
        ("deny", json!({}), open.clone(), Some(&open), true, true),
        ("deny", json!({}), closed.clone(), None, true, false),
        ("deny", json!({}), closed.clone(), Some(&open), true, false),
        ("allow", json!({}), closed.clone(), Some(&open), true, false),
        ("allow", json!({}), open.clone(), Some(&closed), true, false),
        ("allow", json!({}), closed.clone(), Some(&closed), true, false),
        ("allow", json!({ "whitelist": [1] }), open.clone(), None, true, true),
        ("deny", json!({ "whitelist": [1] }), open.clone(), None, false, false),
        ("allow", json!({ "whitelist": [7] }), open.clone(), Some(&open), false, false),
        ("allow", json!({ "whitelist": [] }), open.clone(), None, true, true),
        ("allow", json!({ "blacklist": [1] }), open.clone(), Some(&open), false, false),
    ];
    for (default, kind, global, rule, first, second) in table {
        let mut policy = json!({ "default_policy": default, "kind": kind, "global": global });
        if let Some(rule) = rule {
            policy["rules"] = json!({ "1": rule });
        }
        assert_eq!(
            (writes(&policy, note(), &[1]), writes(&policy, note(), &[2])),
            (first, second),
            "{policy}"
        );
    }
}

#[test]
fn permissive_flags_ignore_the_whitelist_of_their_direction_alone() {
    let policy = |flag: &str, list: &str| json!({ "kind": { list: [7] }, "global": { flag: true } });
    let write = policy("write_allow_permissive", "whitelist");
    assert!(writes(&write, note(), &[1]) && !reads(&write, note(), &[1]));
    let read = policy("read_allow_permissive", "whitelist");
    assert!(!writes(&read, note(), &[1]) && reads(&read, note(), &[1]));
    let black = policy("write_allow_permissive", "blacklist");
    assert!(!writes(&black, EventBuilder::new(7), &[1]) && writes(&black, note(), &[1]));
}

#[test]
fn lists_grant_and_deny_keys() {
    // The rule; which of the submitters 1 to 4 may write, and which of the viewers may read.
    let table: [(Value, &[u64], &[u64]); 11] = [
        (json!({}), &[1, 2, 3, 4], &[1, 2, 3, 4]),
        (json!({ "write_allow": [hex(2)] }), &[2], &[1, 2, 3, 4]),
        (json!({ "write_deny": [hex(2)] }), &[1, 3, 4], &[1, 2, 3, 4]),
        (json!({ "write_deny": [hex(2)], "write_allow": [hex(2), hex(3)] }), &[3], &[1, 2, 3, 4]),
        (json!({ "read_allow": [hex(2)] }), &[1, 2, 3, 4], &[2]),
        (json!({ "read_deny": [hex(2)], "read_allow": [hex(2), hex(4)] }), &[1, 2, 3, 4], &[4]),
        (json!({ "write_allow_follows": true }), &[2], &[2]),
        (json!({ "follows_whitelist_admins": [hex(3)] }), &[3, 4], &[3, 4]),
        (json!({ "read_follows_whitelist": [hex(3)] }), &[1, 2, 3, 4], &[3, 4]),
        (json!({ "write_follows_whitelist": [hex(3)] }), &[3, 4], &[1, 2, 3, 4]),
        (json!({ "write_allow_follows": true, "read_allow": [hex(3)] }), &[2], &[2, 3]),
    ];
    for (rule, writers, readers) in table {
        let policy = json!({ "policy_admins": [hex(1)], "rules": { "1": rule } });
        for key in 1..=4 {
            assert_eq!(writes(&policy, note(), &[key]), writers.contains(&key), "{key} writes by {policy}");
            assert_eq!(reads(&policy, note(), &[key]), readers.contains(&key), "{key} reads by {policy}");
        }
        assert_eq!(reads(&policy, note(), &[]), readers.len() == 4, "the anonymous read by {policy}");
    }
}

#[test]
fn of_several_keys_a_deny_for_any_denies_and_a_grant_for_any_grants() {
    let policy = json!({ "rules": { "1": { "write_allow": [hex(1)], "read_allow": [hex(1)] } } });
    assert!(writes(&policy, note(), &[3, 1]) && reads(&policy, note(), &[3, 1]));
    assert!(!writes(&policy, note(), &[3, 4]) && !reads(&policy, note(), &[3, 4]));
    let policy = json!({ "rules": { "1": { "write_deny": [hex(1)], "read_deny": [hex(1)] } } });
    assert!(!writes(&policy, note(), &[3, 1]) && !reads(&policy, note(), &[3, 1]));
    assert!(writes(&policy, note(), &[3, 4]) && reads(&policy, note(), &[3, 4]));
}

#[test]
fn privileged_is_for_author_and_recipients_and_ored_with_read_allow() {
    let to = |seed| note().tag(&["p", &hex(seed)]);
    let policy = json!({ "rules": { "1": { "privileged": true } } });
    assert!(reads(&policy, to(5), &[9]) && reads(&policy, to(5), &[1, 5]));
    assert!(!reads(&policy, to(5), &[1]) && !reads(&policy, to(5), &[]));
    let policy = json!({ "rules": { "1": { "privileged": true, "read_allow": [hex(1)] } } });
    assert!(reads(&policy, to(5), &[1]) && reads(&policy, to(5), &[5]) && !reads(&policy, to(5), &[2]));
    let policy = json!({ "rules": { "1": { "privileged": true, "read_deny": [hex(5)] } } });
    assert!(!reads(&policy, to(5), &[5]));
    assert!(writes(&json!({ "global": { "privileged": true } }), to(5), &[1]));
}

#[test]
fn a_stranger_may_write_to_a_listed_key() {
    let rule = json!({ "write_allow": [hex(1)], "write_allow_if_tagged": [hex(5)] });
    let policy = json!({ "rules": { "1": rule } });
    assert!(writes(&policy, note(), &[1]) && writes(&policy, note().tag(&["p", &hex(5)]), &[2]));
    assert!(!writes(&policy, note(), &[2]) && !writes(&policy, note().tag(&["p", &hex(6)]), &[2]));
    assert!(!writes(&policy, note().tag(&["e", &hex(5)]), &[2]));
}

#[test]
fn conditions_hold_at_their_bounds() {
    let plain = note().content("four").sign(&Keys::from_seed(9)).json().len();
    let expiring = |seconds: u64| note().tag(&["expiration", &(NOW + seconds).to_string()]);
    let table = [
        (json!({ "content_limit": 4 }), note().content("four"), note().content("fours")),
        (json!({ "content_limit": 4 }), note().content("\u{e9}\u{e9}"), note().content("\u{e9}\u{e9}a")),
        (json!({ "size_limit": plain }), note().content("four"), note().content("fours")),
        (json!({ "max_age_of_event": 10 }), note().created_at(NOW - 10), note().created_at(NOW - 11)),
        (json!({ "max_age_event_in_future": 10 }), note().created_at(NOW + 10), note().created_at(NOW + 11)),
        (json!({ "max_expiry": 100 }), expiring(100), expiring(101)),
        (json!({ "max_expiry": 100 }), expiring(1), note()),
        (json!({ "max_expiry_duration": "PT1M40S" }), expiring(100), expiring(101)),
        (json!({ "max_expiry_duration": "P1D" }), expiring(86_400), note().tag(&["expiration", "soon"])),
        (
            json!({ "must_have_tags": ["t", "r"] }),
            note().tag(&["t"]).tag(&["r", ""]),
            note().tag(&["t", "x"]),
        ),
        (json!({ "allowed_tags": ["t"] }), note().tag(&["t", "x"]), note().tag(&["t", "x"]).tag(&["r", "x"])),
        (json!({ "allowed_tags": ["t"] }), note(), note().tag(&["", "x"])),
        (json!({ "tag_validation": { "t": "o" } }), note().tag(&["r", "x"]), note().tag(&["t", "x"])),
        (
            json!({ "tag_validation": { "t": "o" } }),
            note().tag(&["t", "no"]),
            note().tag(&["t", "no"]).tag(&["t"]),
        ),
        (json!({ "identifier_regex": "o" }), note().tag(&["d", "o"]), note()),
        (
            json!({ "identifier_regex": "o" }),
            note().tag(&["d", "to"]),
            note().tag(&["d", "o"]).tag(&["d", "x"]),
        ),
        (json!({ "protected_required": true }), note().tag(&["-"]), note()),
    ];
    for (rule, good, bad) in table {
        for policy in [json!({ "global": rule }), json!({ "rules": { "1": rule }, "default_policy": "deny" })]
        {
            assert!(writes(&policy, good.clone(), &[1]) && !writes(&policy, bad.clone(), &[1]), "{policy}");
        }
        assert!(reads(&json!({ "global": rule }), bad, &[1]), "{rule} is about writing");
    }
}

#[test]
fn durations_and_patterns_are_what_they_say() {
    for (text, length) in [("P7D", 604_800), ("P1W", 604_800), ("PT1H30M", 5_400), ("P1DT12H5S", 129_605)] {
        assert_eq!(seconds(text), length, "{text}");
    }
    let fits = |regex: &str, text: &str| PATTERNS.iter().find(|(known, _)| *known == regex).unwrap().1(text);
    let table = [
        ("^[a-z]{1,6}$", "nostr", true),
        ("^[a-z]{1,6}$", "", false),
        ("^[a-z]{1,6}$", "settings", false),
        ("^[a-z]{1,6}$", "Abc", false),
        ("^[0-9a-f]{64}$", "not a key", false),
        ("^(settings|hello)$", "hello", true),
        ("^(settings|hello)$", "hello!", false),
        (".", "", false),
        (".", "\u{2028}", true),
    ];
    for (regex, text, expected) in table {
        assert_eq!(fits(regex, text), expected, "{regex} on {text:?}");
    }
    assert!(fits("^[0-9a-f]{64}$", &hex(1)));
}
