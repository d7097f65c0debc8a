//! A file as ORLY's operators have it, with every field.

use chappe_policy::{Follows, Policy};
use chappe_protocol::{PublicKey, Timestamp};
use chappe_testkit::EventBuilder;

use crate::support::{NOW, by_author, lines, submit};

const FILE: &str = include_str!("orly.json");

fn key(hex: &str) -> PublicKey {
    PublicKey::from_hex(hex.as_bytes()).unwrap()
}

#[test]
fn a_file_with_every_field_loads_unchanged() {
    let policy = Policy::parse(FILE).unwrap_or_else(|faults| panic!("{}", lines(&faults)));
    let fields = [
        "description",
        "write_allow",
        "write_deny",
        "read_allow",
        "read_deny",
        "privileged",
        "write_allow_follows",
        "follows_whitelist_admins",
        "read_follows_whitelist",
        "write_follows_whitelist",
        "write_allow_if_tagged",
        "read_allow_permissive",
        "write_allow_permissive",
        "size_limit",
        "content_limit",
        "max_age_of_event",
        "max_age_event_in_future",
        "max_expiry_duration",
        "max_expiry",
        "must_have_tags",
        "allowed_tags",
        "tag_validation",
        "identifier_regex",
        "protected_required",
        "rate_limit",
        "script",
    ];
    for field in fields {
        assert!(FILE.contains(&format!("\"{field}\":")), "{field} is missing from the file of this test");
    }
    assert_eq!((policy.owners().len(), policy.admins().len()), (1, 1));
    assert_eq!(policy.scripts().collect::<Vec<_>>(), ["/etc/orly/policy/text-note-policy.py"]);
    assert_eq!(policy.follow_roots().count(), 4);
}

#[test]
fn its_rules_do_what_they_say() {
    let policy = Policy::parse(FILE).unwrap();
    let owner = key("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    let member = key("e493dbf1c10d80f3581e4904930b1404cc6c13900ee0758474fa94abe8c4cd13");
    let denied = key("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
    let admin = key("c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5");
    let friend = PublicKey::from_bytes([5; 32]);
    let follows = Follows::new(std::iter::once((admin, [friend].into_iter().collect())));
    let decides = |event: EventBuilder, submitter: PublicKey| {
        let event = by_author(event.created_at(NOW));
        submit(&event, &[submitter], |submission| {
            assert_eq!(submission.now, Timestamp(NOW));
            policy.may_write(submission, &follows).path()
        })
    };
    let member_hex = member.to_string();
    let expiring = EventBuilder::new(7).tag(&["e", ""]).tag(&["p", ""]);
    let soon = (NOW + 60).to_string();
    let table = [
        (EventBuilder::new(1), owner, "rules.1.write_allow"),
        (EventBuilder::new(1), friend, "rules.1.write_allow_follows"),
        (EventBuilder::new(1), admin, "rules.1.write_allow"),
        (EventBuilder::new(1), denied, "global.write_deny"),
        (EventBuilder::new(0), owner, "default_policy"),
        (EventBuilder::new(6), owner, "kind.whitelist"),
        (EventBuilder::new(4), owner, "rules.4.protected_required"),
        (EventBuilder::new(4).tag(&["-"]), owner, "rules.4"),
        (expiring.clone(), owner, "rules.7.max_expiry_duration"),
        (expiring.tag(&["expiration", &soon]), owner, "rules.7"),
        (EventBuilder::new(1059), owner, "rules.1059.write_allow_if_tagged"),
        (EventBuilder::new(1059).tag(&["p", &member_hex]), owner, "rules.1059.write_allow_if_tagged"),
        (EventBuilder::new(37801).tag(&["e", ""]), owner, "rules.37801.allowed_tags"),
    ];
    for (event, submitter, path) in table {
        assert_eq!(decides(event.clone(), submitter), path, "{event:?}");
    }
    let unlisted = by_author(EventBuilder::new(6));
    assert_eq!(
        policy.may_read(&unlisted.head(), &[], &follows).path(),
        "default_policy",
        "the flag is no grant"
    );
}

#[test]
fn what_another_tool_writes_for_unset_fields_is_unset() {
    let text = r#"{ "kind": {}, "rules": null, "global": { "description": "" }, "default_policy": "", "owners": null }"#;
    let policy = Policy::parse(text).unwrap();
    assert!(policy.warnings().is_empty(), "{}", lines(policy.warnings()));
    assert!(!policy.is_permissive());
}
