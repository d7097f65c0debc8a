//! The order of the stations, and what each of them answers.

use chappe_policy::{Decision, Field, Policy, Rate, Station, Verdict};
use chappe_protocol::Kind;
use serde_json::{Value, json};

use crate::support::{by_author, follows, hex, keys, note, policy, read, submit, write};

/// What a decision looks like from outside.
fn writes(policy: &Policy, submitter: u64) -> (Verdict, Station, String) {
    let event = by_author(note());
    submit(&event, &keys(&[submitter]), |submission| {
        let decision: Decision<'_> = policy.may_write(submission, &follows());
        (decision.verdict, decision.station, decision.path())
    })
}

#[test]
fn without_a_file_everything_is_allowed() {
    let policy = Policy::permissive();
    assert!(policy.is_permissive() && policy.owners().is_empty() && policy.admins().is_empty());
    assert_eq!(writes(&policy, 1).1, Station::Unrestricted);
    assert_eq!(read(&policy, note(), &[]), Ok(()));
    assert_eq!((policy.follow_roots().count(), policy.scripts().count()), (0, 0));
}

#[test]
fn stations_come_in_their_order() {
    let (open, closed) = (json!({}), json!({ "write_allow": [hex(1)] }));
    let (allow, deny) = (Verdict::Allow, Verdict::Deny);
    // default_policy, kind lists, global, the kind's rule: the answers to 1 and 2, and what decided them.
    let table = [
        ("allow", json!({}), &open, None, (allow, "default_policy"), (allow, "default_policy")),
        ("deny", json!({}), &open, None, (deny, "default_policy"), (deny, "default_policy")),
        ("deny", json!({}), &open, Some(&open), (allow, "rules.1"), (allow, "rules.1")),
        ("deny", json!({}), &closed, None, (allow, "global.write_allow"), (deny, "global.write_allow")),
        ("deny", json!({}), &closed, Some(&open), (allow, "rules.1"), (deny, "global.write_allow")),
        (
            "allow",
            json!({}),
            &open,
            Some(&closed),
            (allow, "rules.1.write_allow"),
            (deny, "rules.1.write_allow"),
        ),
        (
            "allow",
            json!({}),
            &closed,
            Some(&closed),
            (allow, "rules.1.write_allow"),
            (deny, "global.write_allow"),
        ),
        (
            "allow",
            json!({ "whitelist": [1] }),
            &open,
            None,
            (allow, "default_policy"),
            (allow, "default_policy"),
        ),
        (
            "deny",
            json!({ "whitelist": [1] }),
            &open,
            None,
            (deny, "default_policy"),
            (deny, "default_policy"),
        ),
        (
            "deny",
            json!({ "whitelist": [1] }),
            &closed,
            None,
            (allow, "global.write_allow"),
            (deny, "global.write_allow"),
        ),
        (
            "allow",
            json!({ "whitelist": [7] }),
            &closed,
            Some(&closed),
            (deny, "kind.whitelist"),
            (deny, "kind.whitelist"),
        ),
        (
            "allow",
            json!({ "blacklist": [1] }),
            &closed,
            Some(&closed),
            (deny, "kind.blacklist"),
            (deny, "kind.blacklist"),
        ),
        (
            "allow",
            json!({ "whitelist": [], "blacklist": [] }),
            &open,
            None,
            (allow, "default_policy"),
            (allow, "default_policy"),
        ),
    ];
    for (default, kind, global, rule, first, second) in table {
        let mut json = json!({ "default_policy": default, "kind": kind, "global": global });
        if let Some(rule) = rule {
            json["rules"] = json!({ "1": rule });
        }
        let policy = policy(&json);
        for (submitter, (verdict, path)) in [(1, first), (2, second)] {
            let (answer, _, by) = writes(&policy, submitter);
            assert_eq!((answer, by.as_str()), (verdict, path), "{submitter} by {json}");
        }
    }
}

#[test]
fn a_limit_of_the_global_rule_is_no_grant() {
    let json =
        json!({ "default_policy": "deny", "global": { "size_limit": 100_000, "read_deny": [hex(3)] } });
    assert_eq!(writes(&policy(&json), 1).1, Station::Default);
    assert_eq!(read(&policy(&json), note(), &[1]).unwrap_err().station, Station::Default);
}

#[test]
fn a_grant_counts_in_its_own_direction_only() {
    let json = json!({ "default_policy": "deny", "global": { "write_allow": [hex(1)] } });
    assert_eq!(writes(&policy(&json), 1).0, Verdict::Allow);
    assert_eq!(read(&policy(&json), note(), &[1]).unwrap_err().field, Field::DefaultPolicy);
}

#[test]
fn a_deny_anywhere_wins() {
    let (grant, denial) = (json!({ "write_allow": [hex(1)] }), json!({ "write_deny": [hex(1)] }));
    for (global, rule, path) in
        [(&denial, &grant, "global.write_deny"), (&grant, &denial, "rules.1.write_deny")]
    {
        let policy = policy(&json!({ "global": global, "rules": { "1": rule } }));
        assert_eq!(writes(&policy, 1), (Verdict::Deny, writes(&policy, 1).1, path.to_owned()));
    }
    // Both may be asked for one event: the deny list is first, whatever else would be wrong with the event.
    let both = policy(&json!({ "global": { "write_deny": [hex(1)], "content_limit": 0 } }));
    assert_eq!(write(&both, note().content("x"), &[1]).unwrap_err().field, Field::WriteDeny);
    assert_eq!(write(&both, note().content("x"), &[2]).unwrap_err().field, Field::ContentLimit);
}

#[test]
fn of_several_keys_a_deny_for_any_denies_and_a_grant_for_any_grants() {
    let grant = policy(&json!({ "rules": { "1": { "write_allow": [hex(1)], "read_allow": [hex(1)] } } }));
    let denial = policy(&json!({ "rules": { "1": { "write_deny": [hex(1)], "read_deny": [hex(1)] } } }));
    for (keys, granted) in [(&[3_u64, 1][..], true), (&[1, 3], true), (&[3, 4], false), (&[], false)] {
        assert_eq!(write(&grant, note(), keys).is_ok(), granted, "{keys:?}");
        assert_eq!(read(&grant, note(), keys).is_ok(), granted, "{keys:?}");
        assert_eq!(write(&denial, note(), keys).is_ok(), !keys.contains(&1), "{keys:?}");
        assert_eq!(read(&denial, note(), keys).is_ok(), !keys.contains(&1), "{keys:?}");
    }
}

#[test]
fn permissive_flags_pass_over_the_whitelist_in_their_direction_alone() {
    let json = |flag: &str, list: &str| json!({ "kind": { list: [7] }, "global": { flag: true } });
    let by_whitelist =
        |result: Result<(), chappe_policy::Denial>| result.unwrap_err().field == Field::KindWhitelist;
    let write_flag = policy(&json("write_allow_permissive", "whitelist"));
    assert_eq!(write(&write_flag, note(), &[1]), Ok(()));
    assert!(by_whitelist(read(&write_flag, note(), &[1])));
    let read_flag = policy(&json("read_allow_permissive", "whitelist"));
    assert_eq!(read(&read_flag, note(), &[1]), Ok(()));
    assert!(by_whitelist(write(&read_flag, note(), &[1])));
    for flag in ["write_allow_permissive", "read_allow_permissive"] {
        let policy = policy(&json!({ "kind": { "blacklist": [1] }, "global": { flag: true } }));
        assert_eq!(write(&policy, note(), &[1]).unwrap_err().field, Field::KindBlacklist);
        assert_eq!(read(&policy, note(), &[1]).unwrap_err().field, Field::KindBlacklist);
    }
    // A flag is no grant: the default policy has the last word.
    let json = json!({ "default_policy": "deny", "kind": { "whitelist": [7] }, "global": { "read_allow_permissive": true } });
    assert_eq!(read(&policy(&json), note(), &[1]).unwrap_err().field, Field::DefaultPolicy);
}

#[test]
fn rate_and_scripts_come_with_a_yes_and_the_lower_rate_holds() {
    let json = |global: Value, rule: Value| json!({ "global": global, "rules": { "1": rule } });
    let table = [
        (json!({}), json!({}), None, [None, None]),
        (json!({ "rate_limit": 10 }), json!({}), Some(10), [None, None]),
        (json!({}), json!({ "rate_limit": 5, "script": "b" }), Some(5), [None, Some("b")]),
        (
            json!({ "rate_limit": 10, "script": "a" }),
            json!({ "rate_limit": 5, "script": "b" }),
            Some(5),
            [Some("a"), Some("b")],
        ),
        (json!({ "rate_limit": 3, "script": "a" }), json!({ "rate_limit": 5 }), Some(3), [Some("a"), None]),
        (json!({ "rate_limit": 0 }), json!({ "script": "" }), None, [None, None]),
        (json!({ "rate_limit": 3, "script": "a" }), json!({ "write_deny": [hex(1)] }), None, [None, None]),
    ];
    for (global, rule, per_minute, scripts) in table {
        let policy = policy(&json(global, rule));
        let event = by_author(note());
        submit(&event, &keys(&[1]), |submission| {
            let decision = policy.may_write(submission, &follows());
            assert_eq!(decision.rate, per_minute.map(|per_minute| Rate { per_minute }));
            assert_eq!(decision.scripts, scripts);
        });
        let decision = policy.may_read(&event.head(), &keys(&[1]), &Default::default());
        assert_eq!((decision.rate, decision.scripts), (None, [None, None]), "reading asks no script");
    }
    let policy = policy(
        &json!({ "global": { "script": "b" }, "rules": { "1": { "script": "a" }, "7": { "script": "b" } } }),
    );
    assert_eq!(policy.scripts().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn the_explanation_tells_the_same_story() {
    let rule = json!({ "write_allow": [hex(1)], "content_limit": 3, "rate_limit": 7, "script": "./spam" });
    let policy = policy(&json!({ "kind": { "whitelist": [1] }, "rules": { "1": rule } }));
    let tell = |event, submitter| {
        let event = by_author(event);
        submit(&event, &keys(&[submitter]), |submission| {
            policy.explain_write(submission, &follows()).to_string()
        })
    };
    assert_eq!(
        tell(note().content("abc"), 1),
        "pass      kind lists, whitelist: kind 1 is listed\n\
         grant     rule for kind 1, write_allow: grants the asker\n\
         pass      rule for kind 1, content_limit: 3 bytes, at most 3\n\
         allow     rule for kind 1, write_allow: the kind has a rule, and passes it\n\
         => allow by rules.1.write_allow, at most 7 events a minute, if ./spam agrees"
    );
    assert_eq!(
        tell(note().content("abcd"), 1),
        "pass      kind lists, whitelist: kind 1 is listed\n\
         grant     rule for kind 1, write_allow: grants the asker\n\
         deny      rule for kind 1, content_limit: 4 bytes, at most 3\n\
         => deny by rules.1.content_limit: content is longer than 3 bytes (rule for kind 1)"
    );
    let closed = policy.explain_read_kind(Kind(7), &[], &follows());
    assert_eq!((closed.verdict(), closed.path()), (Verdict::Deny, "kind.whitelist"));
    assert_eq!(
        closed.to_string(),
        "deny      kind lists, whitelist: kind 7 is not listed\n\
         => deny by kind.whitelist: kind 7 is not among the kinds of this relay (kind lists)"
    );
}
