//! The ways to say no to an event.

use std::fmt;

use chappe_policy::Denial;
use chappe_protocol::{Kind, Prefix, Refusal};

/// Why an event may not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// It is to be written for the relay, and is not signed by the relay's own key.
    NotRelayKey,
    /// It comes from a blocked address.
    AddressBlocked,
    /// It was banned itself.
    EventBanned,
    /// Its author is banned, or on the blacklist.
    AuthorBanned,
    /// Somebody who brings it is banned, or on the blacklist.
    SubmitterBanned,
    /// Nobody has signed in, and writing needs it (`auth_write`).
    NeedsAuth,
    /// Nobody has signed in, and only one's own events may be written (`own_events_only`).
    OwnNeedsAuth,
    /// Its author is not among those who have signed in (`own_events_only`).
    NotOwn,
    /// Events of its kind are not accepted.
    KindNotAccepted {
        /// The kind.
        kind: Kind,
    },
    /// Its author is not on the list of those who may write, and nobody has signed in who is.
    NotListedNeedsAuth(List),
    /// None of those who have signed in is on the list of those who may write.
    NotListed(List),
    /// The policy file denies it to somebody who has not signed in, and may allow it to somebody who has.
    PolicyNeedsAuth(Denial),
    /// The policy file denies it.
    Policy(Denial),
    /// The address has sent too much for a while, in mode curating.
    AddressSuspended {
        /// In how many minutes it may write again, rounded up.
        minutes: u64,
    },
    /// The key has written all it may on one day, in mode curating.
    TooManyOfKeyToday {
        /// Events of a day (UTC).
        events_max: u32,
    },
    /// The rule of the policy file for this kind allows the key no more for now.
    TooManyByRule {
        /// The kind.
        kind: Kind,
        /// Events a minute.
        per_minute: u32,
    },
    /// The address has sent too many events.
    TooManyFromAddress {
        /// Events a minute.
        per_minute: u32,
    },
    /// The key has sent too many events.
    TooManyOfKey {
        /// Events a minute.
        per_minute: u32,
    },
}

/// The list of those who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// Whom the relay's admins follow.
    Followed,
    /// The keys that were let in one by one.
    Allowed,
    /// The relay's members.
    Members,
}

impl Denied {
    /// Whether signing in may help, so that the client must have a challenge before it reads this no (NIP-42).
    #[must_use]
    pub const fn needs_auth(self) -> bool {
        matches!(self.prefix(), Prefix::AuthRequired)
    }

    const fn prefix(self) -> Prefix {
        match self {
            Self::ProtectedNeedsAuth
            | Self::NeedsAuth
            | Self::OwnNeedsAuth
            | Self::NotListedNeedsAuth(_)
            | Self::PolicyNeedsAuth(_) => Prefix::AuthRequired,
            Self::ProtectedNotAuthor
            | Self::NotRelayKey
            | Self::NotOwn
            | Self::NotListed(_)
            | Self::Policy(_) => Prefix::Restricted,
            Self::AuthEventPublished | Self::VanishWithoutRelay | Self::VanishElsewhere => Prefix::Invalid,
            Self::AddressBlocked
            | Self::EventBanned
            | Self::AuthorBanned
            | Self::SubmitterBanned
            | Self::KindNotAccepted { .. } => Prefix::Blocked,
            Self::AddressSuspended { .. }
            | Self::TooManyOfKeyToday { .. }
            | Self::TooManyByRule { .. }
            | Self::TooManyFromAddress { .. }
            | Self::TooManyOfKey { .. } => Prefix::RateLimited,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProtectedNeedsAuth | Self::ProtectedNotAuthor => {
                f.write_str("this event may only be published by its author")
            }
            Self::AuthEventPublished => f.write_str("an AUTH event is never published"),
            Self::VanishWithoutRelay => f.write_str("a request to vanish has to name a relay"),
            Self::VanishElsewhere => f.write_str("the request to vanish does not name this relay"),
            Self::NotRelayKey => f.write_str("this event is not signed by the relay's own key"),
            Self::AddressBlocked => f.write_str("this address is blocked here"),
            Self::EventBanned => f.write_str("this event is banned here"),
            Self::AuthorBanned => f.write_str("the author of this event is banned here"),
            Self::SubmitterBanned => f.write_str("the key you signed in with is banned here"),
            Self::NeedsAuth => f.write_str("sign in to publish here"),
            Self::OwnNeedsAuth | Self::NotOwn => {
                f.write_str("only events of your own may be published here, signed in as their author")
            }
            Self::KindNotAccepted { kind } => write!(f, "events of kind {kind} are not accepted here"),
            Self::NotListedNeedsAuth(list) | Self::NotListed(list) => list.fmt(f),
            Self::PolicyNeedsAuth(denial) | Self::Policy(denial) => denial.fmt(f),
            Self::AddressSuspended { minutes } => {
                write!(f, "too many events from your address, it may publish again in {minutes} minute(s)")
            }
            Self::TooManyOfKeyToday { events_max } => {
                write!(f, "at most {events_max} events of one key are accepted a day (UTC), go on tomorrow")
            }
            Self::TooManyByRule { kind, per_minute } => {
                write!(f, "at most {per_minute} events of kind {kind} are accepted of one key in a minute")
            }
            Self::TooManyFromAddress { per_minute } => {
                write!(f, "at most {per_minute} events are accepted from one address in a minute")
            }
            Self::TooManyOfKey { per_minute } => {
                write!(f, "at most {per_minute} events are accepted of one key in a minute")
            }
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Followed => "only those may publish here whom the relay's admins follow",
            Self::Allowed => "only those may publish here who have been allowed to",
            Self::Members => "only members may publish here",
        })
    }
}

impl std::error::Error for Denied {}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::new(denied.prefix(), denied.to_string())
    }
}
