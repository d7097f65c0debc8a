//! `chappe db compact`.

use std::io::Write;
use std::path::Path;

use chappe_store::Options;

use super::DbError;
use crate::figures::bytes;

/// Puts a smaller file into place, and says how much smaller.
pub(super) fn run(data_dir: &Path, options: &Options, mut out: impl Write) -> Result<(), DbError> {
    let (before, after) = options.compact(data_dir).map_err(DbError::Build)?;
    writeln!(out, "{} before, {} now", bytes(before), bytes(after)).map_err(DbError::Write)
}
