//! An evaluation allocates nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at what they do not expect"
)]

use chappe_policy::{Follows, KeySet, Policy, Submission};
use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_testkit::{CountingAllocator, EventBuilder, Keys, Rng, allocations};
use serde_json::{Map, Value, json};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A policy of 10,000 keys and 50 rules; person 1 may write and read kind 1, person 2 may not.
fn large() -> (Policy, Follows) {
    let mut rng = Rng::new(1);
    let mut keys: Vec<String> =
        (0..10_000).map(|_| PublicKey::from_bytes(rng.bytes32()).to_string()).collect();
    keys.push(Keys::from_seed(1).hex());
    let (root, rule) =
        (Keys::from_seed(3), json!({ "privileged": true, "size_limit": 5_000, "must_have_tags": ["t"] }));
    let mut rules: Map<String, Value> = (2..51).map(|kind| (kind.to_string(), rule.clone())).collect();
    rules.insert("1".to_owned(), json!({
        "write_allow": keys, "read_allow": keys, "write_follows_whitelist": [root.hex()],
        "write_allow_if_tagged": [root.hex()], "privileged": true, "content_limit": 100, "size_limit": 1_000,
        "max_age_of_event": 60, "max_age_event_in_future": 60, "max_expiry_duration": "P1D",
        "must_have_tags": ["t", "d"], "allowed_tags": ["t", "d", "p", "expiration", "-"], "protected_required": true,
        "tag_validation": { "t": "^[a-z]{1,20}$" }, "identifier_regex": "^[a-z0-9-]+$", "rate_limit": 9, "script": "x",
    }));
    let deny = json!({ "write_deny": [root.hex()], "read_deny": [root.hex()] });
    let file = json!({ "kind": { "whitelist": [1, 4], "blacklist": [7] }, "global": deny, "rules": rules });
    let followed: KeySet = (0..10_000).map(|_| PublicKey::from_bytes(rng.bytes32())).collect();
    (
        Policy::parse(&file.to_string()).expect("a policy"),
        Follows::new(std::iter::once((root.public(), followed))),
    )
}

#[test]
fn neither_a_yes_nor_a_no_allocates() {
    assert!(allocations(|| drop(vec![1])) > 0, "the allocator counts");
    let (policy, follows) = large();
    let event = EventBuilder::new(1)
        .created_at(1_000_000)
        .content("hello")
        .tag(&["t", "nostr"])
        .tag(&["d", "a-1"])
        .tag(&["p", &Keys::from_seed(5).hex()])
        .tag(&["-"])
        .tag(&["expiration", "1000060"])
        .sign(&Keys::from_seed(1));
    let (head, bytes) = (event.head(), event.json().len());
    for (person, allowed) in [(1, true), (2, false)] {
        let submitters = [Keys::from_seed(person).public()];
        let submission = Submission {
            head: &head,
            content_bytes: event.content().len(),
            event_bytes: bytes,
            submitters: &submitters,
            now: Timestamp(1_000_000),
        };
        let ask = || {
            let decision = policy.may_write(&submission, &follows);
            assert_eq!(decision.is_allowed(), allowed);
            // An event that is readable as its author's or by the list.
            assert_eq!(policy.may_read(&head, &submitters, &follows).is_allowed(), allowed);
            let _ = policy.may_read_kind(Kind(1), &submitters, &follows);
            assert!(!policy.may_read(&head, &[], &follows).is_allowed());
        };
        // The first time, a regex makes room for what it remembers.
        ask();
        assert_eq!(allocations(ask), 0, "person {person}");
    }
}
