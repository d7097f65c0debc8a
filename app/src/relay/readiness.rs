//! Whether the relay is ready to serve.

use std::fmt;

use chappe_store::{Error, Space};

use super::{Phase, Shared};

/// A small ceiling need not have room for a message of the largest size, but for this part of itself: half of what events make free.
const CEILING_PART: u64 = 32;

/// Why a relay is not ready to serve. No policy is none of it: a relay does not start with a policy file that has a fault,
/// and one that gets a fault later changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    /// It takes no new connections.
    Stopping,
    /// Nobody is there to store anything: the writer has stopped, or died.
    NoWriter,
    /// The store has no room for an event of the largest size.
    Full,
    /// It is as large as it may be (`store.bytes_max`). That passes by itself where something may be removed, as for a relay that
    /// starts far above its ceiling; until then events are refused, so it is not ready.
    Ceiling,
    /// The disk is not to become fuller.
    LowDisk,
    /// The store could not keep the last events, nor anything now.
    Broken,
}

impl Shared {
    /// Everything that keeps the relay from being ready. Asks the disk; writes to it, once, where the last events could
    /// not be stored: else nobody would know when that is over, because a relay that is not ready is sent none.
    pub(crate) fn unready(&self) -> Vec<Unready> {
        let mut found = Vec::new();
        if *self.phase.borrow() > Phase::Serving {
            found.push(Unready::Stopping);
        }
        let processor = &self.services.processor;
        if !processor.has_writer() {
            found.push(Unready::NoWriter);
        }
        let store = &self.services.store;
        let room = store.check_room_for(self.room_wanted());
        let room = room.and_then(|()| if processor.stored_last() { Ok(()) } else { store.prove_writable() });
        found.extend(room.err().map(|error| Unready::from(&error)));
        found
    }

    /// How much has to find room, in bytes.
    fn room_wanted(&self) -> usize {
        let message = self.message_bytes_max;
        match self.config.store.bytes_max {
            0 => message,
            ceiling => usize::try_from(ceiling / CEILING_PART).map_or(message, |part| part.min(message)),
        }
    }
}

impl From<&Error> for Unready {
    fn from(error: &Error) -> Self {
        match error {
            Error::Full(Space::Map | Space::Disk) => Self::Full,
            Error::Full(Space::Ceiling) => Self::Ceiling,
            Error::Full(Space::LowDisk) => Self::LowDisk,
            Error::Misplaced(_) | Error::StateKey { .. } | Error::Corrupt(_) | Error::Engine(_) => {
                Self::Broken
            }
        }
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopping => "stopping",
            Self::NoWriter => "nothing is stored any more",
            Self::Full => "the store is full",
            Self::Ceiling => "the store is as large as store.bytes_max: no events until room is made",
            Self::LowDisk => "the disk is nearly full",
            Self::Broken => "the store cannot be written",
        })
    }
}
