//! Why a store does not open, in words for its operator.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::Error;

/// Why the store did not open.
#[derive(Debug)]
pub enum OpenError {
    /// Another process, or this one, has the directory open.
    InUse(PathBuf),
    /// The process that writes there is linked with another C library, and LMDB's locks cannot be shared with it.
    OtherLibrary {
        /// The directory.
        dir: PathBuf,
        /// The library of the process that writes.
        library: &'static str,
        /// The library of this program.
        own: &'static str,
    },
    /// A later version of this program wrote the directory.
    NewerSchema {
        /// The layout it has.
        found: u64,
        /// The newest layout that this program knows.
        known: u64,
    },
    /// An earlier version of this program wrote the directory, and it is only to be read.
    OlderSchema {
        /// The layout it has.
        found: u64,
        /// The layout that this program reads.
        known: u64,
    },
    /// A store was being restored here when that was killed.
    Unfinished(PathBuf),
    /// There is no store to read.
    NoStore(PathBuf),
    /// The system did not give so much address space.
    MapRefused {
        /// How much was asked for, in bytes.
        map_bytes: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The reserve is not smaller than the map.
    ReserveTooLarge {
        /// The map, in bytes.
        map_bytes: usize,
        /// The reserve, in bytes.
        map_reserve_bytes: usize,
    },
    /// The directory or a file in it cannot be used.
    Io(PathBuf, io::Error),
    /// The files are not a store, or are damaged.
    Unreadable(PathBuf, Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(dir) => write!(f, "{} is in use: another process has this store open", dir.display()),
            Self::OtherLibrary { dir, library, own } => write!(
                f,
                "{} is in use by a program that is linked with {library}, and this one is with {own}, which cannot be \
                 used together: call the program that the relay runs",
                dir.display()
            ),
            Self::NewerSchema { found, known } => write!(
                f,
                "the store was written by a newer version of this program \
                 (layout {found}, this version knows up to {known}): upgrade, or use another directory"
            ),
            Self::OlderSchema { found, known } => write!(
                f,
                "the store was written by an earlier version of this program (layout {found}, this version reads \
                 {known}): bring it up to date first, with `chappe db migrate` or by starting the relay"
            ),
            Self::Unfinished(dir) => write!(
                f,
                "a restore into {} did not come to its end: run it again, or remove the directory \"restoring\" there",
                dir.display()
            ),
            Self::NoStore(dir) => write!(f, "there is no store at {}", dir.display()),
            Self::MapRefused { map_bytes, source } => write!(
                f,
                "the system refuses to reserve {map_bytes} bytes of address space ({source}): lower store.map_bytes"
            ),
            Self::ReserveTooLarge { map_bytes, map_reserve_bytes } => write!(
                f,
                "store.map_reserve_bytes ({map_reserve_bytes}) must be smaller than store.map_bytes ({map_bytes})"
            ),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Unreadable(dir, error) => {
                write!(f, "{} cannot be opened as a store: {error}", dir.display())
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InUse(_)
            | Self::OtherLibrary { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::Unfinished(_)
            | Self::NoStore(_)
            | Self::ReserveTooLarge { .. } => None,
            Self::MapRefused { source, .. } | Self::Io(_, source) => Some(source),
            Self::Unreadable(_, error) => Some(error),
        }
    }
}
