//! A policy of 10,000 keys and 50 rules asked about one event.

#![allow(missing_docs, unused_qualifications, reason = "the macros write code of their own")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a benchmark stops without its input, and owns it"
)]

use std::hint::black_box;

use chappe_policy::{Follows, KeySet, Policy, Submission};
use chappe_protocol::{PublicKey, Timestamp};
use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use gungraun::prelude::*;
use serde_json::{Map, Value, json};

const KEYS: usize = 10_000;
const NOW: u64 = 1_700_000_000;

struct Desk {
    policy: Policy,
    follows: Follows,
    event: TestEvent,
    event_bytes: usize,
    asker: [PublicKey; 1],
}

/// A note by person 1, who is on the lists. Person 2 is on none, and person 3 is followed by one who counts.
fn desk(asker: u64, tags: usize) -> Desk {
    let mut rng = Rng::new(1);
    let mut keys: Vec<String> = (1..KEYS).map(|_| PublicKey::from_bytes(rng.bytes32()).to_string()).collect();
    let denied = keys.split_off(KEYS - 100);
    keys.push(Keys::from_seed(1).hex());
    let root = Keys::from_seed(4);
    let global = json!({
        "write_deny": denied, "read_deny": denied, "size_limit": 100_000, "max_age_event_in_future": 900,
    });
    let rule = json!({
        "write_allow": keys, "read_allow": keys, "write_follows_whitelist": [root.hex()],
        "read_follows_whitelist": [root.hex()], "privileged": true, "content_limit": 10_000,
        "allowed_tags": ["t", "p", "e"], "rate_limit": 60,
    });
    let other = json!({ "privileged": true, "content_limit": 10_000, "must_have_tags": ["d"] });
    let mut rules: Map<String, Value> = (2..51).map(|kind: u16| (kind.to_string(), other.clone())).collect();
    rules.insert("1".to_owned(), rule);
    let kinds: Vec<u16> = (0..51).collect();
    let file = json!({
        "default_policy": "deny", "kind": { "whitelist": kinds }, "global": global, "rules": rules,
    });
    let mut followed: Vec<_> = (0..KEYS).map(|_| PublicKey::from_bytes(rng.bytes32())).collect();
    followed.push(Keys::from_seed(3).public());
    let followed: KeySet = followed.into_iter().collect();
    let builder = EventBuilder::new(1).created_at(NOW).content("Good morning, nostr. ".repeat(12));
    let event = (0..tags).fold(builder, |event, _| event.tag(&["p", &Keys::from_seed(9).hex()]));
    let event = event.sign(&Keys::from_seed(1));
    let desk = Desk {
        policy: Policy::parse(&file.to_string()).expect("a policy"),
        follows: Follows::new(std::iter::once((root.public(), followed))),
        event_bytes: event.json().len(),
        event,
        asker: [Keys::from_seed(asker).public()],
    };
    may_write(&desk);
    may_read(&desk);
    desk
}

fn may_write(desk: &Desk) -> bool {
    let submission = Submission {
        head: &desk.event.head(),
        content_bytes: desk.event.content().len(),
        event_bytes: desk.event_bytes,
        submitters: &desk.asker,
        now: Timestamp(NOW),
    };
    desk.policy.may_write(black_box(&submission), &desk.follows).is_allowed()
}

fn may_read(desk: &Desk) -> bool {
    desk.policy.may_read(black_box(&desk.event.head()), &desk.asker, &desk.follows).is_allowed()
}

#[library_benchmark(setup = desk)]
#[bench::listed(1, 3)]
#[bench::followed(3, 3)]
#[bench::stranger(2, 3)]
#[bench::listed_with_100_tags(1, 100)]
fn write(desk: Desk) -> (Desk, bool) {
    let allowed = may_write(&desk);
    (desk, allowed)
}

#[library_benchmark(setup = desk)]
#[bench::listed(1, 3)]
#[bench::followed(3, 3)]
#[bench::stranger(2, 3)]
#[bench::stranger_with_100_tags(2, 100)]
fn read(desk: Desk) -> (Desk, bool) {
    let allowed = may_read(&desk);
    (desk, allowed)
}

library_benchmark_group!(name = policy, benchmarks = [write, read]);
main!(library_benchmark_groups = policy);
