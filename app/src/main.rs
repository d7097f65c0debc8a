//! The command `chappe`: a Nostr relay.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use chappe_app::cli::{Cli, Command, ConfigCommand};
use chappe_app::commands::{config, export, import, serve};
use clap::Parser;

/// What is asked for cannot be understood; clap uses the same for the command line.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = match cli.load_config() {
        Ok(settings) => settings,
        Err(error) => return fail(&error, ExitCode::from(EXIT_USAGE)),
    };
    let done: Result<(), Box<dyn Error>> = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(settings).map_err(Into::into),
        Command::Config(ConfigCommand::Check) => config::check(std::io::stdout()).map_err(Into::into),
        Command::Config(ConfigCommand::Show) => {
            config::show(&settings, std::io::stdout()).map_err(Into::into)
        }
        Command::Import { file } => import::run(&settings, &file).map_err(Into::into),
        Command::Export { filter } => export::run(&settings, filter).map_err(Into::into),
    };
    done.map_or_else(|error| fail(&*error, ExitCode::FAILURE), |()| ExitCode::SUCCESS)
}

fn fail(error: &dyn Error, code: ExitCode) -> ExitCode {
    // Without a standard error there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "chappe: {error}");
    code
}
