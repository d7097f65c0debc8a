//! `chappe policy check` and `chappe policy explain`.

mod check;
mod explain;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chappe_policy::{Fault, Policy};

pub use self::check::check;
pub use self::explain::{Question, explain};
use super::desk::DeskError;
use crate::config::Config;

/// Why a policy was not checked or a decision not explained.
#[derive(Debug)]
pub enum PolicyError {
    /// No file was named, on the command line or in the configuration.
    NoFile,
    /// A file cannot be read.
    Read(PathBuf, io::Error),
    /// The file is no policy.
    Faults(PathBuf, Vec<Fault>),
    /// So many of the file's own tests do not come out as they should.
    TestsFailed(usize),
    /// The file holds no event.
    NoEvent(PathBuf, String),
    /// Nobody could explain it.
    Desk(DeskError),
    /// Standard output cannot be written.
    Write(io::Error),
}

/// The policy in this file, or else in the one that the configuration names; and its text.
pub(super) fn read(config: &Config, file: Option<&Path>) -> Result<(PathBuf, String, Policy), PolicyError> {
    let configured = &config.policy.file;
    let path = match file {
        Some(file) => file,
        None if configured.as_os_str().is_empty() => return Err(PolicyError::NoFile),
        None => configured,
    };
    let text = fs::read_to_string(path).map_err(|error| PolicyError::Read(path.to_owned(), error))?;
    match Policy::parse(&text) {
        Ok(policy) => Ok((path.to_owned(), text, policy)),
        Err(faults) => Err(PolicyError::Faults(path.to_owned(), faults)),
    }
}

/// `FILE:3:7: rules.1.kind: ...`, in the form that editors jump to.
fn located(path: &Path, (line, column): (u32, u32), place: &str, reason: &str) -> String {
    let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
    format!("{}:{line}:{column}: {place}{reason}", path.display())
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("no policy file: name one, or set policy.file in the configuration"),
            Self::Read(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Faults(path, faults) => {
                write!(f, "{} is no policy", path.display())?;
                for fault in faults {
                    let Fault { line, column, path: place, reason } = fault;
                    write!(f, "\n{}", located(path, (*line, *column), place, reason))?;
                }
                Ok(())
            }
            Self::TestsFailed(1) => f.write_str("1 test failed"),
            Self::TestsFailed(count) => write!(f, "{count} tests failed"),
            Self::NoEvent(path, reason) => write!(f, "{} holds no event: {reason}", path.display()),
            Self::Desk(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests;
