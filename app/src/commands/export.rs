//! `chappe export`.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chappe_protocol::{Filter, Timestamp};
use chappe_store::{OpenError, QueryBounds, RecordView, Step, Store, query};

use super::open_store;
use super::packing::{Packer, Packing};
use super::progress::{Progress, Unit};
use crate::Clock;
use crate::config::Config;

/// Why an export or a query did not come to its end.
#[derive(Debug)]
pub enum ExportError {
    /// There is no such directory; opening it would make one.
    NoStore(PathBuf),
    /// The store cannot be opened.
    Open(OpenError),
    /// The store cannot be read.
    Store(chappe_store::Error),
    /// Standard output cannot be written.
    Write(io::Error),
    /// The file cannot be written.
    File(PathBuf, io::Error),
}

/// How much is read from the store at a time.
const STEP: Step = Step { events_max: 1024, scans_max: 16 * 1024 };

/// Writes the events that match, newest first, a line each, into this file, or on standard output for `-`. A file's
/// name says whether it is packed, and it has that name only once it is whole.
///
/// Whoever reads standard output may close it early: that is not an error.
///
/// # Errors
///
/// [`ExportError`].
pub fn run(config: &Config, filter: Filter, file: &Path) -> Result<(), ExportError> {
    let store = open(config)?;
    let now = Clock::system().now();
    if file != Path::new("-") {
        return export_file(&store, filter, now, file);
    }
    match export(&store, filter, now, BufWriter::new(io::stdout().lock()), &mut |_| {}) {
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// The store, which has to be there: opening it would make one.
pub(super) fn open(config: &Config) -> Result<Store, ExportError> {
    let data_dir = &config.store.data_dir;
    if !data_dir.is_dir() {
        return Err(ExportError::NoStore(data_dir.clone()));
    }
    open_store(&config.store).map_err(ExportError::Open)
}

fn export_file(store: &Store, filter: Filter, now: Timestamp, file: &Path) -> Result<(), ExportError> {
    let unwritable = |error| ExportError::File(file.to_owned(), error);
    let part = with_ending(file, ".part");
    let out = BufWriter::new(File::create(&part).map_err(unwritable)?);
    let mut packer = Packer::new(out, Packing::by_name(file)).map_err(unwritable)?;
    let total = if filter == Filter::default() {
        Some(store.usage().map_err(ExportError::Store)?.events)
    } else {
        None
    };
    let mut progress = Progress::new("export", Unit::Events, total);
    let done = export(store, filter, now, &mut packer, &mut |events| progress.show(events, String::new));
    progress.clear();
    let finished = done.and_then(|()| {
        let out = packer.finish().map_err(ExportError::Write)?;
        let out = out.into_inner().map_err(|error| ExportError::Write(error.into_error()))?;
        out.sync_all().and_then(|()| fs::rename(&part, file)).map_err(ExportError::Write)
    });
    finished.map_err(|error| {
        // What is half a file is of no use to anybody.
        let _ = fs::remove_file(&part);
        match error {
            ExportError::Write(error) => unwritable(error),
            error @ (ExportError::NoStore(_)
            | ExportError::Open(_)
            | ExportError::Store(_)
            | ExportError::File(..)) => error,
        }
    })
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Tells `each` how many were written.
fn export(
    store: &Store,
    filter: Filter,
    now: Timestamp,
    mut out: impl Write,
    each: &mut dyn FnMut(u64),
) -> Result<(), ExportError> {
    let mut events = 0;
    let newest = store.last_seq().map_err(ExportError::Store)?;
    let mut query = query(vec![filter], QueryBounds::unlimited(newest));
    let mut room = Vec::new();
    loop {
        let mut written = Ok(());
        let progress = query.advance(store, now, STEP, &mut |_| true, &mut |record| {
            written = write_line(&mut out, &record, &mut room);
            events += 1;
            each(events);
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written?;
        match progress.map_err(ExportError::Store)? {
            chappe_store::Progress::More => {}
            chappe_store::Progress::Done(_) => return out.flush().map_err(ExportError::Write),
        }
    }
}

/// Writes the event as it is served, and ends the line.
pub(super) fn write_line(
    out: &mut impl Write,
    record: &RecordView<'_>,
    room: &mut Vec<u8>,
) -> Result<(), ExportError> {
    let json = record.json(room).map_err(ExportError::Store)?;
    out.write_all(json).and_then(|()| out.write_all(b"\n")).map_err(ExportError::Write)
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore(directory) => write!(f, "there is no store at {}", directory.display()),
            Self::Open(error) => error.fmt(f),
            Self::Store(error) => write!(f, "cannot read the store: {error}"),
            Self::Write(error) => write!(f, "cannot write: {error}"),
            Self::File(file, error) => write!(f, "cannot write {}: {error}", file.display()),
        }
    }
}

impl std::error::Error for ExportError {}

#[cfg(test)]
mod tests;
