//! The store's own failures; a refusal of an event is a [`Written`](crate::Written) instead.

use std::fmt;
use std::io::ErrorKind;

use chappe_protocol::Kind;

/// EIO. LMDB reports it for a write that was cut short, which is how most disks begin to be full.
const CUT_SHORT: i32 = 5;

/// Why the store could not do what it was asked. Nothing of the call was done.
#[derive(Debug)]
pub enum Error {
    /// No room for more. Reading goes on, and so does writing once there is room again.
    Full(Space),
    /// The write's [`Placement`](crate::Placement) does not fit the event's kind: the caller's mistake.
    Misplaced(Kind),
    /// A key of the state has no bytes, or more than 500: the caller's mistake.
    StateKey {
        /// How many it has.
        bytes: usize,
    },
    /// A record or an index entry is not as this crate writes it.
    Corrupt(&'static str),
    /// LMDB or the system failed.
    Engine(heed::Error),
}

/// Which room has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// The map, less its reserve: `store.map_bytes` in the configuration.
    Map,
    /// The disk, less a reserve of 1 MiB.
    Disk,
    /// What may be stored: `store.bytes_max` in the configuration.
    Ceiling,
    /// The part of the disk that is not to stay free: `store.disk_free_bytes_min` in the configuration.
    LowDisk,
}

impl From<heed::Error> for Error {
    fn from(error: heed::Error) -> Self {
        use heed::Error::{Decoding, Encoding, EnvAlreadyOpened, Io, Mdb};
        use heed::MdbError::MapFull;
        match error {
            Mdb(MapFull) => Self::Full(Space::Map),
            Io(io) if matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                Self::Full(Space::Disk)
            }
            error @ (Io(_) | Mdb(_) | Encoding(_) | Decoding(_) | EnvAlreadyOpened) => Self::Engine(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(Space::Map) => f.write_str("the store is full: store.map_bytes is used up"),
            Self::Full(Space::Disk) => f.write_str("the store is full: no space left on its disk"),
            Self::Full(Space::Ceiling) => f.write_str("the store is full: store.bytes_max is reached"),
            Self::Full(Space::LowDisk) => {
                f.write_str("the store takes no more: its disk has less free than store.disk_free_bytes_min")
            }
            Self::Misplaced(kind) => {
                write!(f, "an event of kind {kind} was given a place that does not fit it")
            }
            Self::StateKey { bytes } => write!(f, "a key of {bytes} bytes cannot be kept: 1 to 500 can"),
            Self::Corrupt(what) => write!(f, "the store is damaged: {what}"),
            Self::Engine(heed::Error::Io(error)) if error.raw_os_error() == Some(CUT_SHORT) => {
                write!(f, "the store failed: {error}: its disk is full or broken")
            }
            Self::Engine(error) => write!(f, "the store failed: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Engine(error) => Some(error),
            Self::Full(_) | Self::Misplaced(_) | Self::StateKey { .. } | Self::Corrupt(_) => None,
        }
    }
}
