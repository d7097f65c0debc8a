//! A policy that is only looked at.

use std::sync::atomic::{AtomicU64, Ordering};

use chappe_policy::{Policy, Verdict};

/// A second policy, asked beside the one in force. It refuses nothing: how often the two differ is counted.
#[derive(Debug)]
pub struct Shadow {
    policy: Policy,
    writes: Tally,
    reads: Tally,
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
        Self { policy, writes: Tally::default(), reads: Tally::default() }
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

    pub(crate) fn count_write(&self, policy: Verdict, shadow: Verdict) -> Option<Difference> {
        self.writes.count(policy, shadow)
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
