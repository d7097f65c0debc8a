//! `chappe export`.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use chappe_protocol::{Filter, Timestamp};
use chappe_store::{OpenError, Progress, QueryBounds, Step, Store, query};

use crate::Clock;
use crate::config::Config;
use crate::relay::open_store;

/// Why an export did not come to its end.
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
}

/// How much is read from the store at a time.
const STEP: Step = Step { events_max: 1024, scans_max: 16 * 1024 };

/// Writes the events that match, newest first, a line each, on standard output.
///
/// Whoever reads it may close it early: that is not an error.
///
/// # Errors
///
/// [`ExportError`].
pub fn run(config: &Config, filter: Filter) -> Result<(), ExportError> {
    let data_dir = &config.store.data_dir;
    if !data_dir.is_dir() {
        return Err(ExportError::NoStore(data_dir.clone()));
    }
    let store = open_store(&config.store).map_err(ExportError::Open)?;
    match export(&store, filter, Clock::system().now(), BufWriter::new(io::stdout().lock())) {
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn export(store: &Store, filter: Filter, now: Timestamp, mut out: impl Write) -> Result<(), ExportError> {
    let newest = store.last_seq().map_err(ExportError::Store)?;
    let mut query = query(vec![filter], QueryBounds::unlimited(newest));
    loop {
        let mut written = Ok(());
        let progress = query.advance(store, now, STEP, &mut |_| true, &mut |record| {
            written = out.write_all(record.json()).and_then(|()| out.write_all(b"\n"));
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written.map_err(ExportError::Write)?;
        match progress.map_err(ExportError::Store)? {
            Progress::More => {}
            Progress::Done(_) => return out.flush().map_err(ExportError::Write),
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore(directory) => write!(f, "there is no store at {}", directory.display()),
            Self::Open(error) => error.fmt(f),
            Self::Store(error) => write!(f, "cannot read the store: {error}"),
            Self::Write(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl std::error::Error for ExportError {}

#[cfg(test)]
mod tests;
