//! A new file in the place of one whose events are kept in another form.

use std::path::Path;

use heed::types::Bytes;
use heed::{Database, PutFlags, RoTxn, RwTxn};

use crate::builder::{BuildError, Builder};
use crate::compression::Compression;
use crate::env::{Options, SCHEMA};
use crate::error::Error;
use crate::lock;
use crate::reader::{check_is_there, open_to_read};
use crate::record::Record;
use crate::store::Store;
use crate::tables::{Index, META_SCHEMA, META_TRAINED, Tables, bytes_of};
use crate::training;

/// Where the new file is built, in the directory of the old one. What a kill left of it is removed when the store is opened.
pub(crate) const REWRITING: &str = "rewriting";

/// The number of the dictionary in the new file: it is the only one.
const FIRST: u64 = 1;

/// What goes into one commit.
const COMMIT_BYTES: usize = 16 << 20;

/// What has become of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewritten {
    /// Events in it.
    pub events: u64,
    /// Those of them that are compressed.
    pub compressed: u64,
    /// Bytes of the pages with events before.
    pub before_bytes: u64,
    /// And now.
    pub after_bytes: u64,
}

impl Options {
    /// Writes the store in this directory anew, in its order and so without gaps, with every event compressed by one
    /// dictionary that is made of what there is now, or with none compressed. That takes the place of the old file in one
    /// step: whatever happens, one of the two is there, whole. `each` is told how many events are done.
    ///
    /// Nobody may have the store open, to read neither. The disk needs room for both.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; the old file is as it was then. [`Error::Corrupt`] when an event cannot be read.
    pub fn rewrite(
        &self,
        dir: &Path,
        compression: Compression,
        each: &mut dyn FnMut(u64),
    ) -> Result<Rewritten, BuildError> {
        check_is_there(dir).map_err(BuildError::Open)?;
        let writing = lock::to_write(dir).map_err(BuildError::Open)?;
        let _reading = lock::to_replace(dir).map_err(BuildError::Open)?;
        let (env, old) = open_to_read(dir, self, SCHEMA).map_err(BuildError::Open)?;
        let options = Self { compression, bytes_max: 0, line: 0, ..self.clone() };
        let builder = Builder::begin_in(dir, REWRITING, &options, writing)?;
        let copied = builder.store().map_or(Ok(Rewritten::default()), |new| {
            let txn = env.read_txn()?;
            old.load_dictionaries(&txn)?;
            copy(&old, &txn, new, each)
        });
        let rewritten = copied.map_err(BuildError::Store)?;
        let last = env.read_txn().map_err(Error::from).and_then(|txn| old.last_seq(&txn));
        let last = last.map_err(BuildError::Store)?;
        // Else LMDB would go on with a file that has no name any more.
        env.prepare_for_closing().wait();
        builder.finish(last)?;
        Ok(rewritten)
    }
}

/// Copies all there is.
fn copy(
    old: &Tables<'static>,
    txn: &RoTxn<'_>,
    new: &Store,
    each: &mut dyn FnMut(u64),
) -> Result<Rewritten, Error> {
    take_meta(old, txn, new)?;
    take_dictionary(old, txn, new)?;
    let mut appending = Appending { new, txn: None, bytes: 0 };
    let mut rewritten = appending.records(old, txn, each)?;
    for index in Index::ALL {
        appending.table(old.index(index).remap_types(), txn, new.tables.index(index).remap_types())?;
    }
    for (from, to) in old.others().into_iter().zip(new.tables.others()) {
        appending.table(from, txn, to)?;
    }
    appending.txn.map_or(Ok(()), RwTxn::commit)?;
    rewritten.before_bytes = bytes_of(&old.records.stat(txn)?);
    rewritten.after_bytes = bytes_of(&new.tables.records.stat(&*new.env.read_txn()?)?);
    Ok(rewritten)
}

/// All but what tells of compression.
fn take_meta(old: &Tables<'static>, txn: &RoTxn<'_>, new: &Store) -> Result<(), Error> {
    let (meta, mut to) = (new.tables.meta, new.env.write_txn()?);
    for entry in old.meta.iter(txn)? {
        let (key, value) = entry?;
        meta.put(&mut to, key, &value)?;
    }
    meta.put(&mut to, META_SCHEMA, &SCHEMA)?;
    meta.delete(&mut to, META_TRAINED)?;
    Ok(to.commit()?)
}

/// Gives the new store a dictionary of what there is now, as its only one: an older one may quote what was deleted since. None where
/// nothing is compressed, or there are too few events.
fn take_dictionary(old: &Tables<'static>, txn: &RoTxn<'_>, new: &Store) -> Result<(), Error> {
    if new.compression == Compression::Off {
        return Ok(());
    }
    let made = training::make(old, txn, FIRST)?;
    let Some(bytes) = made.dictionary else { return Ok(()) };
    new.keep(FIRST, Some(&bytes), made.last)
}

/// Puts what comes in the order of its keys behind what is there, so that pages become full, and commits now and then.
struct Appending<'n> {
    new: &'n Store,
    /// None between two commits.
    txn: Option<RwTxn<'n>>,
    bytes: usize,
}

impl Appending<'_> {
    fn put(&mut self, table: Database<'static, Bytes, Bytes>, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let mut txn = self.txn.take().map_or_else(|| self.new.env.write_txn(), Ok)?;
        table.put_with_flags(&mut txn, PutFlags::APPEND, key, value)?;
        self.bytes += key.len() + value.len();
        if self.bytes < COMMIT_BYTES {
            self.txn = Some(txn);
            return Ok(());
        }
        self.bytes = 0;
        Ok(txn.commit()?)
    }

    fn table(
        &mut self,
        from: Database<'static, Bytes, Bytes>,
        txn: &RoTxn<'_>,
        to: Database<'static, Bytes, Bytes>,
    ) -> Result<(), Error> {
        for entry in from.iter(txn)? {
            let (key, value) = entry?;
            self.put(to, key, value)?;
        }
        Ok(())
    }

    fn records(
        &mut self,
        old: &Tables<'static>,
        txn: &RoTxn<'_>,
        each: &mut dyn FnMut(u64),
    ) -> Result<Rewritten, Error> {
        let (mut rewritten, mut room) = (Rewritten::default(), Vec::new());
        let compressor = self.new.compressor();
        for entry in old.records.remap_key_type::<Bytes>().iter(txn)? {
            let (key, stored) = entry?;
            let record = old.parse(stored).ok_or(Error::Corrupt("a record ends too early"))?;
            let record = Record::kept_anew(record, stored, &mut room, compressor)?;
            self.put(self.new.tables.records.remap_key_type(), key, record.as_bytes())?;
            rewritten.events += 1;
            rewritten.compressed += u64::from(record.frame_bytes().is_some());
            each(rewritten.events);
        }
        Ok(rewritten)
    }
}

#[cfg(test)]
mod tests;
