//! Claims that let people in (NIP-43).

use chappe_protocol::{PublicKey, Timestamp};

use crate::management::Management;
use crate::packed::Name;
use crate::state::{Edit, State};
use crate::values::{Invite, Origin};

/// The longest code, in bytes.
pub(crate) const CODE_BYTES_MAX: usize = 100;
/// How often one invite can be used at most.
pub(crate) const USES_MAX: u32 = 100_000;
/// How long one invite can be open at most, but for those that never expire.
pub(crate) const DAYS_MAX: u32 = 3_650;
/// How many invites that one key got by asking for kind 28935 are open at the same time. The next is one of these again.
pub(crate) const REQUESTED_MAX: usize = 10;

/// The counter of invites ever made: no code comes twice.
const MADE: &str = "invites";

const DAY_SECONDS: u64 = 86_400;

/// When an invite of so many days expires; 0 days never do.
pub(crate) fn expiry(now: Timestamp, days: u32) -> Option<Timestamp> {
    (days > 0).then(|| now.plus_seconds(u64::from(days) * DAY_SECONDS))
}

impl Invite {
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl Management {
    /// A code that nobody can guess, and the edit that sees to it that it never comes again.
    pub(crate) fn new_code(&self, state: &State) -> (String, Edit) {
        let name = Name(MADE.to_owned());
        let number = state.counters.get(&name).copied().unwrap_or_default().saturating_add(1);
        (self.keys().unguessable(number), Edit::Counted(name, Some(number)))
    }
}

impl State {
    /// The invites that this key got by asking for them and that still let somebody in, the last to expire first.
    pub(crate) fn requested_by(&self, key: &PublicKey, now: Timestamp) -> Vec<(&Name, &Invite)> {
        let mut found: Vec<_> = self
            .invites
            .iter()
            .filter(|(_, invite)| invite.origin == Origin::Requested && invite.by == *key)
            .filter(|(_, invite)| invite.uses_left > 0 && !invite.is_expired(now))
            .collect();
        found.sort_by_key(|(_, invite)| std::cmp::Reverse(invite.expires_at.unwrap_or(Timestamp(u64::MAX))));
        found
    }
}
