//! What is said about a file while it is read.

use super::path::Path;
use crate::json::Place;
use crate::{Fault, Warning};

/// How many faults and how many warnings are told.
const TOLD_MAX: usize = 100;

/// How many regexes a file may have: each takes up to a megabyte, and a quarter more for each thread that uses it.
const PATTERNS_MAX: u32 = 256;

/// Faults and warnings, in the order they were found.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
    patterns: u32,
}

impl Notes {
    pub(crate) fn fault(&mut self, place: Place, path: &Path<'_>, reason: impl Into<String>) {
        if self.faults.len() < TOLD_MAX {
            let Place { line, column } = place;
            self.faults.push(Fault { line, column, path: path.to_string(), reason: reason.into() });
        }
    }

    pub(crate) fn warning(&mut self, place: Place, path: &Path<'_>, reason: impl Into<String>) {
        if self.warnings.len() < TOLD_MAX {
            let Place { line, column } = place;
            self.warnings.push(Warning { line, column, path: path.to_string(), reason: reason.into() });
        }
    }

    /// Counts one more regex.
    pub(super) fn count_pattern(&mut self) -> Result<(), String> {
        self.patterns += 1;
        if self.patterns <= PATTERNS_MAX {
            return Ok(());
        }
        Err(format!("a policy has at most {PATTERNS_MAX} regexes"))
    }

    pub(crate) const fn is_faultless(&self) -> bool {
        self.faults.is_empty()
    }

    /// The warnings, or else the faults; both in the order of their places.
    pub(crate) fn finish(mut self) -> Result<Box<[Warning]>, Vec<Fault>> {
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        self.warnings.sort_by_key(|warning| (warning.line, warning.column));
        if self.faults.is_empty() { Ok(self.warnings.into()) } else { Err(self.faults) }
    }
}
