//! `chappe db ...`: the store, looked at and kept in order.

mod check;
mod info;
mod verify;

use std::fmt;
use std::io::{self, Write};

use chappe_store::{Error, OpenError, Reader};

use crate::cli::DbCommand;
use crate::config::Config;
use crate::relay::store_options;

/// Why a command about the store did not do what it was asked.
#[derive(Debug)]
pub enum DbError {
    /// The store cannot be opened.
    Open(OpenError),
    /// The store cannot be read or written.
    Store(Error),
    /// Standard output cannot be written.
    Write(io::Error),
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
        DbCommand::Info { top } => info::run(&open_reader(config)?, *top, out),
        DbCommand::Verify => verify::run(&open_reader(config)?, out),
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
            Self::Write(error) => write!(f, "cannot write: {error}"),
            Self::Damaged { faults: 1 } => f.write_str("the store is damaged: 1 fault"),
            Self::Damaged { faults } => write!(f, "the store is damaged: {faults} faults"),
        }
    }
}

impl std::error::Error for DbError {}
