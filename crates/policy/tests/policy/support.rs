//! Policies and people to test with.

use chappe_policy::{Denial, Follows, KeySet, Policy, Readable, Submission};
use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::Value;

/// When everything takes place, and when [`note`] was made.
pub(crate) const NOW: u64 = 1_700_000_000;

/// Who writes the events.
pub(crate) const AUTHOR: u64 = 9;

pub(crate) fn hex(seed: u64) -> String {
    Keys::from_seed(seed).hex()
}

pub(crate) fn keys(seeds: &[u64]) -> Vec<PublicKey> {
    seeds.iter().map(|&seed| Keys::from_seed(seed).public()).collect()
}

pub(crate) fn note() -> EventBuilder {
    EventBuilder::new(1).created_at(NOW)
}

pub(crate) fn by_author(event: EventBuilder) -> TestEvent {
    event.sign(&Keys::from_seed(AUTHOR))
}

pub(crate) fn policy(json: &Value) -> Policy {
    let text = serde_json::to_string_pretty(json).unwrap();
    Policy::parse(&text).unwrap_or_else(|faults| panic!("{text}\n{}", lines(&faults)))
}

pub(crate) fn lines<T: ToString>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Key 1 follows 2, and 3 follows 4.
pub(crate) fn follows() -> Follows {
    let list = |root: u64, followed: u64| {
        (Keys::from_seed(root).public(), keys(&[followed]).into_iter().collect::<KeySet>())
    };
    Follows::new([list(1, 2), list(3, 4)].into_iter())
}

/// A submission by other people than its author.
pub(crate) fn submit<T>(
    event: &TestEvent,
    submitters: &[PublicKey],
    ask: impl FnOnce(&Submission<'_>) -> T,
) -> T {
    ask(&Submission {
        head: &event.head(),
        content_bytes: event.content().len(),
        event_bytes: event.json().len(),
        submitters,
        now: Timestamp(NOW),
    })
}

pub(crate) fn write(policy: &Policy, event: EventBuilder, submitters: &[u64]) -> Result<(), Denial> {
    let event = by_author(event);
    submit(&event, &keys(submitters), |submission| {
        policy.may_write(submission, &follows()).denial().map_or(Ok(()), Err)
    })
}

/// Whether the event may be read; that the answer about its kind fits is checked as well.
pub(crate) fn read(policy: &Policy, event: EventBuilder, viewers: &[u64]) -> Result<(), Denial> {
    let (event, viewers) = (by_author(event), keys(viewers));
    let decision = policy.may_read(&event.head(), &viewers, &follows());
    let of_kind = policy.may_read_kind(Kind(event.kind()), &viewers, &follows());
    assert!(!decision.is_allowed() || of_kind == Readable::Maybe, "readable, but not by its kind");
    decision.denial().map_or(Ok(()), Err)
}
