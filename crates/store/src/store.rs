//! The open store and its small questions.

use std::fmt;
use std::fs::File;

use chappe_protocol::EventId;
use heed::{Env, WithoutTls};

use crate::compression::{Compression, Compressor, Saved, Savings};
use crate::error::Error;
use crate::query::{Counters, QueryCounts};
use crate::room::DiskGuard;
use crate::tables::{Index, META_SCHEMA, Tables};
use crate::young::Young;

/// The number of a stored event: ascending in the order of storing, one for each, never used again. The first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// An open store. Share it by `Arc`: reading never waits, writing waits for whoever writes.
pub struct Store {
    // Dropped in this order: the lock on the directory goes last.
    pub(crate) env: Env<WithoutTls>,
    pub(crate) tables: Tables<'static>,
    pub(crate) young: Young,
    pub(crate) counters: Counters,
    pub(crate) compression: Compression,
    pub(crate) savings: Savings,
    pub(crate) map_bytes: u64,
    pub(crate) write_bound_bytes: u64,
    pub(crate) bytes_max: u64,
    pub(crate) disk_guard: DiskGuard,
    pub(crate) lock: File,
}

/// How much there is and how much room it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Stored events, expired ones that were not swept yet included.
    pub events: u64,
    /// Bytes of the map that hold something, or are going to: index entries come to it later than their events.
    pub bytes_used: u64,
    /// Bytes of the map.
    pub map_bytes: u64,
    /// Commits since the store was made.
    pub commits: u64,
}

impl Store {
    /// Whether an event with this id is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn contains(&self, id: &EventId) -> Result<bool, Error> {
        Ok(self.snapshot()?.indexes().find(Index::Id, id.as_bytes())?.is_some())
    }

    /// The number of the newest commit's last event; `Seq(0)` when nothing was ever stored.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn last_seq(&self) -> Result<Seq, Error> {
        self.tables.last_seq(&*self.env.read_txn()?)
    }

    /// How full the store is. Does not look at the events.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn usage(&self) -> Result<Usage, Error> {
        let txn = self.env.read_txn()?;
        Ok(Usage {
            events: self.tables.records.len(&txn)?,
            bytes_used: self.bytes_used(&txn)?,
            map_bytes: self.map_bytes,
            // What is read is what the commit of this number left.
            commits: txn.id() as u64,
        })
    }

    /// Commits something that changes nothing, to see whether the disk takes it. Waits for whoever writes.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] when it does not.
    pub fn prove_writable(&self) -> Result<(), Error> {
        let mut txn = self.env.write_txn()?;
        // What is there, once more.
        if let Some(schema) = self.tables.meta.get(&txn, META_SCHEMA)? {
            self.tables.meta.put(&mut txn, META_SCHEMA, &schema)?;
        }
        Ok(txn.commit()?)
    }

    /// What compresses new records: nothing, where that is off or there is no dictionary yet.
    #[must_use]
    pub fn compressor(&self) -> Compressor<'_> {
        match self.compression {
            Compression::Off => Compressor::NONE,
            Compression::Zstd => Compressor::by(self.tables.dictionaries.newest()),
        }
    }

    /// What compression has saved since the store was opened.
    #[must_use]
    pub fn saved(&self) -> Saved {
        self.savings.read()
    }

    /// How many dictionaries there are to read records by.
    #[must_use]
    pub fn dictionaries(&self) -> usize {
        self.tables.dictionaries.iter().count()
    }

    /// What the queries have taken since the store was opened.
    #[must_use]
    pub fn query_counts(&self) -> QueryCounts {
        self.counters.read()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.env.path()).finish_non_exhaustive()
    }
}
