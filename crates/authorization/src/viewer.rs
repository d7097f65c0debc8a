//! Who is at the other end.

use std::fmt;
use std::net::IpAddr;

use chappe_protocol::{Prefix, PublicKey, Refusal};

use crate::RelayUrl;

/// How many keys one connection may sign in with.
pub const KEYS_MAX: usize = 64;

/// The keys that a connection has signed in with (NIP-42): several add up, and they are forgotten with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Viewer {
    keys: Vec<PublicKey>,
}

/// The connection has [`KEYS_MAX`] keys already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyKeys;

impl fmt::Display for TooManyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a connection may sign in with {KEYS_MAX} keys at most")
    }
}

impl std::error::Error for TooManyKeys {}

impl From<TooManyKeys> for Refusal {
    fn from(refused: TooManyKeys) -> Self {
        Self::new(Prefix::Restricted, refused.to_string())
    }
}

impl Viewer {
    /// Somebody who has not signed in.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self { keys: Vec::new() }
    }

    /// Adds a key that [`crate::accept_auth`] has accepted. Adding it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`TooManyKeys`] when it would be one more than [`KEYS_MAX`].
    pub fn add(&mut self, key: PublicKey) -> Result<(), TooManyKeys> {
        if self.contains(&key) {
            return Ok(());
        }
        if self.keys.len() >= KEYS_MAX {
            return Err(TooManyKeys);
        }
        self.keys.push(key);
        Ok(())
    }

    /// Whether the connection has signed in with this key. Costs a look at each of its keys.
    #[must_use]
    pub fn contains(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }

    /// The keys, in the order they signed in.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter()
    }

    /// The keys, in the order they signed in.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Whether nobody has signed in.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        self.keys.is_empty()
    }
}

/// One connection, as far as authorization cares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Who has signed in.
    pub viewer: Viewer,
    /// The address that its Host header named, by [`RelayUrl::from_host_header`]; used when the operator has named
    /// none (see [`crate::Settings::own_urls`]).
    pub host: Option<RelayUrl>,
    /// Where it comes from: what a trusted proxy says, or else the socket. None where that means nothing, as in tests:
    /// then no address is blocked and none is counted.
    pub address: Option<IpAddr>,
}

#[cfg(test)]
mod tests;
