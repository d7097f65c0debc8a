//! `chappe policy check`.

use std::io::Write;
use std::path::Path;

use chappe_policy::Warning;

use super::{PolicyError, located, read};
use crate::config::Config;

/// Reads a policy file, prints its warnings, and runs the tests that it holds. Without a file, the configured one.
///
/// # Errors
///
/// [`PolicyError`]: the file cannot be used, or a test of it failed. Warnings are no error.
pub fn check(config: &Config, file: Option<&Path>, mut out: impl Write) -> Result<(), PolicyError> {
    let (path, _, policy) = read(config, file)?;
    for Warning { line, column, path: place, reason } in policy.warnings() {
        let warning = located(&path, (*line, *column), place, reason);
        writeln!(out, "{warning} (warning)").map_err(PolicyError::Write)?;
    }
    let tests = policy.tests();
    let failures: Vec<_> = tests.iter().filter_map(|test| test.run(&policy).err()).collect();
    for failure in &failures {
        writeln!(out, "{}:{}: {failure}\n", path.display(), failure.line).map_err(PolicyError::Write)?;
    }
    if !failures.is_empty() {
        return Err(PolicyError::TestsFailed(failures.len()));
    }
    let tests = match tests.len() {
        0 => "it holds no tests".to_owned(),
        1 => "its test passes".to_owned(),
        count => format!("its {count} tests pass"),
    };
    writeln!(out, "{} can be used; {tests}", path.display()).map_err(PolicyError::Write)
}
