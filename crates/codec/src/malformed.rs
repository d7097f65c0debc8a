//! Why a message could not be read, in words for the client.

use std::fmt;

use chappe_protocol::{Prefix, Refusal, SubscriptionIdError, TagMode};

use crate::{About, FILTERS_MAX, JsonFault};

/// A message, event or filter that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What to name in the answer.
    pub about: About,
    /// What is wrong.
    pub reason: MalformedReason,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Malformed {}

/// What is wrong with a message, event or filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MalformedReason {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text is not JSON as far as it had to be read.
    Json(JsonFault),
    /// Something follows the end of the message, event or filter.
    TrailingBytes,
    /// Not an array that starts with a string.
    NotAMessage,
    /// A message type that clients do not send, or that this relay does not know; shortened.
    UnknownType(Box<str>),
    /// The message goes on after all that its type holds.
    ExtraElement,
    /// No object where the event has to be.
    NotAnEvent,
    /// An event without this field.
    MissingField(EventField),
    /// An event with this field twice.
    RepeatedField(EventField),
    /// The field's value is not of its type.
    WrongField(EventField),
    /// A tag of more strings than its packed form counts, 65,535.
    TagTooLong,
    /// No string of 1 to 64 characters where the subscription id has to be.
    WrongSubscription,
    /// A REQ or COUNT without a filter.
    NoFilter,
    /// A REQ or COUNT of more than [`FILTERS_MAX`] filters.
    TooManyFilters,
    /// No object where a filter has to be.
    NotAFilter,
    /// A filter with this key twice.
    RepeatedKey(FilterKey),
    /// The key's value is not of its type.
    WrongKey(FilterKey),
    /// A filter key that this relay does not know; shortened.
    UnknownKey(Box<str>),
}

impl MalformedReason {
    /// Keeps the start of a word that the client made up, so that an answer stays short.
    pub(crate) fn shorten(word: &str) -> Box<str> {
        const CHARS_MAX: usize = 32;
        word.chars().take(CHARS_MAX).collect()
    }
}

impl From<JsonFault> for MalformedReason {
    fn from(fault: JsonFault) -> Self {
        Self::Json(fault)
    }
}

impl JsonFault {
    /// What to tell the client when a value of a certain type was being read: if something else stood there, what
    /// was `wanted`; otherwise what is wrong with the JSON.
    pub(crate) fn when_reading(self, wanted: MalformedReason) -> MalformedReason {
        match self {
            Self::Unexpected => wanted,
            Self::Ended | Self::Escape | Self::LoneSurrogate | Self::RawControl | Self::TooDeep => {
                MalformedReason::Json(self)
            }
        }
    }
}

impl fmt::Display for MalformedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("not valid UTF-8"),
            Self::Json(fault) => fault.fmt(f),
            Self::TrailingBytes => f.write_str("something follows the end of the JSON"),
            Self::NotAMessage => f.write_str("a message must be an array that starts with its type"),
            Self::UnknownType(word) => write!(f, "unknown message type {word}"),
            Self::ExtraElement => f.write_str("the message has more elements than its type takes"),
            Self::NotAnEvent => f.write_str("an event must be an object"),
            Self::MissingField(field) => write!(f, "{} is missing", field.name()),
            Self::RepeatedField(field) => write!(f, "{} is given twice", field.name()),
            Self::WrongField(field) => write!(f, "{} must be {}", field.name(), field.wanted()),
            Self::TagTooLong => write!(f, "a tag has more than {} strings", u16::MAX),
            Self::WrongSubscription => SubscriptionIdError.fmt(f),
            Self::NoFilter => f.write_str("a filter is missing"),
            Self::TooManyFilters => write!(f, "more than {FILTERS_MAX} filters"),
            Self::NotAFilter => f.write_str("a filter must be an object"),
            Self::RepeatedKey(key) => write!(f, "filter key {key} is given twice"),
            Self::WrongKey(key) => write!(f, "filter key {key} must be {}", key.wanted()),
            Self::UnknownKey(word) => write!(f, "unknown filter key {word}"),
        }
    }
}

impl From<MalformedReason> for Refusal {
    fn from(reason: MalformedReason) -> Self {
        let prefix = match &reason {
            MalformedReason::UnknownKey(_) => Prefix::Unsupported,
            MalformedReason::NotUtf8
            | MalformedReason::Json(_)
            | MalformedReason::TrailingBytes
            | MalformedReason::NotAMessage
            | MalformedReason::UnknownType(_)
            | MalformedReason::ExtraElement
            | MalformedReason::NotAnEvent
            | MalformedReason::MissingField(_)
            | MalformedReason::RepeatedField(_)
            | MalformedReason::WrongField(_)
            | MalformedReason::TagTooLong
            | MalformedReason::WrongSubscription
            | MalformedReason::NoFilter
            | MalformedReason::TooManyFilters
            | MalformedReason::NotAFilter
            | MalformedReason::RepeatedKey(_)
            | MalformedReason::WrongKey(_) => Prefix::Invalid,
        };
        Self::new(prefix, reason.to_string())
    }
}

/// The fields of an event (NIP-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventField {
    /// `id`
    Id,
    /// `pubkey`
    Pubkey,
    /// `created_at`
    CreatedAt,
    /// `kind`
    Kind,
    /// `tags`
    Tags,
    /// `content`
    Content,
    /// `sig`
    Sig,
}

impl EventField {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "pubkey" => Self::Pubkey,
            "created_at" => Self::CreatedAt,
            "kind" => Self::Kind,
            "tags" => Self::Tags,
            "content" => Self::Content,
            "sig" => Self::Sig,
            _ => return None,
        })
    }

    /// Its name in the event.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Pubkey => "pubkey",
            Self::CreatedAt => "created_at",
            Self::Kind => "kind",
            Self::Tags => "tags",
            Self::Content => "content",
            Self::Sig => "sig",
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Id | Self::Pubkey => "64 characters of lowercase hex",
            Self::CreatedAt => "a whole number of seconds, not negative",
            Self::Kind => "a whole number from 0 to 65535",
            Self::Tags => "an array of arrays of one or more strings",
            Self::Content => "a string",
            Self::Sig => "128 characters of lowercase hex",
        }
    }
}

/// The keys of a filter (NIP-01, and `&x` of the AND tags).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterKey {
    /// `ids`
    Ids,
    /// `authors`
    Authors,
    /// `kinds`
    Kinds,
    /// `since`
    Since,
    /// `until`
    Until,
    /// `limit`
    Limit,
    /// `#x` or `&x`: the mode, and the letter `a-zA-Z`.
    Tag(TagMode, u8),
}

impl FilterKey {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name.as_bytes() {
            b"ids" => Self::Ids,
            b"authors" => Self::Authors,
            b"kinds" => Self::Kinds,
            b"since" => Self::Since,
            b"until" => Self::Until,
            b"limit" => Self::Limit,
            [b'#', letter] if letter.is_ascii_alphabetic() => Self::Tag(TagMode::Any, *letter),
            [b'&', letter] if letter.is_ascii_alphabetic() => Self::Tag(TagMode::All, *letter),
            _ => return None,
        })
    }

    const fn wanted(self) -> &'static str {
        match self {
            // NIP-01: these lists MUST contain exact 64-character lowercase hex values.
            Self::Ids | Self::Authors | Self::Tag(_, b'e' | b'p') => {
                "a list of 64 characters of lowercase hex each"
            }
            Self::Kinds => "a list of whole numbers from 0 to 65535",
            Self::Since | Self::Until => "a whole number of seconds, not negative",
            Self::Limit => "a whole number, not negative",
            Self::Tag(..) => "a list of strings",
        }
    }
}

impl fmt::Display for FilterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ids => f.write_str("ids"),
            Self::Authors => f.write_str("authors"),
            Self::Kinds => f.write_str("kinds"),
            Self::Since => f.write_str("since"),
            Self::Until => f.write_str("until"),
            Self::Limit => f.write_str("limit"),
            Self::Tag(TagMode::Any, letter) => write!(f, "#{}", char::from(*letter)),
            Self::Tag(TagMode::All, letter) => write!(f, "&{}", char::from(*letter)),
        }
    }
}
