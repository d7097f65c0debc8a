//! A policy that is only looked at.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use chappe_policy::{Decision, Policy, Verdict};
use chappe_protocol::{EventHead, EventId, Kind, PublicKey, Timestamp};
use parking_lot::Mutex;

/// How many of the events that two policies differed about are remembered, the newest ones.
const REMEMBERED_MAX: usize = 100;

/// A second policy, asked beside the one in force. It refuses nothing: how often the two differ is counted, and the last
/// events about whose writing they did are remembered.
#[derive(Debug)]
pub struct Shadow {
    policy: Policy,
    writes: Tally,
    reads: Tally,
    /// Oldest first.
    remembered: Mutex<VecDeque<Differed>>,
}

/// An event that was to be written, and that two policies differed about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differed {
    /// When it was to be written.
    pub at: Timestamp,
    /// Its id.
    pub id: EventId,
    /// Its author.
    pub author: PublicKey,
    /// Its kind.
    pub kind: Kind,
    /// Which policy says no.
    pub difference: Difference,
    /// What says so in that policy, as `rules.1.content_limit`.
    pub because: String,
}

/// What two policies said of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// Only the one in force says no.
    OnlyPolicyDenies,
    /// Only the shadow says no.
    OnlyShadowDenies,
}

/// How often two policies were of one mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShadowCounts {
    /// Both said yes, or both no.
    pub agreed: u64,
    /// See [`Difference::OnlyPolicyDenies`].
    pub only_policy_denies: u64,
    /// See [`Difference::OnlyShadowDenies`].
    pub only_shadow_denies: u64,
}

#[derive(Debug, Default)]
struct Tally {
    agreed: AtomicU64,
    only_policy_denies: AtomicU64,
    only_shadow_denies: AtomicU64,
}

impl Shadow {
    /// With all counts at 0.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, writes: Tally::default(), reads: Tally::default(), remembered: Mutex::default() }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// About events that were to be written.
    #[must_use]
    pub fn writes(&self) -> ShadowCounts {
        self.writes.counts()
    }

    /// About events that were to be shown.
    #[must_use]
    pub fn reads(&self) -> ShadowCounts {
        self.reads.counts()
    }

    /// The last events about whose writing the policies differed, newest first: 100 at most.
    #[must_use]
    pub fn remembered(&self) -> Vec<Differed> {
        self.remembered.lock().iter().rev().cloned().collect()
    }

    pub(crate) fn count_write(
        &self,
        head: &EventHead<'_>,
        (policy, shadow): (&Decision<'_>, &Decision<'_>),
        now: Timestamp,
    ) -> Option<Difference> {
        let difference = self.writes.count(policy.verdict, shadow.verdict)?;
        // Nobody waits for this lock on an event's way: what comes while it is taken is counted, and not remembered.
        if let Some(mut remembered) = self.remembered.try_lock() {
            let denying = match difference {
                Difference::OnlyPolicyDenies => policy,
                Difference::OnlyShadowDenies => shadow,
            };
            if remembered.len() >= REMEMBERED_MAX {
                remembered.pop_front();
            }
            remembered.push_back(Differed {
                at: now,
                id: head.id,
                author: head.pubkey,
                kind: head.kind,
                difference,
                because: denying.path(),
            });
        }
        Some(difference)
    }

    pub(crate) fn count_read(&self, policy: Verdict, shadow: Verdict) {
        self.reads.count(policy, shadow);
    }
}

impl Tally {
    fn count(&self, policy: Verdict, shadow: Verdict) -> Option<Difference> {
        let (counter, difference) = match (policy, shadow) {
            (Verdict::Allow, Verdict::Allow) | (Verdict::Deny, Verdict::Deny) => (&self.agreed, None),
            (Verdict::Deny, Verdict::Allow) => (&self.only_policy_denies, Some(Difference::OnlyPolicyDenies)),
            (Verdict::Allow, Verdict::Deny) => (&self.only_shadow_denies, Some(Difference::OnlyShadowDenies)),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        difference
    }

    fn counts(&self) -> ShadowCounts {
        ShadowCounts {
            agreed: self.agreed.load(Ordering::Relaxed),
            only_policy_denies: self.only_policy_denies.load(Ordering::Relaxed),
            only_shadow_denies: self.only_shadow_denies.load(Ordering::Relaxed),
        }
    }
}
