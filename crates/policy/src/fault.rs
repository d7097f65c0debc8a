//! What is wrong with a policy file, and where.

use std::fmt;

/// A mistake in a policy file. A file with one is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The way to the value, as `rules.1.write_allow[3]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, for the operator.
    pub reason: String,
}

/// Something in a policy file that is allowed, and yet probably not meant: a rule that can never fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The way to the value, as `rules.1.write_allow[3]`.
    pub path: String,
    /// What is odd, for the operator.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, path, reason } = self;
        display(f, *line, *column, path, reason)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, path, reason } = self;
        display(f, *line, *column, path, reason)
    }
}

fn display(f: &mut fmt::Formatter<'_>, line: u32, column: u32, path: &str, reason: &str) -> fmt::Result {
    write!(f, "line {line}, column {column}: ")?;
    if !path.is_empty() {
        write!(f, "{path}: ")?;
    }
    f.write_str(reason)
}

impl std::error::Error for Fault {}
