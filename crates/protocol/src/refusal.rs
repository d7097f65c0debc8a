//! A no, in the words that NIP-01 and NIP-42 standardise.

use std::borrow::Cow;
use std::fmt;

/// The machine-readable first word of an OK or CLOSED message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prefix {
    /// `auth-required`: sign in first, then try again (NIP-42).
    AuthRequired,
    /// `blocked`: this event or author is not wanted here.
    Blocked,
    /// `duplicate`: the relay has this event, or a newer one in its place.
    Duplicate,
    /// `error`: the relay's own failure; trying later may help.
    Error,
    /// `invalid`: the message breaks the protocol or the relay's stated limits.
    Invalid,
    /// `mute`: nobody was listening to an ephemeral event.
    Mute,
    /// `pow`: too little proof of work (NIP-13).
    Pow,
    /// `rate-limited`: slow down.
    RateLimited,
    /// `restricted`: signed in, and still not allowed (NIP-42).
    Restricted,
    /// `unsupported`: the relay does not offer this.
    Unsupported,
}

impl Prefix {
    /// All of them, in the order of their values.
    pub const ALL: [Self; 10] = [
        Self::AuthRequired,
        Self::Blocked,
        Self::Duplicate,
        Self::Error,
        Self::Invalid,
        Self::Mute,
        Self::Pow,
        Self::RateLimited,
        Self::Restricted,
        Self::Unsupported,
    ];

    /// The word on the wire, without the colon.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthRequired => "auth-required",
            Self::Blocked => "blocked",
            Self::Duplicate => "duplicate",
            Self::Error => "error",
            Self::Invalid => "invalid",
            Self::Mute => "mute",
            Self::Pow => "pow",
            Self::RateLimited => "rate-limited",
            Self::Restricted => "restricted",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What the client reads when the answer is no: `prefix: message`.
///
/// Each stage says no by a closed enum of its own, with one total conversion into this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The machine-readable word.
    pub prefix: Prefix,
    /// The rest, for a person: lower case, no full stop.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a fixed or a made-up text.
    pub fn new(prefix: Prefix, message: impl Into<Cow<'static, str>>) -> Self {
        Self { prefix, message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.prefix.as_str(), self.message)
    }
}
