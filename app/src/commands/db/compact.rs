//! `chappe db compact`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use chappe_store::{Compression, Options, Reader, Rewritten, Usage};

use super::DbError;
use crate::commands::progress::{Progress, Unit};
use crate::figures::{bytes, grouped};

/// How often it is looked how far the copy is.
const LOOK: Duration = Duration::from_millis(200);

/// Puts a smaller file into place, with the events in this form if they are to have another, and says how much smaller.
pub(super) fn run(
    data_dir: &Path,
    options: &Options,
    form: Option<Compression>,
    mut out: impl Write,
) -> Result<(), DbError> {
    let (before, after) = match form {
        Some(form) => rewrite(data_dir, options, form, &mut out)?,
        None => compact(data_dir, options)?,
    };
    writeln!(out, "{} before, {} now", bytes(before), bytes(after)).map_err(DbError::Write)
}

/// Writes everything anew, and says what the events take. Gives the bytes of both files.
fn rewrite(
    data_dir: &Path,
    options: &Options,
    form: Compression,
    out: &mut impl Write,
) -> Result<(u64, u64), DbError> {
    let size = || fs::metadata(data_dir.join("data.mdb")).map_or(0, |file| file.len());
    // Where that is not known, what comes next says why.
    let (total, before) = (read(data_dir, options).map(|usage| usage.events), size());
    let mut progress = Progress::new("compact", Unit::Events, total);
    let rewritten = options.rewrite(data_dir, form, &mut |events| progress.show(events, String::new));
    progress.clear();
    let Rewritten { events, compressed, before_bytes, after_bytes } = rewritten.map_err(DbError::Build)?;
    let (events, compressed) = (grouped(events), grouped(compressed));
    let (pages_before, pages) = (bytes(before_bytes), bytes(after_bytes));
    writeln!(
        out,
        "{compressed} of {events} events are compressed; they took {pages_before} and take {pages}"
    )
    .map_err(DbError::Write)?;
    Ok((before, size()))
}

fn read(data_dir: &Path, options: &Options) -> Option<Usage> {
    Reader::open(data_dir, options).ok()?.usage().ok()
}

fn compact(data_dir: &Path, options: &Options) -> Result<(u64, u64), DbError> {
    // About as much as will be copied. Where that is not known, what comes next says why.
    let total = read(data_dir, options).map(|usage| usage.bytes_used);
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
    compacted.map_err(DbError::Build)
}
