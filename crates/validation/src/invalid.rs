//! Why an event is not valid.

use std::fmt;

use chappe_protocol::{Prefix, Refusal};

/// Why an event was not verified. Where a [`crate::Rules`] bound was passed, it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invalid {
    /// It has more tags than the relay takes.
    TooManyTags {
        /// The bound.
        tags_max: u32,
    },
    /// One of the strings in its tags is too long.
    TagTooLong {
        /// The bound.
        bytes_max: u32,
    },
    /// Its content is too long.
    ContentTooLong {
        /// The bound.
        bytes_max: u32,
    },
    /// Its `created_at` lies too far in the future.
    TooFarAhead {
        /// The bound.
        seconds_max: u64,
    },
    /// Its `created_at` lies too far in the past.
    TooOld {
        /// The bound.
        seconds_max: u64,
    },
    /// It has expired already (NIP-40).
    Expired,
    /// It is a repost that carries a protected event inside (NIP-70).
    EmbedsProtected,
    /// It commits to too little proof of work, or to none (NIP-13).
    WorkNotCommitted {
        /// The bound.
        bits_min: u8,
    },
    /// Its id shows too little proof of work (NIP-13).
    TooLittleWork {
        /// The bound.
        bits_min: u8,
    },
    /// Its id is not the hash of its own fields.
    WrongId,
    /// Its author's key is no point of the curve, so nobody can have signed with it.
    NoSuchKey,
    /// Its signature is not its author's over its id.
    WrongSignature,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyTags { tags_max } => write!(f, "more than {tags_max} tags"),
            Self::TagTooLong { bytes_max } => write!(f, "a string in a tag is longer than {bytes_max} bytes"),
            Self::ContentTooLong { bytes_max } => write!(f, "the content is longer than {bytes_max} bytes"),
            Self::TooFarAhead { seconds_max } => {
                write!(f, "created_at is more than {seconds_max} seconds ahead of the relay's clock")
            }
            Self::TooOld { seconds_max } => write!(f, "created_at is more than {seconds_max} seconds ago"),
            Self::Expired => f.write_str("the event has expired"),
            Self::EmbedsProtected => f.write_str("a repost may not embed a protected event"),
            Self::WorkNotCommitted { bits_min } => {
                write!(f, "the nonce tag has to commit to a difficulty of {bits_min} bits or more")
            }
            Self::TooLittleWork { bits_min } => {
                write!(f, "the id has fewer than {bits_min} leading zero bits")
            }
            Self::WrongId => f.write_str("the id is not the hash of the event"),
            Self::NoSuchKey => f.write_str("the pubkey is not on the curve"),
            Self::WrongSignature => f.write_str("the signature is wrong"),
        }
    }
}

impl std::error::Error for Invalid {}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let prefix = match invalid {
            Invalid::WorkNotCommitted { .. } | Invalid::TooLittleWork { .. } => Prefix::Pow,
            Invalid::TooManyTags { .. }
            | Invalid::TagTooLong { .. }
            | Invalid::ContentTooLong { .. }
            | Invalid::TooFarAhead { .. }
            | Invalid::TooOld { .. }
            | Invalid::Expired
            | Invalid::EmbedsProtected
            | Invalid::WrongId
            | Invalid::NoSuchKey
            | Invalid::WrongSignature => Prefix::Invalid,
        };
        Self::new(prefix, invalid.to_string())
    }
}

#[cfg(test)]
mod tests;
