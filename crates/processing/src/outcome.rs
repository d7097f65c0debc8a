//! What became of an event.

use std::fmt;

use chappe_protocol::{Prefix, Refusal};
use chappe_store::{Space, Written};

use crate::Rejection;

/// What became of a permitted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk.
    Stored,
    /// It was on disk already.
    Duplicate,
    /// A newer version of the replaceable or addressable event is on disk.
    Superseded,
    /// A deletion (NIP-09) or a request to vanish (NIP-62) covers it.
    Deleted,
    /// An ephemeral event that somebody was listening for.
    Heard,
    /// An ephemeral event that nobody was listening for.
    Unheard,
    /// An external check does not want it, and says why.
    Rejected(Rejection),
    /// An external check does not want it, and does not want its publisher to know.
    Shadowed,
    /// It could not be kept; nothing of it was.
    Failed(Failure),
}

/// Why an event could not be kept. The log has the details; the client needs to know whether trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The store has no space left.
    Full,
    /// The disk is not to become fuller.
    LowDisk,
    /// The store could not write.
    Store,
    /// An external check gave no answer.
    Check,
    /// The relay is stopping.
    Stopping,
}

impl Outcome {
    /// The text of an `OK true`, or the refusal of an `OK false`.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] to answer with, for outcomes that are a no.
    pub fn answer(self) -> Result<&'static str, Refusal> {
        match self {
            Self::Stored | Self::Heard | Self::Shadowed => Ok(""),
            Self::Duplicate => Ok("duplicate: already have this event"),
            Self::Unheard => Ok("mute: nobody was listening for this ephemeral event"),
            Self::Superseded => Err(Refusal::new(Prefix::Duplicate, "have a newer event")),
            Self::Deleted => Err(Refusal::new(Prefix::Blocked, "this event was deleted by its author")),
            Self::Rejected(rejection) => Err(rejection.refusal()),
            Self::Failed(failure) => Err(failure.into()),
        }
    }
}

impl From<Written> for Outcome {
    fn from(written: Written) -> Self {
        match written {
            Written::Stored(_) => Self::Stored,
            Written::Duplicate => Self::Duplicate,
            Written::Superseded => Self::Superseded,
            Written::Deleted => Self::Deleted,
        }
    }
}

impl From<&chappe_store::Error> for Failure {
    fn from(error: &chappe_store::Error) -> Self {
        use chappe_store::Error;
        match error {
            Error::Full(Space::Map | Space::Disk | Space::Ceiling) => Self::Full,
            Error::Full(Space::LowDisk) => Self::LowDisk,
            Error::Misplaced(_) | Error::StateKey { .. } | Error::Corrupt(_) | Error::Engine(_) => {
                Self::Store
            }
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::new(
            Prefix::Error,
            match failure {
                Failure::Full => "the relay has no space left, it was not stored",
                Failure::LowDisk => "the relay's disk is nearly full, it was not stored",
                Failure::Store => "the relay could not store it, try again later",
                Failure::Check => "the relay could not check this event, try again later",
                Failure::Stopping => "the relay is stopping, it was not stored",
            },
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the store is full",
            Self::LowDisk => "the disk is nearly full",
            Self::Store => "the store could not write",
            Self::Check => "an external check gave no answer",
            Self::Stopping => "the writer has stopped",
        })
    }
}
