//! The command `chappe`, run to its end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use chappe_testkit::TestEvent;

use super::command;

/// What a finished command said.
pub struct Said {
    /// Its exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The command with these arguments, on a map that every machine grants.
pub fn chappe(arguments: &[&str]) -> Command {
    let mut command = command();
    command.args(arguments).env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string());
    command
}

/// Runs it to its end.
pub fn run(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs it on a data directory.
pub fn said_on(dir: &Path, arguments: &[&str]) -> Said {
    run(chappe(&[&["--data-dir", dir.to_str().unwrap()], arguments].concat()))
}

/// Runs it on a data directory; it has to end well.
pub fn on(dir: &Path, arguments: &[&str]) -> String {
    let said = said_on(dir, arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
    said.out
}

/// Imports from standard input.
pub fn import(dir: &Path, lines: &str) -> String {
    let mut command = chappe(&["--data-dir", dir.to_str().unwrap(), "import"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// What a report counts under this name; 0 when it is not told.
pub fn counted(report: &str, name: &str) -> u64 {
    let lines = report.lines().map(str::trim).filter_map(|line| line.split_once("  "));
    let mut counts = lines.filter(|(_, counted)| counted.trim() == name).map(|(count, _)| count);
    counts.next().map_or(0, |count| count.replace(',', "").parse().unwrap())
}

/// Each event on a line.
pub fn lines<'a>(events: impl IntoIterator<Item = &'a TestEvent>) -> String {
    events.into_iter().map(|event| event.json() + "\n").collect()
}
