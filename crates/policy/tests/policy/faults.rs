//! What a file must not say, and where the faults are told to be.

use chappe_policy::Policy;
use chappe_testkit::Rng;
use serde_json::json;

use crate::support::{hex, lines};

fn faults(text: &str) -> Vec<String> {
    Policy::parse(text).expect_err(text).iter().map(ToString::to_string).collect()
}

#[test]
fn every_fault_names_line_column_and_path() {
    let text = r#"{
  "default_policy": "maybe",
  "kind": { "whitelist": [1, "2", 70000], "blacklist": [1], "greylist": [] },
  "rules": {
    "1": { "write_alow": [], "size_limit": -1, "content_limit": 1.5 },
    "01": {},
    "text": {},
    "1": {},
    "65536": {},
    "7": { "tag_validation": { "t": "[", "": "x" }, "max_expiry_duration": "1D" }
  },
  "global": [],
  "owners": ["abc"],
  "policy": 1
}"#;
    assert_eq!(
        faults(text),
        [
            r#"line 2, column 21: default_policy: neither "allow" nor "deny""#,
            "line 3, column 11: kind.blacklist: kind 1 stands here and in the whitelist",
            "line 3, column 30: kind.whitelist[1]: expected a whole number, but found a text",
            "line 3, column 35: kind.whitelist[2]: 70000 is not a whole number from 0 to 65535",
            "line 3, column 61: kind.greylist: not a field that stands here",
            "line 5, column 12: rules.1.write_alow: not a field that stands here: is write_allow meant?",
            "line 5, column 44: rules.1.size_limit: -1 is not a whole number from 0 to 9223372036854775807",
            "line 5, column 65: rules.1.content_limit: 1.5 is not a whole number from 0 to 9223372036854775807",
            "line 6, column 5: rules.01: not a kind: a number from 0 to 65535, in quotes",
            "line 7, column 5: rules.text: not a kind: a number from 0 to 65535, in quotes",
            "line 8, column 5: rules.1: stands here twice, first in line 5",
            "line 9, column 5: rules.65536: not a kind: a number from 0 to 65535, in quotes",
            "line 10, column 37: rules.7.tag_validation.t: not a regex: unclosed character class",
            "line 10, column 42: rules.7.tag_validation.: a tag's name has 1 to 64 bytes",
            "line 10, column 76: rules.7.max_expiry_duration: not a duration: a duration begins with P, as in P30D or PT12H",
            "line 12, column 13: global: expected an object, but found a list",
            "line 13, column 14: owners[0]: not a public key: 64 characters of lowercase hex, or an npub",
            "line 14, column 3: policy: not a field that stands here",
        ]
    );
}

#[test]
fn a_text_that_is_not_json_has_one_fault() {
    for (text, fault) in [
        ("", "line 1, column 1: expected a value, but the file ends"),
        ("{\n  \"rules\": {", "line 2, column 13: expected a name in quotes, but the file ends"),
        ("[]", "line 1, column 1: expected an object, but found a list"),
        ("null", "line 1, column 1: expected an object, but found null"),
    ] {
        assert_eq!(faults(text), [fault]);
    }
}

/// The fault of a rule for kind 1, without its place.
fn rule_fault(rule: &serde_json::Value) -> String {
    let text = json!({ "rules": { "1": rule } }).to_string();
    let faults = Policy::parse(&text).expect_err(&text);
    assert_eq!(faults.len(), 1, "{}", lines(&faults));
    format!("{}: {}", faults[0].path, faults[0].reason)
}

#[test]
fn contradictions_are_faults() {
    let key = hex(1);
    let table = [
        (
            json!({ "write_allow": [key], "write_deny": [key] }),
            format!("write_deny: {key} stands here and in write_allow"),
        ),
        (
            json!({ "read_allow": [key], "read_deny": [hex(2), key] }),
            format!("read_deny: {key} stands here and in read_allow"),
        ),
        (
            json!({ "max_expiry": 5, "max_expiry_duration": "PT6S" }),
            "max_expiry_duration: is 6 seconds, but max_expiry says 5: leave max_expiry out".to_owned(),
        ),
        (
            json!({ "max_expiry": 7, "max_expiry_duration": "PT6S" }),
            "max_expiry_duration: is 6 seconds, but max_expiry says 7: leave max_expiry out".to_owned(),
        ),
        (
            json!({ "read_allow_permissive": true }),
            "read_allow_permissive: stands in the global rule only".to_owned(),
        ),
        (
            json!({ "write_allow_permissive": false }),
            "write_allow_permissive: stands in the global rule only".to_owned(),
        ),
        (
            json!({ "must_have_tags": ["d", "t"], "allowed_tags": ["d"] }),
            "must_have_tags: needs a tag \"t\", which allowed_tags does not allow".to_owned(),
        ),
        (
            json!({ "protected_required": true, "allowed_tags": ["d"] }),
            "protected_required: needs a tag \"-\", which allowed_tags does not allow".to_owned(),
        ),
        (
            json!({ "max_expiry": 5, "allowed_tags": ["d"] }),
            "max_expiry: needs a tag \"expiration\", which allowed_tags does not allow".to_owned(),
        ),
        (
            json!({ "identifier_regex": ".", "allowed_tags": ["e"] }),
            "identifier_regex: needs a tag \"d\", which allowed_tags does not allow".to_owned(),
        ),
        (
            json!({ "write_allow_follows": true }),
            "write_allow_follows: needs policy_follow_whitelist_enabled to be true".to_owned(),
        ),
    ];
    for (rule, fault) in table {
        assert_eq!(rule_fault(&rule), format!("rules.1.{fault}"));
    }
    let both = json!({ "kind": { "whitelist": [1] }, "global": { "read_allow_permissive": true, "write_allow_permissive": true } });
    assert_eq!(faults(&both.to_string()).len(), 1);
    let off = json!({ "policy_follow_whitelist_enabled": false, "global": { "write_allow_follows": true } });
    assert_eq!(faults(&off.to_string()).len(), 1);
}

#[test]
fn each_field_takes_its_own_sort_of_value_only() {
    let lists = [
        "write_allow",
        "write_deny",
        "read_allow",
        "read_deny",
        "follows_whitelist_admins",
        "read_follows_whitelist",
        "write_follows_whitelist",
        "write_allow_if_tagged",
        "must_have_tags",
        "allowed_tags",
    ];
    let flags = ["privileged", "write_allow_follows", "protected_required"];
    let numbers = [
        "size_limit",
        "content_limit",
        "max_age_of_event",
        "max_age_event_in_future",
        "max_expiry",
        "rate_limit",
    ];
    let texts = ["description", "max_expiry_duration", "identifier_regex", "script"];
    let sorts = [
        (&lists[..], "a list"),
        (&flags[..], "true or false"),
        (&numbers[..], "a whole number"),
        (&texts[..], "a text"),
        (&["tag_validation"][..], "an object"),
    ];
    let values = [
        (json!([]), "a list"),
        (json!(false), "true or false"),
        (json!(1), "a whole number"),
        (json!(""), "a text"),
        (json!({}), "an object"),
        (json!(null), "null"),
    ];
    for (fields, sort) in sorts {
        for field in fields {
            for (value, found) in &values {
                let rule = json!({ *field: value });
                if *found == sort || *found == "null" {
                    let text = json!({ "rules": { "1": rule } }).to_string();
                    assert!(Policy::parse(&text).is_ok(), "{text}");
                } else {
                    let found = if *found == "a whole number" { "a number" } else { found };
                    assert_eq!(
                        rule_fault(&rule),
                        format!("rules.1.{field}: expected {sort}, but found {found}")
                    );
                }
            }
        }
    }
}

#[test]
fn keys_are_hex_or_npub() {
    let npub = "npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d";
    let same = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let policy = Policy::parse(&json!({ "owners": [npub, same] }).to_string()).unwrap();
    assert_eq!(policy.owners().iter().map(ToString::to_string).collect::<Vec<_>>(), [same]);
    assert_eq!(policy.warnings().len(), 1, "twice the same key");
    let secret = "nsec180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsgyumg0";
    let table = [
        (same.to_uppercase(), "not a public key"),
        (same[1..].to_owned(), "not a public key"),
        (format!("{same}0"), "not a public key"),
        (npub.replace('0', "1"), "not a public key"),
        ("REPLACE_WITH_YOUR_PUBKEY_HEX".to_owned(), "not a public key"),
        (String::new(), "not a public key"),
        (secret.to_owned(), "this is a secret key"),
    ];
    for (key, reason) in table {
        let fault = rule_fault(&json!({ "write_allow": [same, key] }));
        assert!(fault.starts_with(&format!("rules.1.write_allow[1]: {reason}")), "{fault}");
        assert!(key.is_empty() || !fault.contains(&key), "a key that may be secret is not repeated");
    }
}

#[test]
fn a_regex_is_checked_when_the_file_is_read() {
    let table = [
        ("[a-z", "unclosed character class"),
        ("(a", "unclosed group"),
        ("a{2,1}", "invalid repetition count range, the start must be <= the end"),
        ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
        (r"(a)\1", "backreferences are not supported"),
        ("*", "repetition operator missing expression"),
        (
            r"\p{L}{1000}",
            "becomes larger than 1048576 bytes when compiled: repeat less, or repeat smaller classes",
        ),
    ];
    for (regex, reason) in table {
        for rule in [json!({ "identifier_regex": regex }), json!({ "tag_validation": { "t": regex } })] {
            let fault = rule_fault(&rule);
            assert!(fault.ends_with(&format!(": not a regex: {reason}")), "{fault}");
        }
    }
}

#[test]
fn what_a_file_may_hold_has_bounds() {
    let rules = |count: u16| {
        let rule = |kind: u16| (kind.to_string(), json!({ "identifier_regex": "a" }));
        json!({ "rules": (0..count).map(rule).collect::<serde_json::Map<_, _>>() }).to_string()
    };
    assert!(Policy::parse(&rules(256)).is_ok());
    assert_eq!(faults(&rules(257)).len(), 1);
    let unknown: serde_json::Map<_, _> = (0..500).map(|number| (format!("x{number}"), json!(1))).collect();
    assert_eq!(faults(&json!(unknown).to_string()).len(), 100, "a hundred are told");
    assert_eq!(
        faults(&" ".repeat((4 << 20) + 1)),
        ["line 1, column 1: the file is longer than 4194304 bytes"]
    );
}

#[test]
fn no_text_makes_it_panic() {
    let text = include_str!("orly.json");
    let mut rng = Rng::new(3);
    let words: Vec<&str> = text.split_inclusive([',', ':', '{', '[', '\n', '"']).collect();
    for _ in 0..5_000 {
        let mut words = words.clone();
        for _ in 0..=rng.below(3) {
            let (one, other) = (rng.below(words.len()), rng.below(words.len()));
            match rng.below(3) {
                0 => words.swap(one, other),
                1 => drop(words.remove(one)),
                _ => words.insert(one, words[other]),
            }
        }
        let _ = Policy::parse(&words.concat());
    }
}
