//! Building a store anew from its own records, when its indexes or some of the records are damaged.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use heed::{Env, WithoutTls};

use crate::builder::{BATCH_BYTES, BATCH_RECORDS, BuildError, Builder};
use crate::compression::{Compression, Compressor};
use crate::env::{DATA_FILE, Options};
use crate::error::Error;
use crate::keys;
use crate::lock;
use crate::marks::each_mark;
use crate::reader::{check_is_there, open_to_read};
use crate::record::{Record, RecordView};
use crate::store::{Seq, Store};
use crate::tables::{Index, META_LINE, Tables};
use crate::write::Writer;

/// A store of this layout or a later one can be repaired as it is: its records have not changed since, and its indexes are not
/// read. One that is damaged may not get so far as to be brought up to date.
const SCHEMA_OLDEST: u64 = 2;

/// Where the new store is built, in the directory of the old one. What a kill left of it is removed when the store is
/// opened.
pub(crate) const REPAIRING: &str = "repairing";
/// What the old file is called once the new one has its place.
const KEPT_FILE: &str = "data.mdb.damaged";

/// A store that is being built from the records of another one, whose place it takes at the end. Dropped before
/// [`Repair::finish`], it leaves that as it was.
pub struct Repair {
    dir: PathBuf,
    builder: Builder,
    // The locks go last.
    old: Old,
    /// The next number to look for.
    next: u64,
    lost: Option<Lost>,
    _reading: File,
}

/// The old store. It is only read, one number at a time: a walk would step from a damaged page onto others.
struct Old {
    env: Env<WithoutTls>,
    tables: Tables<'static>,
    events: u64,
    /// The last number that there can be.
    last: Seq,
}

/// A record as it was found, sound or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub seq: Seq,
    /// All of it.
    pub bytes: Box<[u8]>,
}

/// Numbers whose records cannot be read, because the file is damaged where they lie, if there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// How many numbers. Some of them may have had no record any more.
    pub count: u64,
    /// The first of them.
    pub first: Seq,
    /// The last of them.
    pub last: Seq,
}

/// A sound event that is not in the new store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// Its number.
    pub seq: Seq,
    /// Its wire form.
    pub json: Box<[u8]>,
    /// Why.
    pub reason: OutReason,
}

/// Why a sound event is not in the new store. Both happen when entries were missing while a relay went on writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutReason {
    /// The event is there under another number.
    Double,
    /// A newer version is at its address.
    Superseded,
}

impl Found {
    /// Its fields, if they can be parsed.
    #[must_use]
    pub fn view(&self) -> Option<RecordView<'_>> {
        RecordView::parse(&self.bytes)
    }
}

impl Repair {
    /// Begins a new store beside the one in this directory, which nobody may have open, to read neither. What an earlier
    /// repair left that was killed is removed. The new store has the line of the old one: numbers mean the same in both.
    ///
    /// # Errors
    ///
    /// [`BuildError::NotEmpty`] when an old file of an earlier repair is there, [`BuildError::Open`].
    pub fn begin(dir: &Path, options: &Options) -> Result<Self, BuildError> {
        check_is_there(dir).map_err(BuildError::Open)?;
        let writing = lock::to_write(dir).map_err(BuildError::Open)?;
        let reading = lock::to_replace(dir).map_err(BuildError::Open)?;
        clear_kept(dir)?;
        let old = Old::open(dir, options)?;
        let line = old.line().map_err(BuildError::Store)?.unwrap_or(options.line);
        let options = Options { line, ..options.clone() };
        let builder = Builder::begin_in(dir, REPAIRING, &options, writing)?;
        if let Some(new) = builder.store().filter(|_| options.compression == Compression::Zstd) {
            new.take_dictionaries(old.tables.dictionaries.iter(), old.last).map_err(BuildError::Store)?;
        }
        Ok(Self { dir: dir.to_owned(), builder, old, next: 1, lost: None, _reading: reading })
    }

    /// How many records there are, as far as the old store knows.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.old.events
    }

    /// The numbers that could not be read so far.
    #[must_use]
    pub const fn lost(&self) -> Option<Lost> {
        self.lost
    }

    /// Reads the next records, in the order of their numbers: up to 2,048, or some 4 MiB. None when there are no more. What is
    /// compressed and can be read is plain here.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] when not even a transaction can be opened.
    pub fn read(&mut self) -> Result<Vec<Found>, Error> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut txn = self.old.env.read_txn()?;
        while self.next <= self.old.last.0 && batch.len() < BATCH_RECORDS && bytes < BATCH_BYTES {
            let seq = Seq(self.next);
            match self.old.tables.records.get(&txn, &seq.0) {
                Ok(Some(found)) => {
                    bytes += found.len();
                    let plain = self.old.tables.dictionaries.plain_record(found);
                    batch.push(Found { seq, bytes: plain.map_or_else(|| found.into(), Into::into) });
                }
                Ok(None) => {}
                Err(_) => {
                    let lost = self.lost.get_or_insert(Lost { count: 0, first: seq, last: seq });
                    (lost.count, lost.last) = (lost.count + 1, seq);
                    // One that has seen damage answers nothing any more.
                    txn = self.old.env.read_txn()?;
                }
            }
            let Some(next) = self.next.checked_add(1) else { break };
            self.next = next;
        }
        Ok(batch)
    }

    /// Puts sound records into the new store, in one commit. Their numbers have to ascend, over all calls. Says which
    /// events are not in it, of these and of earlier ones.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Corrupt`], [`Error::Engine`].
    pub fn put(&self, records: &[(Seq, Record)]) -> Result<Vec<Out>, Error> {
        let mut out = Vec::new();
        let bytes = records.iter().map(|(_, record)| record.as_bytes().len()).sum();
        let compressor = self.builder.store().map_or(Compressor::NONE, Store::compressor);
        let mut room = Vec::new();
        self.builder.write(bytes, |writer| {
            records.iter().try_for_each(|(seq, record)| {
                let kept = Record::kept_anew(record.view(), record.as_bytes(), &mut room, compressor)?;
                put(writer, *seq, &kept, &mut out)
            })
        })?;
        Ok(out)
    }

    /// Takes over what the old store keeps besides its events, and puts the new one into its place, in one step. Gives
    /// where the old file is now.
    ///
    /// # Errors
    ///
    /// [`BuildError::Store`], [`BuildError::Io`]; the old store is as it was then.
    pub fn finish(self) -> Result<PathBuf, BuildError> {
        self.take_marks().map_err(BuildError::Store)?;
        let Self { dir, builder, old, .. } = self;
        let (data, kept) = (dir.join(DATA_FILE), dir.join(KEPT_FILE));
        let last = old.last;
        // Else LMDB would go on with a file that has another name.
        old.env.prepare_for_closing().wait();
        fs::hard_link(&data, &kept).map_err(|error| BuildError::Io(kept.clone(), error))?;
        let finished = builder.finish(last);
        if finished.is_err() {
            // It says better what went wrong than this could.
            let _ = clear_kept(&dir);
        }
        finished.map(|()| kept)
    }

    fn take_marks(&self) -> Result<(), Error> {
        let Some(new) = self.builder.store() else { return Ok(()) };
        let (old, mut put) = (self.old.env.read_txn()?, Ok(()));
        let mut txn = new.env.write_txn()?;
        let taken = each_mark(&self.old.tables, &old, &mut |mark| {
            put = mark.put(&new.tables, &mut txn);
            if put.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        taken.map_err(|_| Error::Corrupt("what was deleted, or the state, cannot be read"))?;
        put?;
        Ok(txn.commit()?)
    }
}

impl std::fmt::Debug for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repair").field("dir", &self.dir).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Old {
    fn open(dir: &Path, options: &Options) -> Result<Self, BuildError> {
        let (env, tables) = open_to_read(dir, options, SCHEMA_OLDEST).map_err(BuildError::Open)?;
        let sizes = || -> Result<_, Error> {
            let txn = env.read_txn()?;
            // Where they cannot be read, the records that need them cannot either, and each of those is told.
            let _ = tables.load_dictionaries(&txn);
            Ok((tables.records.len(&txn)?, tables.last_record(&txn)?))
        };
        let (events, last) = sizes().map_err(BuildError::Store)?;
        Ok(Self { env, tables, events, last })
    }

    fn line(&self) -> Result<Option<u64>, Error> {
        Ok(self.tables.meta.get(&*self.env.read_txn()?, META_LINE)?)
    }
}

fn put(writer: &mut Writer<'_>, seq: Seq, record: &Record, out: &mut Vec<Out>) -> Result<(), Error> {
    let view = record.view();
    let head = view.head();
    let left_out = |seq, view: &RecordView<'_>, reason| -> Result<Out, Error> {
        Ok(Out { seq, json: view.json(&mut Vec::new())?.into(), reason })
    };
    if writer.find(Index::Id, head.id.as_bytes())?.is_some() {
        out.push(left_out(seq, &view, OutReason::Double)?);
        return Ok(());
    }
    if let Some(address) = head.address()
        && let Some(rival) = writer.find(Index::Head, &keys::address_key(&address))?
    {
        let older = left_out(rival, &writer.record(rival)?, OutReason::Superseded)?;
        let is_older = writer.clear_place(&head)?;
        out.push(if is_older { older } else { left_out(seq, &view, OutReason::Superseded)? });
        if !is_older {
            return Ok(());
        }
    }
    writer.insert_as(seq, record)
}

/// An old file that was kept is not lost by another repair. One that a kill left with two names loses the second.
fn clear_kept(dir: &Path) -> Result<(), BuildError> {
    let (data, kept) = (dir.join(DATA_FILE), dir.join(KEPT_FILE));
    let io = |error| BuildError::Io(kept.clone(), error);
    let other = match fs::metadata(&kept) {
        Ok(other) => other,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    let own = fs::metadata(&data).map_err(io)?;
    if (own.dev(), own.ino()) == (other.dev(), other.ino()) {
        fs::remove_file(&kept).map_err(io)
    } else {
        Err(BuildError::NotEmpty(kept))
    }
}

#[cfg(test)]
mod tests;
