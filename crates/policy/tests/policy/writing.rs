//! The fields about writing: below, at and above each bound.

use chappe_policy::Field;
use chappe_testkit::EventBuilder;
use serde_json::{Value, json};

use crate::support::{NOW, by_author, follows, hex, keys, note, policy, read, submit, write};

fn expiring(seconds: u64) -> EventBuilder {
    note().tag(&["expiration", &(NOW + seconds).to_string()])
}

/// A rule, and for each event the expected text of the denial; empty: it is allowed.
fn check(rule: &Value, field: Field, table: Vec<(EventBuilder, &str)>) {
    for (place, json) in [
        ("global rule", json!({ "global": rule })),
        ("rule for kind 1", json!({ "default_policy": "deny", "rules": { "1": rule } })),
    ] {
        let policy = policy(&json);
        for (event, expected) in &table {
            let expected =
                if expected.is_empty() { Ok(()) } else { Err((field, format!("{expected} ({place})"))) };
            let answer =
                write(&policy, event.clone(), &[1]).map_err(|denial| (denial.field, denial.to_string()));
            assert_eq!(answer, expected, "{json} {event:?}");
            assert_eq!(read(&policy, event.clone(), &[]), Ok(()), "{json} is about writing alone");
        }
    }
}

#[test]
fn size_limit_counts_the_bytes_of_the_event() {
    let bytes = by_author(note().content("four")).json().len();
    let no = format!("the event is longer than {bytes} bytes");
    let table = vec![
        (note().content("new"), ""),
        (note().content("four"), ""),
        (note().content("fives"), no.as_str()),
        (note().content("new").tag(&["t", ""]), no.as_str()),
    ];
    check(&json!({ "size_limit": bytes }), Field::SizeLimit, table);
}

#[test]
fn content_limit_counts_utf_8_bytes() {
    let no = "content is longer than 4 bytes";
    let table = vec![
        (note(), ""),
        (note().content("abc"), ""),
        (note().content("abcd"), ""),
        (note().content("abcde"), no),
        (note().content("éé"), ""),
        (note().content("éé."), no),
    ];
    check(&json!({ "content_limit": 4 }), Field::ContentLimit, table);
    let no = "content is longer than 0 bytes";
    check(&json!({ "content_limit": 0 }), Field::ContentLimit, vec![(note(), ""), (note().content("a"), no)]);
}

#[test]
fn ages_are_counted_from_now() {
    let at = |seconds| note().created_at(seconds);
    let no = "created_at is more than 60 seconds ago";
    let table =
        vec![(at(NOW + 999), ""), (at(NOW - 59), ""), (at(NOW - 60), ""), (at(NOW - 61), no), (at(0), no)];
    check(&json!({ "max_age_of_event": 60 }), Field::MaxAgeOfEvent, table);
    let no = "created_at is more than 60 seconds ahead";
    let table =
        vec![(at(0), ""), (at(NOW + 59), ""), (at(NOW + 60), ""), (at(NOW + 61), no), (at(u64::MAX), no)];
    check(&json!({ "max_age_event_in_future": 60 }), Field::MaxAgeEventInFuture, table);
    // As in ORLY, 0 is no bound.
    let none = json!({ "max_age_of_event": 0, "max_age_event_in_future": 0, "max_expiry": 0 });
    check(&none, Field::MaxAgeOfEvent, vec![(at(0), ""), (at(u64::MAX), "")]);
}

#[test]
fn an_expiration_becomes_mandatory_and_is_bounded() {
    let no = "an expiration tag of at most 86400 seconds after created_at is needed";
    let table = || {
        vec![
            (note(), no),
            (expiring(0), ""),
            (expiring(86_399), ""),
            (expiring(86_400), ""),
            (expiring(86_401), no),
            (expiring(u64::MAX - NOW), no),
            (note().tag(&["expiration", "soon"]), no),
            (note().tag(&["expiration", "-5"]), no),
            (note().tag(&["expiration"]), no),
            // It is counted from when the event was made, not from now.
            (expiring(1).created_at(NOW - 86_399), ""),
            (expiring(1).created_at(NOW - 86_400), no),
            (note().created_at(u64::MAX).tag(&["expiration", &u64::MAX.to_string()]), ""),
        ]
    };
    check(&json!({ "max_expiry_duration": "P1D" }), Field::MaxExpiryDuration, table());
    check(
        &json!({ "max_expiry_duration": "PT24H", "max_expiry": 86_400 }),
        Field::MaxExpiryDuration,
        table(),
    );
    check(&json!({ "max_expiry": 86_400 }), Field::MaxExpiry, table());
}

#[test]
fn must_have_tags_asks_for_every_name() {
    let t = "a tag \"title\" is needed";
    let table = vec![
        (note().tag(&["title", "x"]).tag(&["t", "y"]), ""),
        (note().tag(&["t"]).tag(&["title"]), ""),
        (note().tag(&["t", "title"]), t),
        (note().tag(&["title", "x"]), "a tag \"t\" is needed"),
        (note().tag(&["titl", "x"]).tag(&["t", ""]), t),
    ];
    check(&json!({ "must_have_tags": ["title", "t"] }), Field::MustHaveTags, table);
}

#[test]
fn allowed_tags_refuses_every_other_name() {
    let table = vec![
        (note(), ""),
        (note().tag(&["d", "x"]).tag(&["p", "y"]).tag(&["d"]), ""),
        (note().tag(&["d", "x"]).tag(&["e", "y"]), "a tag \"e\" is not allowed"),
        (note().tag(&["D", "x"]), "a tag \"D\" is not allowed"),
        (note().tag::<&str>(&[]), "a tag \"\" is not allowed"),
        (note().tag(&["a\n\"b", "x"]), "a tag \"a\\n\\\"b\" is not allowed"),
        (note().tag(&["abcdefghijklmnopqrstuvwxyz"]), "a tag \"abcdefghijklmnopqrstuvwx\" is not allowed"),
    ];
    check(&json!({ "allowed_tags": ["p", "d"] }), Field::AllowedTags, table);
}

#[test]
fn tag_validation_asks_every_value_of_its_tags_and_no_other() {
    let no = "a tag \"t\" has a value of the wrong form";
    let table = vec![
        (note(), ""),
        (note().tag(&["t", "abc"]), ""),
        (note().tag(&["t", "abc"]).tag(&["t", "ABC"]), no),
        (note().tag(&["t", "abc1"]), no),
        (note().tag(&["t", "abcd"]), no),
        (note().tag(&["t", "abc\n"]), no),
        (note().tag(&["t"]), no),
        (note().tag(&["x", "ABC"]), ""),
        (note().tag(&["r", "http://x"]), "a tag \"r\" has a value of the wrong form"),
        (note().tag(&["r", "https://x"]).tag(&["t", "a"]), ""),
    ];
    let rule = json!({ "tag_validation": { "t": "^[a-z]{1,3}$", "r": "^https://" } });
    check(&rule, Field::TagValidation, table);
}

#[test]
fn a_regex_without_anchors_matches_anywhere_and_characters_are_whole() {
    let no = "a tag \"t\" has a value of the wrong form";
    let table = vec![(note().tag(&["t", "a cat"]), ""), (note().tag(&["t", "a dog"]), no)];
    check(&json!({ "tag_validation": { "t": "cat" } }), Field::TagValidation, table);
    let table = vec![(note().tag(&["t", "é"]), ""), (note().tag(&["t", "éé"]), no)];
    check(&json!({ "tag_validation": { "t": "^.$" } }), Field::TagValidation, table);
}

#[test]
fn identifier_regex_asks_every_d_tag_and_there_must_be_one() {
    let no = "a d tag is missing or has a value of the wrong form";
    let table = vec![
        (note(), no),
        (note().tag(&["d", "a-1"]), ""),
        (note().tag(&["d", "a-1"]).tag(&["d", "b-2"]), ""),
        (note().tag(&["d", "a-1"]).tag(&["d", "B"]), no),
        (note().tag(&["d", ""]), no),
        (note().tag(&["d"]), no),
        (note().tag(&["D", "a-1"]), no),
    ];
    check(&json!({ "identifier_regex": "^[a-z0-9-]{1,8}$" }), Field::IdentifierRegex, table);
}

#[test]
fn protected_required_asks_for_the_tag_of_nip_70() {
    let no = "a tag \"-\" is needed: only protected events are taken";
    let table = vec![(note(), no), (note().tag(&["-"]), ""), (note().tag(&["t", "-"]), no)];
    check(&json!({ "protected_required": true }), Field::ProtectedRequired, table);
    check(&json!({ "protected_required": false }), Field::ProtectedRequired, vec![(note(), "")]);
}

#[test]
fn conditions_of_both_rules_hold() {
    let policy = policy(&json!({
        "global": { "must_have_tags": ["t"], "content_limit": 10 },
        "rules": { "1": { "must_have_tags": ["r"], "content_limit": 5 } },
    }));
    let both = || note().tag(&["t"]).tag(&["r"]);
    assert_eq!(write(&policy, both().content("12345"), &[1]), Ok(()));
    for event in [note().tag(&["t"]), note().tag(&["r"]), both().content("123456")] {
        assert!(write(&policy, event.clone(), &[1]).is_err(), "{event:?}");
    }
    let other_kind = EventBuilder::new(7).created_at(NOW).tag(&["t"]).content("1234567890");
    assert_eq!(write(&policy, other_kind, &[1]), Ok(()));
}

/// Who of 1 to 4 may write under a rule; 1 follows 2, and 3 follows 4. The policy admin is 1.
#[test]
fn lists_grant_and_deny_submitters() {
    let table: [(Value, &[u64], Option<Field>); 12] = [
        (json!({}), &[1, 2, 3, 4], None),
        (json!({ "write_allow": [] }), &[1, 2, 3, 4], None),
        (json!({ "write_allow": [hex(2)] }), &[2], Some(Field::WriteAllow)),
        (json!({ "write_deny": [hex(2)] }), &[1, 3, 4], Some(Field::WriteDeny)),
        (json!({ "write_deny": [hex(4)], "write_follows_whitelist": [hex(3)] }), &[3], None),
        (json!({ "write_allow_follows": true }), &[2], Some(Field::WriteAllowFollows)),
        (json!({ "write_allow_follows": false }), &[1, 2, 3, 4], None),
        (json!({ "follows_whitelist_admins": [hex(3)] }), &[3, 4], Some(Field::FollowsWhitelistAdmins)),
        (json!({ "write_follows_whitelist": [hex(1), hex(3)] }), &[1, 2, 3, 4], None),
        (
            json!({ "read_follows_whitelist": [hex(3)], "read_allow": [hex(1)], "read_deny": [hex(2)] }),
            &[1, 2, 3, 4],
            None,
        ),
        (json!({ "privileged": true }), &[1, 2, 3, 4], None),
        (
            json!({ "write_allow": [hex(1)], "write_allow_follows": true, "write_follows_whitelist": [hex(3)] }),
            &[1, 2, 3, 4],
            None,
        ),
    ];
    for (rule, writers, field) in table {
        for place in ["global", "rules"] {
            let rule = if place == "global" { rule.clone() } else { json!({ "1": rule }) };
            let json =
                json!({ "policy_admins": [hex(1)], "policy_follow_whitelist_enabled": true, place: rule });
            let policy = policy(&json);
            for key in 1..=4 {
                let answer = write(&policy, note(), &[key]);
                assert_eq!(answer.is_ok(), writers.contains(&key), "{key} by {json}");
                if let (Err(denial), Some(field)) = (answer, field) {
                    assert_eq!(denial.field, field, "{key} by {json}");
                }
            }
        }
    }
}

#[test]
fn a_stranger_may_write_to_a_listed_key() {
    let policy =
        policy(&json!({ "rules": { "1": { "write_allow": [hex(1)], "write_allow_if_tagged": [hex(5)] } } }));
    let to = |seed| note().tag(&["p", &hex(seed)]);
    for (event, submitter, allowed) in [
        (note(), 1, true),
        (note(), 2, false),
        (to(5), 2, true),
        (to(6), 2, false),
        (to(6).tag(&["p", &hex(5)]), 2, true),
        (note().tag(&["p", "x", &hex(5)]), 2, false),
        (note().tag(&["p", &hex(5).to_uppercase()]), 2, false),
        (note().tag(&["P", &hex(5)]), 2, false),
        (note().tag(&["p"]), 2, false),
    ] {
        assert_eq!(write(&policy, event.clone(), &[submitter]).is_ok(), allowed, "{event:?}");
    }
}

#[test]
fn a_denial_knows_whether_another_key_could_help() {
    let policy = policy(&json!({ "kind": { "blacklist": [7] }, "rules": {
        "1": { "write_allow": [hex(1)], "content_limit": 1 }, "4": { "write_deny": [hex(1)] } } }));
    let denial = |event: EventBuilder, key| write(&policy, event, &[key]).unwrap_err();
    let stranger = denial(note(), 2);
    assert!(stranger.depends_on_key());
    assert_eq!(stranger.to_string(), "writing is for listed keys only (rule for kind 1)");
    for (event, key) in [(note().content("ab"), 1), (EventBuilder::new(7), 1), (EventBuilder::new(4), 1)] {
        assert!(!denial(event, key).depends_on_key());
    }
}

#[test]
fn a_submission_without_submitters_is_granted_nothing() {
    let policy = policy(&json!({ "global": { "write_allow": [hex(1)] } }));
    let event = by_author(note());
    assert!(submit(&event, &[], |submission| !policy.may_write(submission, &follows()).is_allowed()));
    assert!(submit(&event, &keys(&[1]), |submission| policy.may_write(submission, &follows()).is_allowed()));
}
