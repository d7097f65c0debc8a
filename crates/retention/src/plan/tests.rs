use chappe_authorization::{Settings, Standing};
use chappe_protocol::PublicKey;
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use std::sync::Arc;

use super::*;

fn keys(seed: u64) -> (Keys, PublicKey) {
    let keys = Keys::from_seed(seed);
    let public = keys.public();
    (keys, public)
}

const RELAY: u64 = 1;
const OWNER: u64 = 2;
const MODERATOR: u64 = 3;
const BANNED: u64 = 4;
const MEMBER: u64 = 5;
const LISTED: u64 = 6;
const TRUSTED: u64 = 7;
const OTHER: u64 = 8;

fn access() -> Access {
    let set = |seed: u64| std::iter::once(keys(seed).1).collect();
    let settings = Settings {
        relay_key: Some(keys(RELAY).1),
        owners: set(OWNER),
        moderators: set(MODERATOR),
        ..Settings::default()
    };
    let standing = Standing {
        banned_keys: [keys(BANNED).1, keys(OWNER).1].into_iter().collect(),
        members: [(keys(MEMBER).1, None)].into_iter().collect(),
        allowed_keys: set(LISTED),
        trusted_keys: set(TRUSTED),
        ..Standing::default()
    };
    Access::new(settings).with_standing(Arc::new(standing))
}

fn event(kind: u16, seed: u64, created_at: u64) -> TestEvent {
    EventBuilder::new(kind).created_at(created_at).sign(&keys(seed).0)
}

fn rule(name: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        kinds: KindSet::default(),
        authors: Vec::new(),
        bytes_min: 0,
        age_seconds_max: None,
        order: Some(Order(100)),
    }
}

fn fate(rules: &[Rule], kind: u16, seed: u64) -> Fate {
    let plan = Plan { rules: rules.to_vec(), bytes_max: 0 };
    let event = event(kind, seed, 100);
    plan.fate(&access(), &event.event().head, 500)
}

#[test]
fn everybody_has_a_group() {
    let groups = [
        (RELAY, Group::Relay),
        (OWNER, Group::Managers),
        (MODERATOR, Group::Managers),
        (BANNED, Group::Banned),
        (MEMBER, Group::Members),
        (LISTED, Group::Listed),
        (TRUSTED, Group::Listed),
        (OTHER, Group::Others),
    ];
    for (seed, group) in groups {
        assert_eq!(group_of(&access(), &keys(seed).1), group, "{seed}");
    }
}

#[test]
fn what_no_rule_speaks_of_makes_room_last() {
    let last = Fate { rule: None, age_seconds_max: None, order: Some(Order::LAST) };
    let never = Fate { order: None, ..last };
    for (seed, expected) in [(RELAY, never), (OWNER, never), (BANNED, last), (MEMBER, last), (OTHER, last)] {
        assert_eq!(fate(&[], 1, seed), expected, "{seed}");
    }
}

#[test]
fn some_events_are_kept_whatever_rules_say() {
    let everybody =
        vec![Group::Managers, Group::Banned, Group::Members, Group::Listed, Group::Others, Group::Relay];
    let all = Rule { authors: everybody, age_seconds_max: Some(1), ..rule("all") };
    let kept = Fate { rule: None, age_seconds_max: None, order: None };
    for (kind, seed) in [(1, RELAY), (5, OTHER), (62, OTHER), (5, BANNED)] {
        assert_eq!(fate(std::slice::from_ref(&all), kind, seed), kept, "{kind} by {seed}");
    }
    assert_eq!(fate(&[all], 1, OWNER).rule, Some(0), "a manager is named");
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = [
        Rule { kinds: [Kind(7)].into_iter().collect(), order: Some(Order(1)), ..rule("reactions") },
        Rule { authors: vec![Group::Members, Group::Listed], order: None, ..rule("friends") },
        Rule { bytes_min: 501, order: Some(Order(2)), ..rule("large") },
        Rule { bytes_min: 500, order: Some(Order(3)), ..rule("middle") },
        rule("others"),
    ];
    for (kind, seed, place) in [
        (7, OTHER, Some(0)),
        (7, MEMBER, Some(0)),
        (1, MEMBER, Some(1)),
        (1, LISTED, Some(1)),
        (1, OTHER, Some(3)),
        (1, BANNED, Some(3)),
        (7, OWNER, None),
        (1, OWNER, None),
    ] {
        let fate = fate(&rules, kind, seed);
        assert_eq!(fate.rule, place, "{kind} by {seed}");
        assert_eq!(fate.order, place.and_then(|place: usize| rules[place].order), "{kind} by {seed}");
    }
}

#[test]
fn an_event_may_become_as_old_as_its_rule_says_to_the_second() {
    let rules = vec![Rule { age_seconds_max: Some(86_400), ..rule("notes") }];
    let plan = Plan { rules, bytes_max: 0 };
    let check = |kind: u16, seed: u64, created_at: u64, now: u64| {
        let event = event(kind, seed, created_at);
        plan.check_age(&access(), &event.event().head, 500, Timestamp(now))
    };
    assert_eq!(check(1, OTHER, 100, 86_500), Ok(()));
    let too_old = check(1, OTHER, 100, 86_501).unwrap_err();
    assert_eq!(
        Refusal::from(too_old),
        Refusal::new(Prefix::Invalid, "this relay keeps such events for 1 days")
    );
    assert_eq!(check(1, OTHER, 100, 0), Ok(()));
    for (kind, seed) in [(1, OWNER), (1, RELAY), (5, OTHER), (62, OTHER), (20_000, OTHER)] {
        assert_eq!(check(kind, seed, 0, u64::MAX), Ok(()), "{kind} by {seed}");
    }
    assert!(!plan.keeps_everything() && Plan::default().keeps_everything());
}

#[test]
fn turns_come_in_order_and_each_once() {
    let with = |order| Rule { order, ..rule("some") };
    let rules = vec![with(Some(Order(7))), with(None), with(Some(Order(2))), with(Some(Order(7)))];
    assert_eq!(Plan { rules, bytes_max: 0 }.orders(), [Order(2), Order(7), Order::LAST]);
    let plan = Plan { rules: Vec::new(), bytes_max: 3_200 };
    assert_eq!((plan.begins_at(), plan.ends_at()), (3_000, 2_900));
}

#[test]
fn haste_grows_up_to_the_ceiling() {
    let plan = Plan { rules: Vec::new(), bytes_max: 25_600 };
    let used = [0, 24_000, 24_099, 24_100, 24_850, 25_599, 25_600, u64::MAX];
    assert_eq!(used.map(|used| plan.haste(used)), [0, 0, 0, 1, 8, 15, 16, 16]);
    assert_eq!([0, 1, u64::MAX].map(|used| Plan::default().haste(used)), [0, 0, 0], "without a ceiling");
}
