//! The way from a true event to one that may be acted upon.

use std::fmt;

use chappe_protocol::{Event, EventHead, Kind, Prefix, Refusal};
use chappe_validation::Verified;

use crate::{Access, Peer};

/// A verified event whose sender may write it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit<'a>(Verified<'a>);

impl<'a> Permit<'a> {
    /// The evidence it was given for.
    #[must_use]
    pub const fn verified(&self) -> Verified<'a> {
        self.0
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> Event<'a> {
        self.0.event()
    }

    /// The event without content and signature.
    #[must_use]
    pub const fn head(&self) -> EventHead<'a> {
        self.0.head()
    }
}

/// Who brings an event.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A client, over its connection.
    Client(&'a Peer),
    /// The operator, from the command line: NIP-70 asks nothing of who already had the event in a file.
    Operator,
}

impl<'a> Source<'a> {
    const fn peer(self) -> Option<&'a Peer> {
        match self {
            Self::Client(peer) => Some(peer),
            Self::Operator => None,
        }
    }
}

/// Why an event may not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denied {
    /// It is protected, and nobody has signed in (NIP-70).
    ProtectedNeedsAuth,
    /// It is protected, and its author is not among those who have signed in (NIP-70).
    ProtectedNotAuthor,
    /// It is a client's AUTH, which is never published (NIP-42).
    AuthEventPublished,
    /// It is a request to vanish that names no relay (NIP-62).
    VanishWithoutRelay,
    /// It is a request to vanish that names other relays only (NIP-62).
    VanishElsewhere,
}

impl Denied {
    /// Whether signing in would help, so that the client must have a challenge before it reads this no (NIP-42).
    #[must_use]
    pub const fn needs_auth(self) -> bool {
        match self {
            Self::ProtectedNeedsAuth => true,
            Self::ProtectedNotAuthor
            | Self::AuthEventPublished
            | Self::VanishWithoutRelay
            | Self::VanishElsewhere => false,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProtectedNeedsAuth | Self::ProtectedNotAuthor => {
                "this event may only be published by its author"
            }
            Self::AuthEventPublished => "an AUTH event is never published",
            Self::VanishWithoutRelay => "a request to vanish has to name a relay",
            Self::VanishElsewhere => "the request to vanish does not name this relay",
        })
    }
}

impl std::error::Error for Denied {}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let prefix = match denied {
            Denied::ProtectedNeedsAuth => Prefix::AuthRequired,
            Denied::ProtectedNotAuthor => Prefix::Restricted,
            Denied::AuthEventPublished | Denied::VanishWithoutRelay | Denied::VanishElsewhere => {
                Prefix::Invalid
            }
        };
        Self::new(prefix, denied.to_string())
    }
}

/// Decides whether the event may be written by who brings it.
///
/// # Errors
///
/// The [`Denied`] that applies.
pub fn authorize<'a>(
    access: &Access,
    verified: Verified<'a>,
    source: Source<'_>,
) -> Result<Permit<'a>, Denied> {
    let head = verified.head();
    match head.kind {
        Kind::AUTH => return Err(Denied::AuthEventPublished),
        Kind::VANISH => check_vanish(access, &head, source)?,
        Kind(_) => {}
    }
    check_protected(&head, source)?;
    Ok(Permit(verified))
}

/// NIP-70: only the author may publish, and has to have signed in to show that it is them.
fn check_protected(head: &EventHead<'_>, source: Source<'_>) -> Result<(), Denied> {
    let Some(peer) = source.peer() else { return Ok(()) };
    if !head.is_protected() || peer.viewer.contains(&head.pubkey) {
        Ok(())
    } else if peer.viewer.is_anonymous() {
        Err(Denied::ProtectedNeedsAuth)
    } else {
        Err(Denied::ProtectedNotAuthor)
    }
}

/// NIP-62: a request binds the relays it names, and `ALL_RELAYS` (in capitals) names every one.
fn check_vanish(access: &Access, head: &EventHead<'_>, source: Source<'_>) -> Result<(), Denied> {
    let mut relays = head.tags.values_of(b"relay").peekable();
    if relays.peek().is_none() {
        return Err(Denied::VanishWithoutRelay);
    }
    if relays.any(|relay| relay == b"ALL_RELAYS" || access.is_own_url(source.peer(), relay)) {
        Ok(())
    } else {
        Err(Denied::VanishElsewhere)
    }
}

#[cfg(test)]
mod tests;
