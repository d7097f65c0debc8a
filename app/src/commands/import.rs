//! `chappe import`.

mod input;
mod intake;
mod lines;
mod report;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chappe_store::{OpenError, Store};

use self::input::Input;
use self::intake::Intake;
use self::lines::{Line, read_line};
use self::report::Report;
use super::progress::{Progress, Unit};
use crate::Clock;
use crate::config::Config;
use crate::relay::open_store;

/// Why an import did not come to its end. What was committed before stays.
#[derive(Debug)]
pub enum ImportError {
    /// The file cannot be opened or read.
    Read(PathBuf, io::Error),
    /// The store cannot be opened.
    Open(OpenError),
    /// The store cannot be read or written, or is full.
    Store(chappe_store::Error),
    /// The report cannot be written.
    Report(io::Error),
}

/// Imports a file, or standard input for `-`, and prints on standard output what became of its lines.
///
/// # Errors
///
/// [`ImportError`]; lines that hold no event, or none that may be stored, are not errors.
pub fn run(config: &Config, file: &Path) -> Result<(), ImportError> {
    let unreadable = |error| ImportError::Read(file.to_owned(), error);
    let input = Input::open(file).map_err(unreadable)?;
    let store = open_store(&config.store).map_err(ImportError::Open)?;
    let mut progress = Progress::new("import", Unit::Bytes, input.total);
    let (report, done) = import(config, &store, &Clock::system(), input, &mut progress);
    progress.clear();
    // Also after a failure: what is in is in.
    write!(io::stdout(), "{report}").map_err(ImportError::Report)?;
    done.map_err(|stopped| match stopped {
        Stopped::Input(error) => unreadable(error),
        Stopped::Store(error) => ImportError::Store(error),
    })
}

/// What ends an import before its input does.
#[derive(Debug)]
enum Stopped {
    Input(io::Error),
    Store(chappe_store::Error),
}

/// Imports every line. The report counts what was committed, also when the import stopped half way.
fn import(
    config: &Config,
    store: &Store,
    clock: &Clock,
    mut input: Input,
    progress: &mut Progress,
) -> (Report, Result<(), Stopped>) {
    let mut intake = Intake::new(config, store, clock);
    let mut line = Vec::new();
    let done = loop {
        let done = match read_line(&mut input.text, &mut line) {
            Ok(Line::Whole) => intake.take(&line),
            Ok(Line::TooLong) => {
                intake.take_too_long();
                Ok(())
            }
            Ok(Line::End) => break intake.commit(),
            Err(error) => break intake.commit().and(Err(Stopped::Input(error))),
        };
        if done.is_err() {
            break done;
        }
        progress.show(input.read(), || intake.report().brief());
    };
    (intake.into_report(), done)
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(file, error) => write!(f, "cannot read {}: {error}", file.display()),
            Self::Open(error) => error.fmt(f),
            Self::Store(error) => write!(f, "the import stopped: {error}"),
            Self::Report(error) => write!(f, "cannot write the report: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}

#[cfg(test)]
mod tests;
