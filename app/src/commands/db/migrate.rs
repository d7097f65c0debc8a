//! `chappe db migrate`.

use std::io::Write;

use chappe_store::{OpenError, Reader};

use super::{DbError, open_reader};
use crate::commands::open_store;
use crate::config::Config;

/// Brings a store of an earlier layout up to date, and says so.
pub(super) fn run(config: &Config, mut out: impl Write) -> Result<(), DbError> {
    let (found, known) = match open_reader(config) {
        Ok(reader) => (None, reader.layout().map_err(DbError::Store)?),
        Err(DbError::Open(OpenError::OlderSchema { found, .. })) => (Some(found), Reader::LAYOUT),
        Err(error) => return Err(error),
    };
    // Opening it does it.
    drop(open_store(&config.store).map_err(DbError::Open)?);
    let said = match found {
        None => format!("the store has layout {known} already"),
        Some(found) => format!("the store had layout {found} and has layout {known} now"),
    };
    writeln!(out, "{said}").map_err(DbError::Write)
}
