use chappe_protocol::Kind;
use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

#[test]
fn definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn commands() {
    let profiles = Filter { kinds: Some(vec![Kind::METADATA]), limit: Some(5), ..Filter::default() };
    let cases = [
        ("chappe", None),
        ("chappe serve", Some(Command::Serve)),
        ("chappe config check", Some(Command::Config(ConfigCommand::Check))),
        ("chappe config show", Some(Command::Config(ConfigCommand::Show))),
        ("chappe import", Some(Command::Import { file: "-".into() })),
        ("chappe import -", Some(Command::Import { file: "-".into() })),
        ("chappe import a.jsonl", Some(Command::Import { file: "a.jsonl".into() })),
        ("chappe export", Some(Command::Export { filter: Filter::default() })),
        ("chappe export --filter {\"kinds\":[0],\"limit\":5}", Some(Command::Export { filter: profiles })),
    ];
    for (line, command) in cases {
        assert_eq!(parse(line).unwrap().command, command, "{line}");
    }
}

#[test]
fn options_stand_before_or_after_the_command() {
    for line in [
        "chappe --config c.toml --data-dir /d --listen 127.0.0.1:1 --listen [::1]:2 serve",
        "chappe serve --config c.toml --data-dir /d --listen 127.0.0.1:1 --listen [::1]:2",
        "chappe --config c.toml serve --data-dir /d --listen 127.0.0.1:1 --listen [::1]:2",
    ] {
        let cli = parse(line).unwrap();
        assert_eq!(cli.config, Some("c.toml".into()), "{line}");
        assert_eq!(cli.data_dir, Some("/d".into()), "{line}");
        assert_eq!(cli.listen, ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()], "{line}");
    }
}

#[test]
fn mistakes_are_usage_errors() {
    let cases = [
        ("chappe sevre", ErrorKind::InvalidSubcommand),
        ("chappe --listen 7447", ErrorKind::ValueValidation),
        ("chappe --data_dir /d", ErrorKind::UnknownArgument),
        ("chappe config", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("chappe export --filter {\"kind\":0}", ErrorKind::ValueValidation),
        ("chappe import a b", ErrorKind::UnknownArgument),
    ];
    for (line, kind) in cases {
        let error = parse(line).unwrap_err();
        assert_eq!(error.kind(), kind, "{line}");
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn help_shows_every_command_and_the_exit_codes() {
    let help = Cli::command().render_long_help().to_string();
    for word in [
        "serve",
        "config",
        "import",
        "export",
        "--config",
        "--data-dir",
        "--listen",
        "Exit codes",
        "Examples",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
