//! Who wrote an event, as far as rules care.

use chappe_authorization::{Access, Mode};
use chappe_protocol::PublicKey;

/// Who somebody is to the relay. Of several that fit, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The relay itself.
    Relay,
    /// Owners, admins and moderators.
    Managers,
    /// Keys that are banned (NIP-86).
    Banned,
    /// Members (NIP-43), in whatever mode.
    Members,
    /// Keys on the allow list, keys that are trusted, and in mode `follows` those whom an admin follows.
    Listed,
    /// Everybody else.
    Others,
}

/// Which group a key belongs to.
#[must_use]
pub fn group_of(access: &Access, key: &PublicKey) -> Group {
    let (settings, standing) = (access.settings(), access.standing());
    let is_listed = || {
        standing.allowed_keys.contains(key)
            || standing.trusted_keys.contains(key)
            || (matches!(settings.mode, Mode::Follows(_))
                && access.follows().any_follows(&settings.admins, key))
    };
    if settings.relay_key.as_ref() == Some(key) {
        Group::Relay
    } else if access.role(key).is_some() {
        Group::Managers
    } else if access.is_banned(key) {
        Group::Banned
    } else if standing.members.contains(key) {
        Group::Members
    } else if is_listed() {
        Group::Listed
    } else {
        Group::Others
    }
}
