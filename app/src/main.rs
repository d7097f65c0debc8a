//! The command `chappe`: a Nostr relay.

use std::io::Write;
use std::process::ExitCode;

use chappe_app::cli::{Cli, Command, ConfigCommand};
use chappe_app::commands;
use clap::Parser;

/// What is asked for cannot be understood; clap uses the same for the command line.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match cli.load_config() {
        Ok(config) => config,
        Err(error) => return fail(&error, ExitCode::from(EXIT_USAGE)),
    };
    let out = std::io::stdout().lock();
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Config(ConfigCommand::Check) => commands::config::check(out),
        Command::Config(ConfigCommand::Show) => commands::config::show(&config, out),
        Command::Serve | Command::Import { .. } | Command::Export { .. } => Ok(()),
    };
    done.map_or_else(|error| fail(&error, ExitCode::FAILURE), |()| ExitCode::SUCCESS)
}

fn fail(error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    // Without a standard error there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "chappe: {error}");
    code
}
