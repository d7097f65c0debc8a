//! A store that is only read, by a process of its own: while a relay writes, or when none does.

use std::fmt;
use std::fs::File;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::Arc;

use heed::types::Str;
use heed::{CommitOrAbort, Env, EnvFlags, RoTxn, WithoutTls};

use crate::audit::{Audit, See, Unsettled, audit};
use crate::env::{DATA_FILE, Options, SCHEMA, SCHEMA_COMPRESSED, check_whole, open_env};
use crate::error::Error;
use crate::indexes::Indexes;
use crate::lock;
use crate::open_error::OpenError;
use crate::record::RecordView;
use crate::room::free_bytes;
use crate::store::{Seq, Usage};
use crate::tables::{
    Door, Finding, META, META_FROM, META_LINE, META_SCHEMA, META_SETTLED, Number, Tables, bytes_of,
};
use crate::young::{View, Young};

/// A store as one commit left it.
///
/// It needs no index, so it does not miss what the process that writes has in its memory. While it is open, pages that
/// are freed are not used again, and the file of a relay that writes grows instead.
pub struct Reader {
    // Dropped in this order: the lock goes last.
    txn: RoTxn<'static, WithoutTls>,
    tables: Tables<'static>,
    /// Nothing: what is in memory is in that of another process.
    view: Arc<View>,
    env: Env<WithoutTls>,
    map_bytes: u64,
    lock: File,
}

/// How big a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSize {
    /// Its name (docs/storage.md).
    pub name: &'static str,
    /// How many entries it has.
    pub entries: u64,
    /// Bytes of the pages that they are on.
    pub bytes: u64,
}

impl Reader {
    /// The layout that a file has to have, or that with compressed wire forms, which is the next number (docs/storage.md).
    pub const LAYOUT: u64 = SCHEMA;

    /// Opens the store in this directory as it is now. What is committed later is not seen.
    ///
    /// # Errors
    ///
    /// [`OpenError`], with a text for the operator; [`OpenError::InUse`] when the file is being replaced just now.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, OpenError> {
        check_is_there(dir)?;
        let lock = lock::to_read(dir)?;
        let (env, tables) = open_to_read(dir, options, SCHEMA)?;
        let unreadable = |error: heed::Error| OpenError::Unreadable(dir.to_owned(), error.into());
        let txn = env.clone().static_read_txn().map_err(unreadable)?;
        tables.load_dictionaries(&txn).map_err(|error| OpenError::Unreadable(dir.to_owned(), error))?;
        let view = Young::new(0, (Seq(0), Seq(0)), 0).view();
        Ok(Self { txn, tables, view, env, map_bytes: options.whole_map_bytes() as u64, lock })
    }

    /// The number by which the store is told from others; 0 when it has none.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn line(&self) -> Result<u64, Error> {
        Ok(self.tables.meta.get(&self.txn, META_LINE)?.unwrap_or_default())
    }

    /// Which layout it has.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn layout(&self) -> Result<u64, Error> {
        Ok(self.tables.meta.get(&self.txn, META_SCHEMA)?.unwrap_or_default())
    }

    /// How many dictionaries there are to read records by.
    #[must_use]
    pub fn dictionaries(&self) -> usize {
        self.tables.dictionaries.iter().count()
    }

    /// The last number that was given to an event.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn last_seq(&self) -> Result<Seq, Error> {
        self.tables.last_seq(&self.txn)
    }

    /// Up to which number all events have their index entries in the tables.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn settled(&self) -> Result<Seq, Error> {
        self.tables.meta_seq(&self.txn, META_SETTLED)
    }

    /// How full the store is, but for index entries that are in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn usage(&self) -> Result<Usage, Error> {
        Ok(Usage {
            events: self.tables.records.len(&self.txn)?,
            bytes_used: self.tables.bytes_used(&self.txn)?,
            map_bytes: self.map_bytes,
            commits: self.txn.id() as u64,
        })
    }

    /// Bytes of the file. Pages in it that were freed will be used again.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn file_bytes(&self) -> Result<u64, Error> {
        Ok(self.env.real_disk_size()?)
    }

    /// What is free on the disk that the store is on; nothing where the system does not say it.
    #[must_use]
    pub fn disk_free_bytes(&self) -> Option<u64> {
        free_bytes(&self.lock)
    }

    /// The size of every table.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn tables(&self) -> Result<Vec<TableSize>, Error> {
        let mut sizes = Vec::new();
        self.tables.for_each(&self.txn, |name, stat| {
            sizes.push(TableSize { name, entries: stat.entries as u64, bytes: bytes_of(stat) });
        })?;
        Ok(sizes)
    }

    /// Shows each event after this number, in the order of their numbers, until it is told to break. One that cannot be
    /// parsed is nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn records(
        &self,
        after: Seq,
        each: &mut dyn FnMut(Seq, Option<RecordView<'_>>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let range = (Bound::Excluded(after.0), Bound::Unbounded);
        for entry in self.tables.records.range(&self.txn, &range)? {
            let (seq, bytes) = entry?;
            if each(Seq(seq), self.tables.parse(bytes)).is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(crate) const fn parts(&self) -> (&Tables<'static>, &RoTxn<'static, WithoutTls>) {
        (&self.tables, &self.txn)
    }

    /// As [`Store::audit`](crate::Store::audit), but that entries may be missing that have not settled: they are made
    /// again when the store is opened. Shows each record on the way, or nothing for one that cannot be parsed.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn audit(&self, see: See<'_>) -> Result<Audit, Error> {
        let indexes = Indexes { view: &self.view, tables: &self.tables, txn: &self.txn };
        audit(&indexes, Unsettled::Elsewhere, see)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("dir", &self.env.path()).finish_non_exhaustive()
    }
}

/// Whether there is a store that can be opened.
pub(crate) fn check_is_there(dir: &Path) -> Result<(), OpenError> {
    check_whole(dir)?;
    if dir.join(DATA_FILE).is_file() { Ok(()) } else { Err(OpenError::NoStore(dir.to_owned())) }
}

/// The file of LMDB and its tables, for whoever holds the lock to read or to write and can do with this layout or a later one.
pub(crate) fn open_to_read(
    dir: &Path,
    options: &Options,
    oldest: u64,
) -> Result<(Env<WithoutTls>, Tables<'static>), OpenError> {
    let env = open_env(dir, (options.whole_map_bytes(), options.readers_max), EnvFlags::READ_ONLY)?;
    let found =
        find_tables(&env, oldest).map_err(|error| OpenError::Unreadable(dir.to_owned(), error.into()))?;
    let tables = found.map_err(|found| match found {
        found if found > SCHEMA => OpenError::NewerSchema { found, known: SCHEMA_COMPRESSED },
        found => OpenError::OlderSchema { found, known: SCHEMA },
    })?;
    Ok((env, tables))
}

/// The tables; or the layout, when it is a later one or one before `oldest`.
fn find_tables(env: &Env<WithoutTls>, oldest: u64) -> heed::Result<Result<Tables<'static>, u64>> {
    let txn = env.read_txn()?;
    let found = env.open_databases_and_commit(txn, |opener, txn| -> heed::Result<_> {
        let mut door = Finding(opener, txn);
        let meta = door.table::<Str, Number>(META)?;
        // One that is being brought up to date is what it was until that is done.
        let found = match meta.get(txn, META_FROM)? {
            Some(from) => from,
            None => meta.get(txn, META_SCHEMA)?.unwrap_or_default(),
        };
        if (oldest..=SCHEMA_COMPRESSED).contains(&found) {
            Tables::through(&mut door).map(CommitOrAbort::Commit)
        } else {
            Ok(CommitOrAbort::Abort(found))
        }
    })?;
    Ok(match found {
        CommitOrAbort::Commit(tables) => Ok(tables),
        CommitOrAbort::Abort(found) => Err(found),
    })
}

#[cfg(test)]
mod tests;
