//! Opening the store: the directory, its lock, the map, the schema.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use heed::{CommitOrAbort, Env, EnvOpenOptions, WithoutTls};

use crate::error::Error;
use crate::store::{Seq, Store};
use crate::tables::{META_BEGUN, META_LAST_SEQ, META_SCHEMA, META_SETTLED, TABLES, Tables};
use crate::young::Young;

/// The layout that this crate writes (docs/storage.md). It reads the first one, too.
const SCHEMA: u64 = 2;
/// The layout in which all index entries were in their tables.
const SCHEMA_ALL_SETTLED: u64 = 1;

/// The file whose lock says that a process has the directory open. It stays empty.
const LOCK_FILE: &str = "chappe.lock";

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
    /// How many transactions may read at the same time.
    pub readers_max: u32,
    /// Bytes of memory for index entries that are not in their tables yet, about; up to 1 GiB. The more of them go into
    /// the tables together, the fewer pages are written for each, and the more there is to read again after a kill.
    pub young_bytes_max: usize,
}

/// More than that is no use, and a generation's lists count in 32 bits.
const YOUNG_BYTES_BOUND: usize = 1 << 30;

impl Default for Options {
    /// A map of 1 TiB with 256 MiB in reserve, 1,024 readers, 32 MiB for young entries.
    fn default() -> Self {
        Self {
            map_bytes: 1 << 40,
            map_reserve_bytes: 256 << 20,
            readers_max: 1024,
            young_bytes_max: 32 << 20,
        }
    }
}

/// Why the store did not open.
#[derive(Debug)]
pub enum OpenError {
    /// Another process, or this one, has the directory open.
    InUse(PathBuf),
    /// A later version of this program wrote the directory.
    NewerSchema {
        /// The layout it has.
        found: u64,
        /// The newest layout that this program knows.
        known: u64,
    },
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
            Self::NewerSchema { found, known } => write!(
                f,
                "the store was written by a newer version of this program \
                 (layout {found}, this version knows up to {known}): upgrade, or use another directory"
            ),
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
            Self::InUse(_) | Self::NewerSchema { .. } | Self::ReserveTooLarge { .. } => None,
            Self::MapRefused { source, .. } | Self::Io(_, source) => Some(source),
            Self::Unreadable(_, error) => Some(error),
        }
    }
}

impl Store {
    /// Opens the store in this directory, and makes both when they do not exist.
    ///
    /// # Errors
    ///
    /// [`OpenError`], with a text for the operator. Nothing was changed in a store that did not open.
    pub fn open(dir: &Path, options: &Options) -> Result<Self, OpenError> {
        let map_bytes = options.map_bytes - options.map_bytes % MAP_UNIT_BYTES;
        let Some(write_bound) = map_bytes.checked_sub(options.map_reserve_bytes).filter(|&bytes| bytes > 0)
        else {
            return Err(OpenError::ReserveTooLarge {
                map_bytes,
                map_reserve_bytes: options.map_reserve_bytes,
            });
        };
        let io = |error| OpenError::Io(dir.to_owned(), error);
        fs::create_dir_all(dir).map_err(io)?;
        let lock = lock(dir)?;
        let env = open_env(dir, map_bytes, options.readers_max)?;
        let tables = open_tables(dir, &env)?;
        // The names of new files are durable only once their directory is.
        File::open(dir).and_then(|handle| handle.sync_all()).map_err(io)?;
        let unreadable = |error| OpenError::Unreadable(dir.to_owned(), error);
        let (settled, begun) = marks(&env, &tables).map_err(unreadable)?;
        let store = Self {
            env,
            tables,
            young: Young::new(options.young_bytes_max.min(YOUNG_BYTES_BOUND), settled, begun),
            map_bytes: map_bytes as u64,
            write_bound_bytes: write_bound as u64,
            lock,
        };
        store.restore(settled).map_err(unreadable)?;
        Ok(store)
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK_FILE);
    let io = |error| OpenError::Io(path.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

fn open_env(dir: &Path, map_bytes: usize, readers_max: u32) -> Result<Env<WithoutTls>, OpenError> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_bytes).max_readers(readers_max).max_dbs(TABLES);
    #[expect(unsafe_code, reason = "LMDB maps a file, and trusts that nobody else changes it")]
    // SAFETY: the map is read-only and its file is changed by LMDB alone, under the lock that `lock` took for this
    // directory. The lock file that LMDB keeps of its own is not removed while the environment is open.
    let opened = unsafe { options.open(dir) };
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
    // Nobody else can have the store open, so any reader that is still listed belongs to a process that died.
    env.clear_stale_readers().map_err(|error| OpenError::Unreadable(dir.to_owned(), error.into()))?;
    Ok(env)
}

fn open_tables(dir: &Path, env: &Env<WithoutTls>) -> Result<Tables<'static>, OpenError> {
    let unreadable = |error: heed::Error| OpenError::Unreadable(dir.to_owned(), error.into());
    let txn = env.write_txn().map_err(unreadable)?;
    let opened = env.create_databases_and_commit(txn, |opener, txn| -> heed::Result<_> {
        let tables = Tables::create(opener, txn)?;
        let found = tables.meta.get(txn, META_SCHEMA)?;
        if found == Some(SCHEMA_ALL_SETTLED) {
            let last = tables.meta.get(txn, META_LAST_SEQ)?.unwrap_or_default();
            tables.meta.put(txn, META_SETTLED, &last)?;
            tables.meta.put(txn, META_BEGUN, &last)?;
        }
        if found.is_none_or(|found| found < SCHEMA) {
            tables.meta.put(txn, META_SCHEMA, &SCHEMA)?;
        }
        let found = found.unwrap_or(SCHEMA);
        Ok(if found > SCHEMA { CommitOrAbort::Abort(found) } else { CommitOrAbort::Commit(tables) })
    });
    match opened.map_err(unreadable)? {
        CommitOrAbort::Commit(tables) => Ok(tables),
        CommitOrAbort::Abort(found) => Err(OpenError::NewerSchema { found, known: SCHEMA }),
    }
}

/// Up to which record all entries are in their tables, and beyond which there are none.
fn marks(env: &Env<WithoutTls>, tables: &Tables<'static>) -> Result<(Seq, Seq), Error> {
    let txn = env.read_txn()?;
    Ok((tables.meta_seq(&txn, META_SETTLED)?, tables.meta_seq(&txn, META_BEGUN)?))
}
