//! `chappe db ...`: the store, looked at and kept in order.

mod backup;
mod check;
mod compact;
mod delete;
mod hashed;
mod info;
mod migrate;
mod parts;
mod repair;
mod restore;
mod retention;
mod set;
mod verify;

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use chappe_store::{BuildError, Compression, Error, OpenError, Reader, Return};

pub use self::set::SetError;

use crate::cli::DbCommand;
use crate::commands::open_store;
use crate::config::Config;
use crate::figures::many;
use crate::relay::{new_store_options, store_options};
use crate::{Clock, StartError};

/// Why a command about the store did not do what it was asked.
#[derive(Debug)]
pub enum DbError {
    /// The store cannot be opened.
    Open(OpenError),
    /// The store cannot be read or written.
    Store(Error),
    /// The lists or the policy file cannot be read.
    Lists(StartError),
    /// Standard output cannot be written.
    Write(io::Error),
    /// A backup cannot be made or used.
    Set(SetError),
    /// No store can be built.
    Build(BuildError),
    /// The directory has the key of another relay.
    OtherKey(PathBuf),
    /// The store could not be written when so many events were removed.
    Stopped {
        /// How many.
        removed: u64,
        /// Why.
        error: Error,
    },
    /// An event cannot be read.
    Unreadable {
        /// Its number.
        seq: u64,
    },
    /// So much is wrong with the store.
    Damaged {
        /// How many faults there are.
        faults: u64,
    },
}

/// Does it, and writes what there is to say on `out`.
///
/// # Errors
///
/// [`DbError`].
pub fn run(config: &Config, command: &DbCommand, out: impl Write) -> Result<(), DbError> {
    match command {
        DbCommand::Info { top } => info::run(&open_reader(config)?, config, *top, out),
        DbCommand::Retention => retention::run(&open_reader(config)?, config, out),
        DbCommand::Verify => verify::run(&open_reader(config)?, out),
        DbCommand::Compact { compress, plain } => {
            let form = match (compress, plain) {
                (true, _) => Some(Compression::Zstd),
                (_, true) => Some(Compression::Off),
                (false, false) => None,
            };
            compact::run(&config.store.data_dir, &store_options(&config.store), form, out)
        }
        DbCommand::Repair { drop } => {
            let unsound = if *drop { repair::Unsound::Dropped } else { repair::Unsound::SetAside };
            let options = new_store_options(&config.store).map_err(DbError::Open)?;
            repair::run(&config.store.data_dir, &options, unsound, out)
        }
        DbCommand::Migrate => migrate::run(config, out),
        DbCommand::Delete { filter, yes, for_good } => {
            // A store that is not there would be made.
            drop(open_reader(config)?);
            let store = open_store(&config.store).map_err(DbError::Open)?;
            let may_return = if *for_good { Return::Barred } else { Return::Allowed };
            let deed = if *yes { delete::Deed::Remove(may_return) } else { delete::Deed::Try };
            delete::run(&store, filter, deed, out)
        }
        DbCommand::Backup { dir } => {
            let place = (config.store.data_dir.as_path(), dir.as_path());
            backup::run(&open_reader(config)?, place, backup::PART_BYTES, Clock::system().now(), out)
        }
        DbCommand::Restore { dir, check: true } => restore::run(dir, None, out),
        DbCommand::Restore { dir, check: false } => {
            let options = new_store_options(&config.store).map_err(DbError::Open)?;
            restore::run(dir, Some((&config.store.data_dir, &options)), out)
        }
    }
}

fn open_reader(config: &Config) -> Result<Reader, DbError> {
    let options = store_options(&config.store);
    Reader::open(&config.store.data_dir, &options).map_err(DbError::Open)
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Lists(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write: {error}"),
            Self::Set(error) => error.fmt(f),
            Self::Build(error) => error.fmt(f),
            Self::OtherKey(path) => {
                write!(f, "{} is the key of another relay: it would be replaced", path.display())
            }
            Self::Stopped { removed, error } => {
                write!(f, "{error}; {} removed before that", many(*removed, "event"))
            }
            Self::Unreadable { seq } => {
                write!(f, "record {seq} cannot be read: `chappe db verify` says more")
            }
            Self::Damaged { faults } => {
                let plural = if *faults == 1 { "" } else { "s" };
                let what = format!("the store is damaged: {faults} fault{plural}");
                write!(f, "{what}; with the relay stopped, `chappe db repair` keeps what is right")
            }
        }
    }
}

impl std::error::Error for DbError {}
