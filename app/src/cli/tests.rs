use chappe_protocol::Kind;
use clap::CommandFactory;
use clap::error::ErrorKind;
use serde_json::json;

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
        ("chappe serve", Some(Command::Serve { take_over: false })),
        ("chappe serve --take-over", Some(Command::Serve { take_over: true })),
        ("chappe config check", Some(Command::Config(ConfigCommand::Check))),
        ("chappe config show", Some(Command::Config(ConfigCommand::Show { origins: false }))),
        ("chappe import", Some(Command::Import { file: "-".into() })),
        ("chappe import -", Some(Command::Import { file: "-".into() })),
        ("chappe import a.jsonl", Some(Command::Import { file: "a.jsonl".into() })),
        ("chappe export", Some(Command::Export { filter: Filter::default(), file: "-".into() })),
        (
            "chappe export --filter {\"kinds\":[0],\"limit\":5}",
            Some(Command::Export { filter: profiles, file: "-".into() }),
        ),
        ("chappe admin stats", Some(Command::Admin { method: "stats".into(), params: Vec::new() })),
        ("chappe invite", Some(Command::Invite { uses: None, days: None })),
        ("chappe invite --uses 5 --days 0", Some(Command::Invite { uses: Some(5), days: Some(0) })),
        ("chappe policy check", Some(Command::Policy(PolicyCommand::Check { file: None }))),
        (
            "chappe policy check p.json",
            Some(Command::Policy(PolicyCommand::Check { file: Some("p.json".into()) })),
        ),
    ];
    for (line, command) in cases {
        assert_eq!(parse(line).unwrap().command, command, "{line}");
    }
}

#[test]
fn policy_is_explained_for_one_event_or_filter() {
    let hex = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
    let npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
    let line = format!("chappe policy explain p.json --event n.json --as {npub} --as {hex} --ip ::1");
    let key = config::parse_key(hex).unwrap();
    let explain = PolicyCommand::Explain {
        file: Some("p.json".into()),
        subject: Subject { event: Some("n.json".into()), filter: None },
        signed_in: vec![key, key],
        address: Some("::1".parse().unwrap()),
    };
    assert_eq!(parse(&line).unwrap().command, Some(Command::Policy(explain)));
    let explain = PolicyCommand::Explain {
        file: None,
        subject: Subject { event: None, filter: Some(json!({ "kinds": [1] })) },
        signed_in: Vec::new(),
        address: None,
    };
    let parsed = parse("chappe policy explain --filter {\"kinds\":[1]}").unwrap();
    assert_eq!(parsed.command, Some(Command::Policy(explain)));
}

#[test]
fn parameters_are_what_they_look_like() {
    let npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
    let hex = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
    // A key all the same.
    let digits = "1".repeat(64);
    let cases = [
        (npub, json!(hex)),
        (hex, json!(hex)),
        (&digits, json!(digits)),
        ("86400", json!(86_400)),
        ("\"86400\"", json!("86400")),
        ("{\"limit\":5}", json!({ "limit": 5 })),
        ("192.0.2.0/24", json!("192.0.2.0/24")),
        ("true", json!("true")),
        ("spam!", json!("spam!")),
        ("", json!("")),
    ];
    for (text, value) in cases {
        let cli = Cli::try_parse_from(["chappe", "admin", "m", text]).unwrap();
        let admin = Command::Admin { method: "m".to_owned(), params: vec![value] };
        assert_eq!(cli.command, Some(admin), "{text}");
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
        ("chappe admin", ErrorKind::MissingRequiredArgument),
        ("chappe import a b", ErrorKind::UnknownArgument),
        ("chappe invite --uses 0", ErrorKind::ValueValidation),
        ("chappe policy", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("chappe policy explain", ErrorKind::MissingRequiredArgument),
        ("chappe policy explain --event a --filter {}", ErrorKind::ArgumentConflict),
        ("chappe policy explain --event a --as alice", ErrorKind::ValueValidation),
        ("chappe policy explain --event a --ip here", ErrorKind::ValueValidation),
        ("chappe policy explain --filter {\"kind\":0}", ErrorKind::ValueValidation),
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
        "policy",
        "admin",
        "invite",
        "--config",
        "--data-dir",
        "--listen",
        "Exit codes",
        "Examples",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
