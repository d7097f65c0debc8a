//! `chappe db compact`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use chappe_store::{Options, Reader};

use super::DbError;
use crate::commands::progress::{Progress, Unit};
use crate::figures::bytes;

/// How often it is looked how far the copy is.
const LOOK: Duration = Duration::from_millis(200);

/// Puts a smaller file into place, and says how much smaller.
pub(super) fn run(data_dir: &Path, options: &Options, mut out: impl Write) -> Result<(), DbError> {
    // About as much as will be copied. Where that is not known, what comes next says why.
    let total = Reader::open(data_dir, options).ok().and_then(|reader| Some(reader.usage().ok()?.bytes_used));
    let mut progress = Progress::new("compact", Unit::Bytes, total);
    let copy = Options::compact_copy(data_dir);
    let (done, is_done) = channel::<()>();
    let compacted = thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let copied = fs::metadata(&copy).map_or(0, |copy| copy.len());
                progress.show(copied, String::new);
            }
            progress.clear();
        });
        let compacted = options.compact(data_dir);
        drop(done);
        compacted
    });
    let (before, after) = compacted.map_err(DbError::Build)?;
    writeln!(out, "{} before, {} now", bytes(before), bytes(after)).map_err(DbError::Write)
}
