//! What is told apart when things are counted. Each list is closed and in the order of its values.

use chappe_authorization::{AskDenied, Denied};
use chappe_codec::{About, ClientMessage, Malformed};
use chappe_processing::Outcome;

/// What a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// An EVENT, or what claims to be one.
    Event,
    /// A REQ.
    Req,
    /// A COUNT.
    Count,
    /// A CLOSE.
    Close,
    /// An AUTH.
    Auth,
    /// What could not be read, other than an EVENT: text of another form, binary messages, too long ones.
    Malformed,
}

/// Why an event was answered by `OK true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk.
    Stored,
    /// It was on disk already.
    Duplicate,
    /// An ephemeral event that somebody was listening for.
    Heard,
    /// An ephemeral event that nobody was listening for.
    Unheard,
    /// An external check did not want it, and its publisher is not to know.
    Shadowed,
    /// A request to the relay itself, which was granted.
    Granted,
}

/// What was too much, and so refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Events from an address in a minute.
    AddressEvents,
    /// Events of a key in a minute.
    KeyEvents,
    /// Events of a kind and key in a minute, by a rule of the policy file.
    RuleEvents,
    /// Events of a key in a day (mode curating).
    KeyDay,
    /// Events from an address in a day, for which it is banned for a while (mode curating).
    AddressDay,
    /// REQs and COUNTs from an address in a minute.
    AddressRequests,
}

/// What a client asks for and waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Stored events, up to EOSE.
    Req,
    /// A number.
    Count,
}

/// Where an event came from that a client was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// From the store.
    Stored,
    /// It was new.
    Live,
}

impl Message {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Event, Self::Req, Self::Count, Self::Close, Self::Auth, Self::Malformed];

    /// One word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Req => "req",
            Self::Count => "count",
            Self::Close => "close",
            Self::Auth => "auth",
            Self::Malformed => "malformed",
        }
    }

    pub(crate) const fn of(decoded: &Result<ClientMessage<'_>, Malformed>) -> Self {
        match decoded {
            Ok(ClientMessage::Event(_)) | Err(Malformed { about: About::Event(_), .. }) => Self::Event,
            Ok(ClientMessage::Req { .. }) => Self::Req,
            Ok(ClientMessage::Count { .. }) => Self::Count,
            Ok(ClientMessage::Close { .. }) => Self::Close,
            Ok(ClientMessage::Auth(_)) => Self::Auth,
            Err(Malformed { about: About::Subscription(_) | About::Message, .. }) => Self::Malformed,
        }
    }
}

impl Accepted {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Stored, Self::Duplicate, Self::Heard, Self::Unheard, Self::Shadowed, Self::Granted];

    /// One word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Heard => "heard",
            Self::Unheard => "unheard",
            Self::Shadowed => "shadowed",
            Self::Granted => "granted",
        }
    }

    /// None for an outcome that is a no.
    pub(crate) const fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Stored => Some(Self::Stored),
            Outcome::Duplicate => Some(Self::Duplicate),
            Outcome::Heard => Some(Self::Heard),
            Outcome::Unheard => Some(Self::Unheard),
            Outcome::Shadowed => Some(Self::Shadowed),
            Outcome::Superseded | Outcome::Deleted | Outcome::Rejected(_) | Outcome::Failed(_) => None,
        }
    }
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AddressEvents,
        Self::KeyEvents,
        Self::RuleEvents,
        Self::KeyDay,
        Self::AddressDay,
        Self::AddressRequests,
    ];

    /// Words in lower case, joined by underscores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddressEvents => "address_events",
            Self::KeyEvents => "key_events",
            Self::RuleEvents => "rule_events",
            Self::KeyDay => "key_day",
            Self::AddressDay => "address_day",
            Self::AddressRequests => "address_requests",
        }
    }

    /// None for a no that has nothing to do with how many there were.
    pub(crate) const fn of(denied: &Denied) -> Option<Self> {
        match denied {
            Denied::TooManyFromAddress { .. } => Some(Self::AddressEvents),
            Denied::TooManyOfKey { .. } => Some(Self::KeyEvents),
            Denied::TooManyByRule { .. } => Some(Self::RuleEvents),
            Denied::TooManyOfKeyToday { .. } => Some(Self::KeyDay),
            Denied::AddressSuspended { .. } => Some(Self::AddressDay),
            Denied::ProtectedNeedsAuth
            | Denied::ProtectedNotAuthor
            | Denied::AuthEventPublished
            | Denied::VanishWithoutRelay
            | Denied::VanishElsewhere
            | Denied::NotRelayKey
            | Denied::AddressBlocked
            | Denied::EventBanned
            | Denied::AuthorBanned
            | Denied::SubmitterBanned
            | Denied::NeedsAuth
            | Denied::OwnNeedsAuth
            | Denied::NotOwn
            | Denied::KindNotAccepted { .. }
            | Denied::NotListedNeedsAuth(_)
            | Denied::NotListed(_)
            | Denied::PolicyNeedsAuth(_)
            | Denied::Policy(_) => None,
        }
    }

    /// The same for a REQ or COUNT.
    pub(crate) const fn of_request(denied: &AskDenied) -> Option<Self> {
        match denied {
            AskDenied::TooManyRequests { .. } => Some(Self::AddressRequests),
            AskDenied::ViewerBanned
            | AskDenied::NeedsAuth
            | AskDenied::PrivateNeedsAuth
            | AskDenied::PolicyNeedsAuth
            | AskDenied::Policy => None,
        }
    }
}

impl Request {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Req, Self::Count];

    /// One word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Req => "req",
            Self::Count => "count",
        }
    }
}

impl Sent {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Stored, Self::Live];

    /// One word in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Live => "live",
        }
    }
}
