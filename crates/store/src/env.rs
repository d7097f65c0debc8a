//! Opening the store: the directory, its lock, the map, the schema.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use heed::{CommitOrAbort, Env, EnvFlags, EnvOpenOptions, WithoutTls};

use crate::builder::{self, BUILDING};
use crate::compact::remove_copy;
use crate::compression::{Compression, Savings};
use crate::error::Error;
use crate::lock;
use crate::migrate::{self, Migrated};
use crate::open_error::OpenError;
use crate::query::Counters;
use crate::repair::REPAIRING;
use crate::rewrite::REWRITING;
use crate::room::DiskGuard;
use crate::store::{Seq, Store};
use crate::tables::{META_BEGUN, META_LINE, META_SCHEMA, META_SETTLED, Making, TABLES, Tables};
use crate::young::Young;

/// The layout that this crate reads and writes (docs/storage.md). Those before it are brought up to date (`migrate.rs`).
pub(crate) const SCHEMA: u64 = 3;
/// The same with a dictionary, so with wire forms that are compressed: what knows only the layout before refuses it.
pub(crate) const SCHEMA_COMPRESSED: u64 = SCHEMA + 1;

/// The file of LMDB.
pub(crate) const DATA_FILE: &str = "data.mdb";

/// A map is a whole number of these: the largest page size in use.
const MAP_UNIT_BYTES: usize = 64 << 10;

/// What a store may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Address space to reserve, and so the most that the store can hold, in bytes. Costs no memory and no disk until
    /// it is used. Rounded down to whole 64 KiB.
    pub map_bytes: usize,
    /// Writes are refused when fewer bytes than this remain of the map, so that what makes room (sweeping expired
    /// events) can still work. Less than `map_bytes`.
    pub map_reserve_bytes: usize,
    /// Events are refused when more than these bytes are used, as [`crate::Usage`] counts them; 0: as long as the map has
    /// room.
    pub bytes_max: u64,
    /// Events are refused when fewer bytes than this are free on the disk, until an eighth more is; 0: as long as it takes any.
    /// Pages that are free in the file count for up to half of it.
    pub disk_free_bytes_min: u64,
    /// How many transactions may read at the same time.
    pub readers_max: u32,
    /// Bytes of memory for index entries that are not in their tables yet, about; up to [`YOUNG_BYTES_BOUND`]. A store takes
    /// 32 MiB of it, and from some 300,000 stored events on 100 bytes for each. The more entries go into the tables together,
    /// the fewer pages are written for each, and the more there is to read again when the store is opened.
    pub young_bytes_max: usize,
    /// Whether the wire forms of new events are compressed.
    pub compression: Compression,
    /// A number by chance, not 0, for a store that has none yet: by it a store is known to be the one that an earlier
    /// backup was made of. 0 gives it none.
    pub line: u64,
}

/// The most that [`Options::young_bytes_max`] can be: more is no use, and a generation's lists count in 32 bits.
pub const YOUNG_BYTES_BOUND: usize = 1 << 30;

impl Default for Options {
    /// A map of 1 TiB with 256 MiB in reserve, all of it and of the disk for events, 1,024 readers, 256 MiB for young
    /// entries, no compression, no line.
    fn default() -> Self {
        Self {
            map_bytes: 1 << 40,
            map_reserve_bytes: 256 << 20,
            bytes_max: 0,
            disk_free_bytes_min: 0,
            readers_max: 1024,
            young_bytes_max: 256 << 20,
            compression: Compression::Off,
            line: 0,
        }
    }
}

impl Options {
    pub(crate) const fn whole_map_bytes(&self) -> usize {
        self.map_bytes - self.map_bytes % MAP_UNIT_BYTES
    }
}

impl Store {
    /// Opens the store in this directory, and makes both when they do not exist. One of an earlier layout is brought up to
    /// date, which takes some seconds for a million events.
    ///
    /// # Errors
    ///
    /// [`OpenError`], with a text for the operator. Nothing was changed in a store that did not open, unless it is between
    /// two layouts: then it goes on there the next time.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, OpenError> {
        Self::open_telling(dir, options, &mut |_| {})
    }

    /// The same, and tells how far it is with a store of an earlier layout: before it begins, and after each commit.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_telling(
        dir: &Path,
        options: &Options,
        tell: &mut dyn FnMut(Migrated),
    ) -> Result<Self, OpenError> {
        let map_bytes = options.whole_map_bytes();
        let Some(write_bound) = map_bytes.checked_sub(options.map_reserve_bytes).filter(|&bytes| bytes > 0)
        else {
            return Err(OpenError::ReserveTooLarge {
                map_bytes,
                map_reserve_bytes: options.map_reserve_bytes,
            });
        };
        let io = |error| OpenError::Io(dir.to_owned(), error);
        fs::create_dir_all(dir).map_err(io)?;
        let lock = lock::to_write(dir)?;
        check_whole(dir)?;
        remove_copy(dir).map_err(io)?;
        builder::remove(&dir.join(REPAIRING)).map_err(io)?;
        builder::remove(&dir.join(REWRITING)).map_err(io)?;
        let env = open_env(dir, (map_bytes, options.readers_max), EnvFlags::empty())?;
        let tables = open_tables(dir, &env, options.line)?;
        // The names of new files are durable only once their directory is.
        File::open(dir).and_then(|handle| handle.sync_all()).map_err(io)?;
        let unreadable = |error| OpenError::Unreadable(dir.to_owned(), error);
        migrate::finish(&env, &tables, tell).map_err(unreadable)?;
        let (settled, begun, stored) = marks(&env, &tables).map_err(unreadable)?;
        let store = Self {
            env,
            tables,
            young: Young::new(options.young_bytes_max.min(YOUNG_BYTES_BOUND), (settled, begun), stored),
            counters: Counters::default(),
            compression: options.compression,
            savings: Savings::default(),
            map_bytes: map_bytes as u64,
            write_bound_bytes: write_bound as u64,
            bytes_max: options.bytes_max,
            disk_guard: DiskGuard::new(options.disk_free_bytes_min),
            lock,
        };
        store.restore(settled).map_err(unreadable)?;
        Ok(store)
    }
}

/// A directory in which a store was being built, and in which there is none, must not be taken for an empty one.
pub(crate) fn check_whole(dir: &Path) -> Result<(), OpenError> {
    let is_unfinished = dir.join(BUILDING).exists() && !dir.join(DATA_FILE).exists();
    if is_unfinished { Err(OpenError::Unfinished(dir.to_owned())) } else { Ok(()) }
}

/// Opens the LMDB file, for whoever holds the lock to write or to read. The flags are none, or `READ_ONLY`.
pub(crate) fn open_env(
    dir: &Path,
    (map_bytes, readers_max): (usize, u32),
    flags: EnvFlags,
) -> Result<Env<WithoutTls>, OpenError> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_bytes).max_readers(readers_max).max_dbs(TABLES);
    #[expect(unsafe_code, reason = "LMDB maps a file, and trusts that nobody else changes it")]
    // SAFETY: no caller passes a flag that takes a lock or a sync away. The map is read-only and its file is changed by
    // LMDB alone, of one process, under the lock that this directory has for it; another file takes its place only
    // while nobody reads (`lock.rs`). The lock file that LMDB keeps of its own is not removed while the environment is open.
    let opened = unsafe { options.flags(flags).open(dir) };
    let env = opened.map_err(|error| match error {
        heed::Error::Io(source) if source.kind() == io::ErrorKind::OutOfMemory => {
            OpenError::MapRefused { map_bytes, source }
        }
        heed::Error::Io(source) => OpenError::Io(dir.to_owned(), source),
        heed::Error::EnvAlreadyOpened => OpenError::InUse(dir.to_owned()),
        error @ (heed::Error::Mdb(_) | heed::Error::Encoding(_) | heed::Error::Decoding(_)) => {
            OpenError::Unreadable(dir.to_owned(), error.into())
        }
    })?;
    // What processes that died were reading would keep pages from being used again.
    env.clear_stale_readers().map_err(|error| OpenError::Unreadable(dir.to_owned(), error.into()))?;
    Ok(env)
}

fn open_tables(dir: &Path, env: &Env<WithoutTls>, line: u64) -> Result<Tables<'static>, OpenError> {
    let unreadable = |error: heed::Error| OpenError::Unreadable(dir.to_owned(), error.into());
    let txn = env.write_txn().map_err(unreadable)?;
    let opened = env.create_databases_and_commit(txn, |opener, txn| -> heed::Result<_> {
        let tables = Tables::through(&mut Making(opener, txn))?;
        let found = tables.meta.get(txn, META_SCHEMA)?;
        match found {
            Some(found) => migrate::begin(&tables, txn, found)?,
            None => tables.meta.put(txn, META_SCHEMA, &SCHEMA)?,
        }
        if line != 0 && tables.meta.get(txn, META_LINE)?.is_none() {
            tables.meta.put(txn, META_LINE, &line)?;
        }
        let found = found.unwrap_or(SCHEMA);
        Ok(if found > SCHEMA_COMPRESSED {
            CommitOrAbort::Abort(found)
        } else {
            CommitOrAbort::Commit(tables)
        })
    });
    match opened.map_err(unreadable)? {
        CommitOrAbort::Commit(tables) => Ok(tables),
        CommitOrAbort::Abort(found) => Err(OpenError::NewerSchema { found, known: SCHEMA_COMPRESSED }),
    }
}

/// Up to which record all entries are in their tables, and beyond which there are none; and how many records there are. Makes
/// the dictionaries ready on the way.
fn marks(env: &Env<WithoutTls>, tables: &Tables<'static>) -> Result<(Seq, Seq, u64), Error> {
    let txn = env.read_txn()?;
    tables.load_dictionaries(&txn)?;
    let (settled, begun) = (tables.meta_seq(&txn, META_SETTLED)?, tables.meta_seq(&txn, META_BEGUN)?);
    Ok((settled, begun, tables.records.len(&txn)?))
}
