//! `chappe man` and `chappe completions`: what packages install beside the binary.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Writes the manual page of the command itself, or those of all its commands into a directory.
///
/// # Errors
///
/// When that cannot be written.
pub fn man(dir: Option<&Path>, mut out: impl Write) -> io::Result<()> {
    match dir {
        None => clap_mangen::Man::new(Cli::command()).render(&mut out),
        Some(dir) => {
            std::fs::create_dir_all(dir)?;
            clap_mangen::generate_to(Cli::command(), dir)
        }
    }
}

/// Writes what a shell needs to complete the command line.
///
/// # Errors
///
/// When that cannot be written.
pub fn completions(shell: Shell, mut out: impl Write) -> io::Result<()> {
    // In one piece: the library stops at an error by a panic, and a pipe may be shut.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chappe", &mut script);
    out.write_all(&script)
}
