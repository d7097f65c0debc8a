//! The lists that change while the relay runs.

use chappe_policy::KeySet;
use chappe_protocol::{EventId, PublicKey};

use crate::{BlockedAddresses, KindSet};

/// Who stands how with this relay, compiled for looking up. Who keeps the lists makes a new one at each change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Keys whose events are refused and hidden, and who get no answers (NIP-86 `banpubkey`).
    pub banned_keys: KeySet,
    /// Keys that may write in [`crate::Mode::Managed`] (NIP-86 `allowpubkey`).
    pub allowed_keys: KeySet,
    /// Keys without daily limits in [`crate::Mode::Curating`].
    pub trusted_keys: KeySet,
    /// Keys that are refused and hidden in [`crate::Mode::Curating`].
    pub blacklisted_keys: KeySet,
    /// Who may write in [`crate::Mode::Members`] (NIP-43), with their roles.
    pub members: Members,
    /// Events that are refused and hidden (NIP-86 `banevent`).
    pub banned_events: EventSet,
    /// The only kinds that may be written (NIP-86 `allowkind`); empty: all.
    pub allowed_kinds: KindSet,
    /// Kinds that may not be written (NIP-86 `disallowkind`), also when they are allowed.
    pub disallowed_kinds: KindSet,
    /// Networks that are kept out (NIP-86 `blockip`).
    pub blocked_addresses: BlockedAddresses,
}

/// A set of events, sorted by id: 32 bytes an event, and a binary search to find one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventSet(Box<[EventId]>);

impl EventSet {
    /// Whether the event is in the set.
    #[must_use]
    pub fn contains(&self, id: &EventId) -> bool {
        self.0.binary_search(id).is_ok()
    }

    /// How many events there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<EventId> for EventSet {
    fn from_iter<I: IntoIterator<Item = EventId>>(ids: I) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids.into())
    }
}

/// The members and the ids of their roles (NIP-43), sorted by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(Box<[(PublicKey, Roles)]>);

type Roles = Box<[Box<str>]>;

impl Members {
    /// Whether the key is a member's.
    #[must_use]
    pub fn contains(&self, key: &PublicKey) -> bool {
        self.place_of(key).is_some()
    }

    /// The ids of a member's roles; none for others.
    #[must_use]
    pub fn roles(&self, key: &PublicKey) -> &[Box<str>] {
        self.place_of(key).and_then(|place| self.0.get(place)).map_or(&[], |(_, roles)| roles)
    }

    /// The members and their roles, in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&PublicKey, &[Box<str>])> {
        self.0.iter().map(|(key, roles)| (key, &**roles))
    }

    /// How many members there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place_of(&self, key: &PublicKey) -> Option<usize> {
        self.0.binary_search_by(|(member, _)| member.cmp(key)).ok()
    }
}

impl<R: IntoIterator<Item = Box<str>>> FromIterator<(PublicKey, R)> for Members {
    /// Of a member that comes twice, the first counts.
    fn from_iter<I: IntoIterator<Item = (PublicKey, R)>>(members: I) -> Self {
        let members = members.into_iter().map(|(key, roles)| (key, roles.into_iter().collect()));
        let mut members: Vec<(PublicKey, Roles)> = members.collect();
        members.sort_by_key(|&(key, _)| key);
        members.dedup_by_key(|&mut (key, _)| key);
        Self(members.into())
    }
}

#[cfg(test)]
mod tests;
