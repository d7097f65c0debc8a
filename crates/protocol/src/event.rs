//! Events, as borrowed views.

use crate::{EventId, Kind, KindClass, PublicKey, Signature, Tags, Timestamp};

/// The part of an event that filters, routes and rules look at: all but its content and signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventHead<'a> {
    /// The SHA-256 of its serialisation, as claimed.
    pub id: EventId,
    /// Its author, as claimed.
    pub pubkey: PublicKey,
    /// When its author says it was made.
    pub created_at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// Its tags.
    pub tags: Tags<'a>,
}

/// A whole event (NIP-01). Holding one proves nothing: `chappe_validation::Verified` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Everything but content and signature.
    pub head: EventHead<'a>,
    /// Its text, unescaped.
    pub content: &'a str,
    /// Its author's signature over the id, as claimed.
    pub sig: Signature,
}

/// What an `a` tag names: `kind:pubkey:d` (NIP-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address<'a> {
    /// A replaceable or addressable kind; not checked to be one.
    pub kind: Kind,
    /// The author.
    pub pubkey: PublicKey,
    /// The `d` tag's value; empty for replaceable kinds.
    pub d: &'a [u8],
}

impl<'a> Address<'a> {
    /// Reads an `a` tag's value. A text that is not `kind:pubkey:d` names nothing.
    #[must_use]
    pub fn from_tag_value(value: &'a [u8]) -> Option<Self> {
        let mut parts = value.splitn(3, |&byte| byte == b':');
        let (kind, pubkey, d) = (parts.next()?, parts.next()?, parts.next()?);
        if kind.is_empty() || !kind.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Self {
            kind: Kind(str::from_utf8(kind).ok()?.parse().ok()?),
            pubkey: PublicKey::from_hex(pubkey).ok()?,
            d,
        })
    }
}

impl<'a> EventHead<'a> {
    /// The value of the first `d` tag; empty when there is none (an addressable event without one counts as `""`).
    #[must_use]
    pub fn d_tag(&self) -> &'a [u8] {
        let first = self.tags.iter().find(|tag| tag.name() == b"d");
        first.and_then(crate::Tag::value).unwrap_or_default()
    }

    /// The address under which the newest version is kept; none for regular and ephemeral kinds.
    #[must_use]
    pub fn address(&self) -> Option<Address<'a>> {
        let d = match self.kind.class() {
            KindClass::Replaceable => b"".as_slice(),
            KindClass::Addressable => self.d_tag(),
            KindClass::Regular | KindClass::Ephemeral => return None,
        };
        Some(Address { kind: self.kind, pubkey: self.pubkey, d })
    }

    /// When the event stops being served (NIP-40). A value that is not a number counts as no expiration.
    #[must_use]
    pub fn expiration(&self) -> Option<Timestamp> {
        self.tags.values_of(b"expiration").find_map(Timestamp::from_decimal)
    }

    /// Whether the expiration has come: an event is gone from the second it names (NIP-40).
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration().is_some_and(|at| at <= now)
    }

    /// Whether only its author may publish it (NIP-70's `["-"]`).
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.tags.iter().any(|tag| tag.name() == b"-")
    }

    /// Whether a `p` tag names this key.
    #[must_use]
    pub fn mentions(&self, pubkey: &PublicKey) -> bool {
        let hex = pubkey.to_hex();
        self.tags.values_of(b"p").any(|value| value == hex.as_slice())
    }
}

#[cfg(test)]
mod tests;
