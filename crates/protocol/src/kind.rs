//! Kinds and the ranges NIP-01 gives a meaning.

use std::fmt;

/// What an event is about, 0 to 65535 (NIP-01).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u16);

/// How long a relay keeps events of a kind (NIP-01, "Kinds").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindClass {
    /// Every event is kept.
    Regular,
    /// The newest of an author and kind is kept.
    Replaceable,
    /// Delivered to who listens, never kept.
    Ephemeral,
    /// The newest of an author, kind and `d` tag is kept.
    Addressable,
}

impl Kind {
    /// User metadata (NIP-01).
    pub const METADATA: Self = Self(0);
    /// A follow list (NIP-02).
    pub const FOLLOWS: Self = Self(3);
    /// A deletion request (NIP-09).
    pub const DELETION: Self = Self(5);
    /// A repost of a kind 1 note (NIP-18).
    pub const REPOST: Self = Self(6);
    /// A repost of any other kind (NIP-18).
    pub const GENERIC_REPOST: Self = Self(16);
    /// A request to vanish (NIP-62).
    pub const VANISH: Self = Self(62);
    /// A gift wrap (NIP-59): signed by a throw-away key, addressed by its `p` tag.
    pub const GIFT_WRAP: Self = Self(1059);
    /// A report of an event or of a key (NIP-56).
    pub const REPORT: Self = Self(1984);
    /// A relay says that somebody is a member now (NIP-43).
    pub const MEMBER_ADDED: Self = Self(8000);
    /// A relay says that somebody is no longer a member (NIP-43).
    pub const MEMBER_REMOVED: Self = Self(8001);
    /// A new policy file for this relay, as the content; no NIP has it.
    pub const POLICY_UPDATE: Self = Self(12345);
    /// A relay's members (NIP-43).
    pub const MEMBERS: Self = Self(13534);
    /// A client's proof of its key (NIP-42); never published.
    pub const AUTH: Self = Self(22242);
    /// A client's proof of its key in an HTTP request (NIP-98); never published.
    pub const HTTP_AUTH: Self = Self(27235);
    /// Somebody asks to become a member (NIP-43).
    pub const JOIN_REQUEST: Self = Self(28934);
    /// A relay's answer to who asks for an invitation (NIP-43).
    pub const INVITE: Self = Self(28935);
    /// A member asks to be one no longer (NIP-43).
    pub const LEAVE_REQUEST: Self = Self(28936);
    /// A role that a relay gives to members (NIP-43).
    pub const ROLE: Self = Self(33534);

    /// The range the kind lies in. Kinds outside NIP-01's ranges (45 to 999, 40000 and above) are regular.
    #[must_use]
    pub const fn class(self) -> KindClass {
        match self.0 {
            0 | 3 | 10_000..=19_999 => KindClass::Replaceable,
            20_000..=29_999 => KindClass::Ephemeral,
            30_000..=39_999 => KindClass::Addressable,
            _ => KindClass::Regular,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.0)
    }
}
