//! A no, for the client.

use std::fmt;

use chappe_protocol::Kind;

use crate::{Direction, Field, Station};

/// A no that outlives the policy: which rule said it, and by which bound. Its text is for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// What decided.
    pub station: Station,
    /// The field that decided.
    pub field: Field,
    pub(crate) direction: Direction,
    pub(crate) kind: Kind,
    pub(crate) bound: Bound,
}

/// What was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Nothing that a number or a name could say.
    Plain,
    /// Bytes or seconds, as the field has it.
    At(u64),
    /// A tag of this name.
    Tag(TagName),
}

/// The beginning of a tag's name, kept in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagName {
    bytes: [u8; Self::BYTES],
    length: u8,
}

impl TagName {
    const BYTES: usize = 24;

    /// Keeps the first 24 bytes.
    pub(crate) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; Self::BYTES];
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(name) {
            *place = *byte;
            length += 1;
        }
        Self { bytes, length }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or_default()
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", String::from_utf8_lossy(self.as_bytes()).escape_debug())
    }
}

impl fmt::Debug for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => Ok(()),
            Self::At(number) => number.fmt(f),
            Self::Tag(name) => name.fmt(f),
        }
    }
}

impl Denial {
    /// Whether the answer may be another one for another key, so that signing in may help.
    #[must_use]
    pub const fn depends_on_key(&self) -> bool {
        matches!(
            self.field,
            Field::WriteAllow
                | Field::ReadAllow
                | Field::Privileged
                | Field::WriteAllowFollows
                | Field::FollowsWhitelistAdmins
                | Field::ReadFollowsWhitelist
                | Field::WriteFollowsWhitelist
                | Field::WriteAllowIfTagged
        )
    }

    /// Which question was answered.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { station, field, direction, kind, bound } = self;
        match field {
            Field::KindWhitelist | Field::DefaultPolicy => {
                write!(f, "kind {kind} is not among the kinds of this relay")
            }
            Field::KindBlacklist => write!(f, "kind {kind} is not wanted on this relay"),
            Field::WriteDeny | Field::ReadDeny => write!(f, "{direction} is not allowed for this key"),
            Field::Privileged => write!(f, "{direction} is for the event's author and recipients"),
            Field::WriteAllow
            | Field::ReadAllow
            | Field::WriteAllowFollows
            | Field::FollowsWhitelistAdmins
            | Field::ReadFollowsWhitelist
            | Field::WriteFollowsWhitelist
            | Field::WriteAllowIfTagged => write!(f, "{direction} is for listed keys only"),
            Field::SizeLimit => write!(f, "the event is longer than {bound} bytes"),
            Field::ContentLimit => write!(f, "content is longer than {bound} bytes"),
            Field::MaxAgeOfEvent => write!(f, "created_at is more than {bound} seconds ago"),
            Field::MaxAgeEventInFuture => write!(f, "created_at is more than {bound} seconds ahead"),
            Field::MaxExpiryDuration | Field::MaxExpiry => {
                write!(f, "an expiration tag of at most {bound} seconds after created_at is needed")
            }
            Field::MustHaveTags => write!(f, "a tag {bound} is needed"),
            Field::AllowedTags => write!(f, "a tag {bound} is not allowed"),
            Field::TagValidation => write!(f, "a tag {bound} has a value of the wrong form"),
            Field::IdentifierRegex => f.write_str("a d tag is missing or has a value of the wrong form"),
            Field::ProtectedRequired => f.write_str("a tag \"-\" is needed: only protected events are taken"),
            // These four grant, count or ask elsewhere; they never say no here.
            Field::ReadAllowPermissive | Field::WriteAllowPermissive | Field::RateLimit | Field::Script => {
                f.write_str("not allowed")
            }
        }?;
        write!(f, " ({station})")
    }
}

impl std::error::Error for Denial {}
