//! The lists that change while the relay runs: in memory, and entry by entry in the store.

use std::collections::BTreeMap;
use std::fmt;

use chappe_authorization::AddressRange;
use chappe_protocol::{EventId, Kind, PublicKey};
use chappe_store::{Return, StateChange, StateEntry, Store};

use crate::packed::{Name, Packed, Place, unpack_all};
use crate::values::{AuditEntry, Block, Invite, KindRule, Member, MemberRole, Note, Report, Reported};

/// What every key of this crate begins with: the store's state has room for others.
const NAMESPACE: &str = "management/";

/// The first byte of every value: how the rest is to be read.
const VERSION: u8 = 1;

/// How many of those who report the same thing are kept, and so counted.
pub(crate) const REPORTERS_MAX: usize = 32;
/// How many entries the audit log has: the newest.
pub(crate) const AUDIT_ENTRIES_MAX: usize = 10_000;
/// The longest parameters in the audit log, in bytes of JSON.
pub(crate) const AUDIT_PARAMS_BYTES_MAX: usize = 1_024;

macro_rules! lists {
    ($($(#[$doc:meta])* $field:ident, $edit:ident: $key:ty => $value:ty, $name:literal, $entries_max:expr;)*) => {
        /// All lists. What changes them is an [`Edit`], so that the store and the memory never differ.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(crate) struct State {
            $($(#[$doc])* pub(crate) $field: BTreeMap<$key, $value>,)*
        }

        /// A change of one entry: put in, put in another's place, or (`None`) taken out.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Edit {
            $($(#[$doc])* $edit($key, Option<$value>),)*
        }

        impl Edit {
            fn key(&self) -> Vec<u8> {
                match self {
                    $(Self::$edit(key, _) => {
                        let mut out = concat!("management/", $name, "/").as_bytes().to_vec();
                        key.pack(&mut out);
                        out
                    })*
                }
            }

            fn value(&self) -> Option<Vec<u8>> {
                let mut out = vec![VERSION];
                match self {
                    $(Self::$edit(_, value) => value.as_ref()?.pack(&mut out),)*
                }
                Some(out)
            }

            fn decode(key: &[u8], value: &[u8]) -> Option<Self> {
                let value = value.strip_prefix(&[VERSION])?;
                $(if let Some(key) = key.strip_prefix(concat!("management/", $name, "/").as_bytes()) {
                    return Some(Self::$edit(unpack_all(key)?, Some(unpack_all(value)?)));
                })*
                None
            }
        }

        impl State {
            /// Makes the change in memory.
            fn apply(&mut self, edit: Edit) {
                match edit {
                    $(Edit::$edit(key, Some(value)) => { self.$field.insert(key, value); })*
                    $(Edit::$edit(key, None) => { self.$field.remove(&key); })*
                }
            }

            /// # Errors
            ///
            /// [`ListFull`] when a list would have more entries than it may.
            pub(crate) fn check_room(&self, edits: &[Edit]) -> Result<(), ListFull> {
                $(
                    let mut entries = self.$field.len();
                    for edit in edits {
                        match edit {
                            Edit::$edit(key, Some(_)) if !self.$field.contains_key(key) => entries += 1,
                            Edit::$edit(key, None) if self.$field.contains_key(key) => entries -= 1,
                            _ => {}
                        }
                    }
                    if entries > $entries_max && entries > self.$field.len() {
                        return Err(ListFull { list: $name, entries_max: $entries_max });
                    }
                )*
                Ok(())
            }
        }
    };
}

lists! {
    /// Keys that may neither write nor read, and whose events are hidden.
    banned_keys, BannedKey: PublicKey => Note, "banned_key", 100_000;
    /// Who may write in mode `managed`.
    allowed_keys, AllowedKey: PublicKey => Note, "allowed_key", 100_000;
    /// Whom mode `curating` sets no daily bound.
    trusted_keys, TrustedKey: PublicKey => Note, "trusted_key", 100_000;
    /// Whom mode `curating` refuses and hides.
    blacklisted_keys, BlacklistedKey: PublicKey => Note, "blacklisted_key", 100_000;
    /// Events that are hidden and refused.
    banned_events, BannedEvent: EventId => Note, "banned_event", 100_000;
    /// Addresses that may not connect.
    blocked_addresses, BlockedAddress: AddressRange => Block, "blocked_address", 10_000;
    /// Kinds that somebody has decided about.
    kinds, KindDecided: Kind => KindRule, "kind", 1_000;
    /// Members (NIP-43).
    members, Membership: PublicKey => Member, "member", 100_000;
    /// What members can be (NIP-43).
    roles, RoleDefined: Name => MemberRole, "role", 100;
    /// Claims that are open (NIP-43).
    invites, Invited: Name => Invite, "invite", 10_000;
    /// Who moderates, beside those that the configuration names.
    moderators, Moderator: PublicKey => Note, "moderator", 1_000;
    /// What was reported (NIP-56).
    reports, Reporting: Reported => Report, "report", 10_000;
    /// Name, description and icon, where they are not the configuration's.
    identity, Identified: Name => String, "identity", 3;
    /// Who did what, oldest first.
    audit, Audited: Place => AuditEntry, "audit", AUDIT_ENTRIES_MAX;
    /// Numbers that only grow.
    counters, Counted: Name => u64, "counter", 8;
}

/// A list has as many entries as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListFull {
    /// Which, by its name in docs/management.md.
    pub list: &'static str,
    /// The bound.
    pub entries_max: usize,
}

impl fmt::Display for ListFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, entries_max } = self;
        write!(f, "the list {list} is full: it holds {entries_max} entries, remove some first")
    }
}

/// Why the state could not be read or changed.
#[derive(Debug)]
pub enum StateError {
    /// The store's own failure.
    Store(chappe_store::Error),
    /// An entry is not as this version writes it, or a newer version wrote it. Its key, as far as it is text.
    Unreadable(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Unreadable(key) => write!(
                f,
                "the entry {key:?} of the management state cannot be read: it is damaged, or a newer version of this \
                 program wrote it"
            ),
        }
    }
}

impl std::error::Error for StateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Unreadable(_) => None,
        }
    }
}

impl From<chappe_store::Error> for StateError {
    fn from(error: chappe_store::Error) -> Self {
        Self::Store(error)
    }
}

impl State {
    /// Reads everything.
    ///
    /// # Errors
    ///
    /// [`StateError`]. An entry that cannot be read may be a ban, so nothing is passed over.
    pub(crate) fn load(store: &Store) -> Result<Self, StateError> {
        Self::of(store.state(NAMESPACE.as_bytes())?)
    }

    /// Reads these entries; those of others are passed over.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub(crate) fn of(entries: Vec<StateEntry>) -> Result<Self, StateError> {
        let mut state = Self::default();
        for (key, value) in entries.into_iter().filter(|(key, _)| key.starts_with(NAMESPACE.as_bytes())) {
            let edit = Edit::decode(&key, &value);
            let unreadable = || StateError::Unreadable(String::from_utf8_lossy(&key).into_owned());
            state.apply(edit.ok_or_else(unreadable)?);
        }
        Ok(state)
    }

    /// Makes all these changes: on disk first, in one transaction, then here. Waits for whoever writes.
    ///
    /// # Errors
    ///
    /// As [`Store::change_state`]; nothing was changed then.
    pub(crate) fn change(&mut self, store: &Store, edits: Vec<Edit>) -> Result<(), chappe_store::Error> {
        self.change_by(edits, |changes| store.change_state(changes))
    }

    /// The same, and removes this event with them.
    ///
    /// # Errors
    ///
    /// As [`Store::remove_and_change`]; nothing was changed then.
    pub(crate) fn change_and_remove(
        &mut self,
        store: &Store,
        edits: Vec<Edit>,
        id: EventId,
    ) -> Result<(), chappe_store::Error> {
        self.change_by(edits, |changes| store.remove_and_change(&[id], Return::Allowed, changes).map(drop))
    }

    fn change_by(
        &mut self,
        edits: Vec<Edit>,
        keep: impl FnOnce(&[StateChange<'_>]) -> Result<(), chappe_store::Error>,
    ) -> Result<(), chappe_store::Error> {
        let encoded: Vec<_> = edits.iter().map(|edit| (edit.key(), edit.value())).collect();
        let changes: Vec<_> =
            encoded.iter().map(|(key, value)| StateChange { key, value: value.as_deref() }).collect();
        keep(&changes)?;
        edits.into_iter().for_each(|edit| self.apply(edit));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
