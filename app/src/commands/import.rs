//! `chappe import`.

mod database;
mod input;
mod intake;
mod lines;
mod report;
mod room;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chappe_store::{OpenError, Store};

pub use self::database::DatabaseError;
use self::database::{Database, is_database};
use self::input::Input;
use self::intake::Intake;
use self::lines::{Line, read_line};
use self::report::{Form, Report};
use super::open_store;
use super::progress::{Progress, Unit};
use crate::config::Config;
use crate::{Clock, StartError};

/// Why an import did not come to its end. What was committed before stays.
#[derive(Debug)]
pub enum ImportError {
    /// The file cannot be opened or read.
    Read(PathBuf, io::Error),
    /// The database cannot be read, or is none that is known.
    Database(PathBuf, DatabaseError),
    /// The store cannot be opened.
    Open(OpenError),
    /// The store cannot be read or written, or is full.
    Store(chappe_store::Error),
    /// The lists and rules by which room is made cannot be read.
    Lists(StartError),
    /// The report cannot be written.
    Report(io::Error),
}

/// Imports a file, or standard input for `-`, and prints on standard output what became of its events.
///
/// # Errors
///
/// [`ImportError`]; lines and rows that hold no event, or none that may be stored, are not errors.
pub fn run(config: &Config, file: &Path) -> Result<(), ImportError> {
    let unreadable = |error| ImportError::Read(file.to_owned(), error);
    let no_database = |error| ImportError::Database(file.to_owned(), error);
    let clock = Clock::system();
    let open = || open_store(&config.store).map_err(ImportError::Open);
    let (report, done) = if is_database(file).map_err(unreadable)? {
        let database = Database::open(file).map_err(no_database)?;
        let mut progress = Progress::new("import", Unit::Events, Some(database.rows));
        let imported = import_rows(config, &open()?, &clock, &database, &mut progress);
        progress.clear();
        imported
    } else {
        let input = Input::open(file).map_err(unreadable)?;
        let mut progress = Progress::new("import", Unit::Bytes, input.total);
        let imported = import(config, &open()?, &clock, input, &mut progress);
        progress.clear();
        imported
    };
    // Also after a failure: what is in is in.
    write!(io::stdout(), "{report}").map_err(ImportError::Report)?;
    done.map_err(|stopped| match stopped {
        Stopped::Input(error) => unreadable(error),
        Stopped::Database(error) => no_database(error.into()),
        Stopped::Store(error) => ImportError::Store(error),
        Stopped::Lists(error) => ImportError::Lists(error),
    })
}

/// What ends an import before its input does.
#[derive(Debug)]
enum Stopped {
    Input(io::Error),
    Database(rusqlite::Error),
    Store(chappe_store::Error),
    Lists(StartError),
}

/// Imports every line. The report counts what was committed, also when the import stopped half way.
fn import(
    config: &Config,
    store: &Store,
    clock: &Clock,
    mut input: Input,
    progress: &mut Progress,
) -> (Report, Result<(), Stopped>) {
    let mut intake = Intake::new(config, store, clock, Form::Lines);
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

/// Imports every row that the other relay would show.
fn import_rows(
    config: &Config,
    store: &Store,
    clock: &Clock,
    database: &Database,
    progress: &mut Progress,
) -> (Report, Result<(), Stopped>) {
    let mut intake = Intake::new(config, store, clock, Form::Rows);
    let mut read = 0;
    let seen = database.each(|row| {
        intake.take_row(&row)?;
        read += 1;
        progress.show(read, || intake.report().brief());
        Ok(())
    });
    // What was seen before it stopped stays, but not where it was the store that stopped it.
    let done = match seen {
        Err(stopped @ (Stopped::Store(_) | Stopped::Lists(_))) => Err(stopped),
        seen => intake.commit().and(seen),
    };
    (intake.into_report(), done)
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(file, error) if file == Path::new("-") => {
                write!(f, "cannot read standard input: {error}")
            }
            Self::Read(file, error) => write!(f, "cannot read {}: {error}", file.display()),
            Self::Database(file, error) => write!(f, "cannot read {}: {error}", file.display()),
            Self::Open(error) => error.fmt(f),
            Self::Store(error) => write!(f, "the import stopped: {error}"),
            Self::Lists(error) => write!(f, "the import stopped, because room cannot be made: {error}"),
            Self::Report(error) => write!(f, "cannot write the report: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}

#[cfg(test)]
mod tests;
