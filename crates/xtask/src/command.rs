//! Running other programs, and saying what went wrong.

use std::fmt;
use std::io;
use std::process::{Command, Stdio};

/// Why a task stopped: one text for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A failure of the file system, with what was being done.
    pub(crate) fn io(doing: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the command, runs it with no stdin (a prompt would hang a CI job), and fails unless it ends well.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    run_interactive(command.stdin(Stdio::null()))
}

/// Like [`run`], for a command that may read what the person types or pipes in.
pub(crate) fn run_interactive(command: &mut Command) -> Result<(), Failure> {
    let line = shown(command);
    eprintln!("$ {line}");
    let status = command.status().map_err(Failure::io(&line))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{line}`: {status}"))) }
}

/// What the command printed to stdout, when it ended well.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let line = shown(command);
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(Failure::io(&line))?;
    if !output.status.success() {
        return Err(Failure(format!("`{line}`: {}", output.status)));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure(format!("`{line}` printed something that is not text")))
}

/// What a program answers to this one argument (`--version`), or nothing when it is missing or broken.
pub(crate) fn answer(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    // The toolchain's cargo is called by its full path; the name is what a person would type.
    if let Some(program) = words.first_mut().filter(|program| program.ends_with("/cargo")) {
        *program = "cargo".into();
    }
    words.join(" ")
}
