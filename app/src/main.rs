//! The command `chappe`: a Nostr relay.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use chappe_app::Clock;
use chappe_app::cli::{Cli, Command, ConfigCommand, PolicyCommand};
use chappe_app::commands::serve::Predecessor;
use chappe_app::commands::{admin, config, db, export, import, invite, owner, pages, policy, query, serve};
use chappe_app::config::Config;
use clap::Parser;

/// What is asked for cannot be understood; clap uses the same for the command line.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Where packages are made there is no home, and nothing to be configured.
    let needs_none = matches!(cli.command, Some(Command::Man { .. } | Command::Completions { .. }));
    let settings = match cli.load_config() {
        Ok(settings) => settings,
        Err(_) if needs_none => Config::default(),
        Err(error) => return fail(&error, ExitCode::from(EXIT_USAGE)),
    };
    let done = run(cli.command.unwrap_or(Command::Serve { take_over: false }), settings);
    done.map_or_else(|error| fail(&*error, ExitCode::FAILURE), |()| ExitCode::SUCCESS)
}

fn run(command: Command, settings: Config) -> Result<(), Box<dyn Error>> {
    let (out, remarks) = (std::io::stdout(), std::io::stderr());
    if opens_store(&command) {
        owner::check(&settings.store.data_dir)?;
    }
    match command {
        Command::Serve { take_over } => {
            serve::run(settings, if take_over { Predecessor::Goes } else { Predecessor::Stays })?;
        }
        Command::Config(ConfigCommand::Check) => {
            config::check(&settings, &Clock::system(), out, remarks)?;
        }
        Command::Config(ConfigCommand::Show { origins: false }) => config::show(&settings, out)?,
        Command::Config(ConfigCommand::Show { origins: true }) => config::show_origins(&settings, out)?,
        Command::Policy(PolicyCommand::Check { file }) => policy::check(&settings, file.as_deref(), out)?,
        Command::Policy(PolicyCommand::Explain { file, subject, signed_in, address }) => {
            let question =
                policy::Question { event: subject.event, filter: subject.filter, signed_in, address };
            policy::explain(&settings, &Clock::system(), (file.as_deref(), &question), out, remarks)?;
        }
        Command::Db(command) => db::run(&settings, &command, out)?,
        Command::Admin { method, params } => {
            admin::run(&settings, &Clock::system(), (&method, params), out, remarks)?;
        }
        Command::Invite { uses, days } => {
            invite::run(&settings, &Clock::system(), (uses, days), out, remarks)?;
        }
        Command::Man { dir } => pages::man(dir.as_deref(), out)?,
        Command::Completions { shell } => pages::completions(shell, out)?,
        Command::Import { file } => import::run(&settings, &file)?,
        Command::Export { filter, file } => export::run(&settings, filter, &file)?,
        Command::Query { filter, explain, by } => {
            let output = if explain { query::Output::Explanation } else { query::Output::Events };
            query::run(&settings, filter, by, output)?;
        }
    }
    Ok(())
}

/// Whether it makes files in the data directory by opening what is there; a relay that root starts there is root's choice.
const fn opens_store(command: &Command) -> bool {
    match command {
        Command::Admin { .. }
        | Command::Db(_)
        | Command::Export { .. }
        | Command::Import { .. }
        | Command::Invite { .. }
        | Command::Policy(PolicyCommand::Explain { .. })
        | Command::Query { .. } => true,
        Command::Completions { .. }
        | Command::Config(_)
        | Command::Man { .. }
        | Command::Policy(PolicyCommand::Check { .. })
        | Command::Serve { .. } => false,
    }
}

fn fail(error: &dyn Error, code: ExitCode) -> ExitCode {
    // Without a standard error there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "chappe: {error}");
    code
}
