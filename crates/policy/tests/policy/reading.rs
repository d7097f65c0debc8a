//! The fields about reading.

use chappe_policy::{Field, Readable};
use chappe_protocol::Kind;
use serde_json::{Value, json};

use crate::support::{AUTHOR, follows, hex, keys, note, policy, read, write};

/// Who of 1 to 4, of nobody, and of the author may read under a rule; 1 follows 2, and 3 follows 4. The policy admin is 1.
#[test]
fn lists_grant_and_deny_viewers() {
    let (all, nobody): (&[u64], &[u64]) = (&[1, 2, 3, 4, AUTHOR, 0], &[]);
    let table: [(Value, &[u64]); 16] = [
        (json!({}), all),
        (json!({ "read_allow": [] }), all),
        (json!({ "read_allow": [hex(2)] }), &[2]),
        (json!({ "read_deny": [hex(2)] }), &[1, 3, 4, AUTHOR, 0]),
        (json!({ "read_deny": [hex(2)], "read_allow": [hex(3)] }), &[3]),
        (json!({ "read_deny": [hex(4)], "read_follows_whitelist": [hex(3)] }), &[3]),
        (json!({ "write_allow_follows": true }), &[2]),
        (json!({ "follows_whitelist_admins": [hex(3)] }), &[3, 4]),
        (json!({ "read_follows_whitelist": [hex(3)] }), &[3, 4]),
        (json!({ "read_follows_whitelist": [hex(3)], "read_allow": [hex(1)] }), &[1, 3, 4]),
        (
            json!({ "write_follows_whitelist": [hex(3)], "write_allow": [hex(1)], "write_deny": [hex(2)] }),
            all,
        ),
        (json!({ "write_allow_if_tagged": [hex(3)] }), all),
        (json!({ "privileged": true }), &[AUTHOR]),
        (json!({ "privileged": true, "read_allow": [hex(3)] }), &[AUTHOR, 3]),
        (json!({ "privileged": true, "read_deny": [hex(AUTHOR)] }), nobody),
        (
            json!({ "privileged": false, "size_limit": 1, "must_have_tags": ["x"], "protected_required": true }),
            all,
        ),
    ];
    for (rule, readers) in table {
        for place in ["global", "rules"] {
            let rule = if place == "global" { rule.clone() } else { json!({ "1": rule }) };
            let json =
                json!({ "policy_admins": [hex(1)], "policy_follow_whitelist_enabled": true, place: rule });
            let policy = policy(&json);
            for key in [0, 1, 2, 3, 4, AUTHOR] {
                let viewers = if key == 0 { vec![] } else { vec![key] };
                assert_eq!(
                    read(&policy, note(), &viewers).is_ok(),
                    readers.contains(&key),
                    "{key} by {json}"
                );
            }
        }
    }
}

#[test]
fn privileged_is_for_author_and_recipients_and_ored_with_read_allow() {
    let to = |seed| note().tag(&["p", &hex(seed)]);
    let privileged = policy(&json!({ "rules": { "1": { "privileged": true } } }));
    for (event, viewers, readable) in [
        (to(5), vec![5], true),
        (to(5), vec![AUTHOR], true),
        (to(5), vec![1, 5], true),
        (to(5).tag(&["p", &hex(6)]), vec![6], true),
        (to(5), vec![1], false),
        (to(5), vec![], false),
        (note().tag(&["e", &hex(5)]), vec![5], false),
        (note().tag(&["p", "x", &hex(5)]), vec![5], false),
    ] {
        assert_eq!(read(&privileged, event.clone(), &viewers).is_ok(), readable, "{viewers:?} {event:?}");
    }
    assert_eq!(write(&privileged, to(5), &[1]), Ok(()), "it is about reading alone");
    let denial = read(&privileged, note(), &[1]).unwrap_err();
    assert!(denial.depends_on_key());
    assert_eq!(denial.to_string(), "reading is for the event's author and recipients (rule for kind 1)");
    let ored = policy(&json!({ "rules": { "1": { "privileged": true, "read_allow": [hex(1)] } } }));
    assert!(read(&ored, to(5), &[1]).is_ok() && read(&ored, to(5), &[5]).is_ok());
    assert_eq!(read(&ored, to(5), &[2]).unwrap_err().field, Field::ReadAllow);
}

#[test]
fn a_kind_is_readable_if_an_event_of_it_could_be() {
    let table: [(Value, &[u64], bool); 12] = [
        (json!({}), &[], true),
        (json!({ "kind": { "blacklist": [1] } }), &[1], false),
        (json!({ "kind": { "whitelist": [7] } }), &[1], false),
        (json!({ "kind": { "whitelist": [7] }, "global": { "read_allow_permissive": true } }), &[1], true),
        (json!({ "default_policy": "deny" }), &[1], false),
        (json!({ "default_policy": "deny", "global": { "read_allow": [hex(1)] } }), &[1], true),
        (json!({ "default_policy": "deny", "global": { "privileged": true } }), &[1], true),
        (json!({ "default_policy": "deny", "global": { "privileged": true } }), &[], false),
        (json!({ "rules": { "1": { "privileged": true } } }), &[], false),
        (json!({ "rules": { "1": { "privileged": true } } }), &[2], true),
        (json!({ "rules": { "1": { "read_allow": [hex(1)] } } }), &[2], false),
        (
            json!({ "global": { "read_deny": [hex(2)] }, "rules": { "1": { "privileged": true } } }),
            &[2, 3],
            false,
        ),
    ];
    for (json, viewers, maybe) in table {
        let answer = policy(&json).may_read_kind(Kind(1), &keys(viewers), &follows());
        assert_eq!(answer, if maybe { Readable::Maybe } else { Readable::Never }, "{viewers:?} by {json}");
    }
}
