//! Building a store anew, from what a backup holds: it is there as a whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use chappe_protocol::Timestamp;

use crate::env::{DATA_FILE, Options};
use crate::error::Error;
use crate::lock;
use crate::marks::Mark;
use crate::open_error::OpenError;
use crate::record::Record;
use crate::store::{Seq, Store};
use crate::write::Writer;

/// Where a store is restored, in the directory that it is for. While it is there and no store is, none opens.
pub(crate) const BUILDING: &str = "restoring";

/// What goes into one commit.
pub(crate) const BATCH_RECORDS: usize = 2048;
pub(crate) const BATCH_BYTES: usize = 4 << 20;

/// A store that is being built. Dropped before [`Builder::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Builder {
    store: Option<Store>,
    dir: PathBuf,
    /// Where it is until it is put into place.
    building: PathBuf,
    batch: Vec<(Seq, Record)>,
    batch_bytes: usize,
    last: Seq,
    _lock: File,
}

/// Why a store was not built.
#[derive(Debug)]
pub enum BuildError {
    /// The directory cannot be used.
    Open(OpenError),
    /// There is something already that would be replaced.
    NotEmpty(PathBuf),
    /// The store cannot be written.
    Store(Error),
    /// It cannot be put into place.
    Io(PathBuf, io::Error),
}

impl Builder {
    /// Begins a store for this directory, and makes that when it does not exist. What an earlier builder left that was
    /// killed is removed. It gets the line of the options, whatever the store had that the records come from: from
    /// here on it goes its own way.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotEmpty`] when there is a store already, [`BuildError::Open`].
    pub fn begin(dir: &Path, options: &Options) -> Result<Self, BuildError> {
        let io = |error| BuildError::Io(dir.to_owned(), error);
        fs::create_dir_all(dir).map_err(io)?;
        let lock = lock::to_write(dir).map_err(BuildError::Open)?;
        if dir.join(DATA_FILE).exists() {
            return Err(BuildError::NotEmpty(dir.join(DATA_FILE)));
        }
        Self::begin_in(dir, BUILDING, options, lock)
    }

    /// Begins it in this directory of that one, for whoever has the lock to write.
    pub(crate) fn begin_in(
        dir: &Path,
        building: &str,
        options: &Options,
        lock: File,
    ) -> Result<Self, BuildError> {
        let io = |error| BuildError::Io(dir.to_owned(), error);
        let building = dir.join(building);
        remove(&building).map_err(io)?;
        let store = Store::open(&building, options).map_err(BuildError::Open)?;
        // Before anything is in it, so that no kill leaves a directory that looks empty.
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
        Ok(Self {
            store: Some(store),
            dir: dir.to_owned(),
            building,
            batch: Vec::new(),
            batch_bytes: 0,
            last: Seq(0),
            _lock: lock,
        })
    }

    /// Adds an event under the number that it had.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when the numbers do not ascend, [`Error::Full`], [`Error::Engine`].
    pub fn add(&mut self, seq: Seq, record: Record) -> Result<(), Error> {
        if seq <= self.last {
            return Err(Error::Corrupt("the numbers of events do not ascend"));
        }
        self.last = seq;
        self.batch_bytes += record.as_bytes().len();
        self.batch.push((seq, record));
        if self.batch.len() >= BATCH_RECORDS || self.batch_bytes >= BATCH_BYTES {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Adds a mark. They may come in any order, before, between and after the events.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn mark(&mut self, marks: &[Mark<'_>]) -> Result<(), Error> {
        let Some(store) = &self.store else { return Ok(()) };
        let mut txn = store.env.write_txn()?;
        marks.iter().try_for_each(|mark| mark.put(&store.tables, &mut txn))?;
        Ok(txn.commit()?)
    }

    /// Puts the store into place. `last` is the last number that was given to an event, stored or not.
    ///
    /// # Errors
    ///
    /// [`BuildError::Store`], [`BuildError::Io`]; nothing is left then.
    pub fn finish(mut self, last: Seq) -> Result<(), BuildError> {
        self.commit().map_err(BuildError::Store)?;
        if let Some(store) = self.store.take() {
            let mut writer = Writer::begin(&store, Timestamp(0)).map_err(BuildError::Store)?;
            writer.skip_to(last);
            writer.commit().map_err(BuildError::Store)?;
        }
        let io = |error| BuildError::Io(self.dir.clone(), error);
        // With this it is there.
        fs::rename(self.building.join(DATA_FILE), self.dir.join(DATA_FILE)).map_err(io)?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(io)
    }

    fn commit(&mut self) -> Result<(), Error> {
        if !self.batch.is_empty() {
            self.write(self.batch_bytes, |writer| {
                self.batch.iter().try_for_each(|(seq, record)| writer.insert_as(*seq, record))
            })?;
        }
        self.batch.clear();
        self.batch_bytes = 0;
        Ok(())
    }

    /// Puts so many bytes of records in one commit.
    pub(crate) fn write(
        &self,
        bytes: usize,
        put: impl FnOnce(&mut Writer<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(store) = &self.store else { return Ok(()) };
        let mut writer = Writer::begin(store, Timestamp(0))?;
        store.check_room(&writer.txn, bytes)?;
        put(&mut writer)?;
        let share = writer.turn.share();
        writer.settle(share)?;
        writer.commit()
    }

    /// The store, for what does not go by its writer.
    pub(crate) const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.store = None;
        // What cannot be removed keeps a store from being opened here, unless there is one.
        let _ = remove(&self.building);
    }
}

/// Removes what a builder has left, if there is any.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::NotEmpty(path) => write!(f, "{} exists: it would be replaced", path.display()),
            Self::Store(error) => error.fmt(f),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for BuildError {}

#[cfg(test)]
mod tests;
