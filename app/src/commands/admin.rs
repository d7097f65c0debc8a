//! `chappe admin`.

use std::fmt;
use std::io::{self, Write};

use serde_json::Value;

use super::desk::{Desk, DeskError};
use crate::Clock;
use crate::config::Config;

/// Why nothing was done, or no answer was told.
#[derive(Debug)]
pub enum AdminError {
    /// The management did not do it.
    Desk(DeskError),
    /// Standard output cannot be written.
    Write(io::Error),
}

/// Has the management do what the method says, as the relay itself, and writes its answer on `out`, as JSON.
///
/// # Errors
///
/// [`AdminError`]; nothing is changed by a call that fails.
pub fn run(
    config: &Config,
    clock: &Clock,
    (method, params): (&str, Vec<Value>),
    mut out: impl Write,
    mut remarks: impl Write,
) -> Result<(), AdminError> {
    let desk = Desk::open(config, clock).map_err(AdminError::Desk)?;
    let answer = desk.call(method, &Value::Array(params), clock).map_err(AdminError::Desk)?;
    if matches!(desk, Desk::Here(..)) {
        // Else who asks for its connections would take none for an answer.
        let _ = writeln!(remarks, "the relay does not run: this is about its data directory");
    }
    writeln!(out, "{answer:#}").map_err(AdminError::Write)
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Desk(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl std::error::Error for AdminError {}

#[cfg(test)]
mod tests;
