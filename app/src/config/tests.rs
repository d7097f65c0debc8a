use std::ffi::OsString;
use std::path::Path;

use super::*;

mod access;

const DOCUMENTED: &str = include_str!("../../../config/chappe.toml");

fn load_with(
    file: Option<&str>,
    environment: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chappe.toml");
    if let Some(text) = file {
        std::fs::write(&path, text).unwrap();
    }
    let home = [("HOME", "/home/operator")];
    let environment =
        home.iter().chain(environment).map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let loaded = load(file.map(|_| path.as_path()), environment, overrides).map(|mut config| {
        // Another directory each time.
        config.policy.folder = PathBuf::new();
        config
    });
    loaded.map_err(|error| error.to_string().replace(&*path.to_string_lossy(), "FILE"))
}

fn from_file(text: &str) -> Result<Config, String> {
    load_with(Some(text), &[], &Overrides::default())
}

fn from_environment(name: &str, value: &str) -> Result<Config, String> {
    load_with(None, &[(name, value)], &Overrides::default())
}

/// What is loaded when nothing is set.
fn loaded_default() -> Config {
    let mut config = Config::default();
    config.store.data_dir = "/home/operator/.local/share/chappe".into();
    config
}

#[test]
fn documented_file_equals_the_defaults() {
    assert_eq!(toml::from_str::<Config>(DOCUMENTED).unwrap(), Config::default());
}

#[test]
fn documented_file_explains_every_knob() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let documented: toml::Table = DOCUMENTED.parse().unwrap();
    for (section, knobs) in &defaults {
        for key in knobs.as_table().unwrap().keys() {
            assert!(
                documented[section].get(key).is_some(),
                "{section}.{key} is missing from config/chappe.toml"
            );
        }
    }
    let mut before = "";
    for line in DOCUMENTED.lines() {
        if line.starts_with('[') || line.contains(" = ") && !line.starts_with('#') {
            assert!(before.starts_with('#'), "no reason given above {line:?}");
        }
        before = line;
    }
}

#[test]
fn what_is_shown_can_be_loaded() {
    let mut config = loaded_default();
    config.relay.pubkey = Some(PublicKey::from_bytes([7; 32]));
    let shown = toml::to_string_pretty(&config).unwrap();
    assert_eq!(from_file(&shown).unwrap(), config);
}

#[test]
fn nothing_set_is_the_defaults() {
    assert_eq!(load_with(None, &[], &Overrides::default()).unwrap(), loaded_default());
    assert_eq!(from_file("").unwrap(), loaded_default());
}

#[test]
fn later_sources_override_earlier_ones() {
    let file = "[listen]\naddresses = [\"127.0.0.1:1\"]\n[limits]\nlimit_max = 600\nlimit_default = 400";
    let environment = [
        ("CHAPPE_LISTEN__ADDRESSES", "127.0.0.1:2"),
        ("CHAPPE_LIMITS__LIMIT_MAX", "700"),
        ("CHAPPE_STORE__DATA_DIR", "/environment"),
    ];
    let overrides =
        Overrides { data_dir: Some("/line".into()), listen: vec!["127.0.0.1:3".parse().unwrap()] };
    let config = load_with(Some(file), &environment, &overrides).unwrap();
    assert_eq!(config.listen.addresses, overrides.listen);
    assert_eq!(config.store.data_dir, Path::new("/line"));
    assert_eq!((config.limits.limit_default, config.limits.limit_max), (400, 700));
}

#[test]
fn each_value_is_known_by_its_origin() {
    let file = "[limits]\nlimit_max = 600\n\nlimit_default = 400\n[listen]\naddresses = [\"127.0.0.1:1\"]";
    let environment = [("CHAPPE_LIMITS__LIMIT_MAX", "700"), ("CHAPPE_TEST_SEED", "1")];
    let overrides =
        Overrides { data_dir: Some("/line".into()), listen: vec!["127.0.0.1:3".parse().unwrap()] };
    let knobs = load_with(Some(file), &environment, &overrides).unwrap().knobs().unwrap();
    let origin = |name: &str| {
        let knob = knobs.iter().find(|knob| format!("{}.{}", knob.section, knob.key) == name).unwrap();
        (knob.origin.to_string(), knob.value != knob.default)
    };
    assert_eq!(origin("limits.limit_max"), ("environment: CHAPPE_LIMITS__LIMIT_MAX".to_owned(), true));
    assert_eq!(origin("listen.addresses"), ("command line: --listen".to_owned(), true));
    assert_eq!(origin("store.data_dir"), ("command line: --data-dir".to_owned(), true));
    assert_eq!(origin("limits.filters_max"), ("default".to_owned(), false));
    let (from, is_changed) = origin("limits.limit_default");
    assert!(from.starts_with("file: ") && from.ends_with("chappe.toml:4") && is_changed, "{from}");
}

#[test]
fn environment_sets_every_type() {
    let set = |name, value| from_environment(name, value).unwrap();
    assert_eq!(set("CHAPPE_RELAY__NAME", "12").relay.name, "12");
    assert_eq!(set("CHAPPE_LIMITS__MESSAGE_BYTES_MAX", "1_000_000").limits.message_bytes_max, 1_000_000);
    assert_eq!(
        set("CHAPPE_ACCESS__AUTH_CHALLENGE", "on_connect").access.auth_challenge,
        AuthChallenge::OnConnect
    );
    assert_eq!(set("CHAPPE_LOG__FORMAT", "json").log.format, LogFormat::Json);
    for list in ["[4, 1059]", "4,1059", " 4 , 1059 ,"] {
        assert_eq!(set("CHAPPE_ACCESS__PRIVATE_KINDS", list).access.private_kinds, [4, 1059], "{list}");
    }
    assert!(set("CHAPPE_ACCESS__PRIVATE_KINDS", "").access.private_kinds.is_empty());
    let addresses = set("CHAPPE_LISTEN__ADDRESSES", "127.0.0.1:1,[::1]:2").listen.addresses;
    assert_eq!(addresses, ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]);
    let urls = set("CHAPPE_RELAY__URLS", r#"["wss://a.example", "wss://b.example"]"#).relay.urls;
    assert_eq!(urls, ["wss://a.example", "wss://b.example"]);
}

#[test]
fn environment_errors_name_the_variable() {
    let cases = [
        ("CHAPPE_LIMIT__LIMIT_MAX", "1", "unknown section [limit]"),
        ("CHAPPE_LIMITS__LIMITS_MAX", "1", "unknown key"),
        ("CHAPPE_LIMITS_LIMIT_MAX", "1", "CHAPPE_LIMITS__LIMIT_MAX"),
        ("CHAPPE_LIMITS__LIMIT_MAX", "many", ""),
        ("CHAPPE_LIMITS__LIMIT_MAX", "-1", "-1"),
        ("CHAPPE_LISTEN__ADDRESSES", "localhost", "socket address"),
        ("CHAPPE_ACCESS__PRIVATE_KINDS", "65536", "65536"),
        ("CHAPPE_LOG__FORMAT", "xml", "xml"),
    ];
    for (name, value, expected) in cases {
        let error = from_environment(name, value).unwrap_err();
        assert!(error.contains(name) && error.contains(expected), "{name}={value}: {error}");
    }
}

#[test]
fn variables_of_others_are_left_alone() {
    assert_eq!(from_environment("CHAPPE_TEST_SEED", "1").unwrap(), loaded_default());
    assert_eq!(from_environment("PATH", "/bin").unwrap(), loaded_default());
}

#[test]
fn file_errors_name_key_and_line() {
    let cases = [
        ("[limits]\n\nlimit_maximum = 5", "line 3", "limit_maximum"),
        ("[limit]\nlimit_max = 5", "line 1", "limit"),
        ("[limits]\nlimit_max = \"5\"", "line 2", "limit_max"),
        ("[relay]\npubkey = \"npub1x\"", "line 2", "pubkey"),
        ("[listen]\naddresses = [\"localhost:1\"]", "line 2", "addresses"),
        ("[access]\nauth_challenge = \"never\"", "line 2", "auth_challenge"),
        ("[limits]\nlimit_max = 5\nlimit_max = 6", "line 3", "limit_max"),
    ];
    for (text, line, key) in cases {
        let error = from_file(text).unwrap_err();
        assert!(error.contains("FILE") && error.contains(line) && error.contains(key), "{text:?}: {error}");
    }
}

#[test]
fn traces_are_for_a_relay_that_is_built_with_them() {
    let loaded = from_file("[traces]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"");
    let error = loaded.err().unwrap_or_default();
    assert_eq!(error.is_empty(), cfg!(feature = "otel"), "{error}");
    assert!(error.is_empty() || error.contains("is built without traces"), "{error}");
}

#[test]
fn impossible_combinations_name_key_and_line() {
    let cases = [
        (
            "[limits]\nlimit_default = 6000",
            "FILE:2: limits.limit_default: 6000 is more than limits.limit_max, 5000",
        ),
        ("[store]\nmap_reserve_bytes = 2_000_000_000_000", "FILE:2: store.map_reserve_bytes"),
        (
            "[store]\nyoung_bytes_max = 2_000_000_000",
            "FILE:2: store.young_bytes_max: 2000000000 is more than",
        ),
        ("[limits]\nmessage_bytes_max = 60_000", "FILE:2: limits.message_bytes_max"),
        ("[limits]\ntag_value_bytes_max = 600_000", "limits.message_bytes_max: 524288 cannot hold"),
        ("[limits]\nsubscriptions_max = 0", "FILE:2: limits.subscriptions_max"),
        ("[limits]\nfilters_max = 257", "FILE:2: limits.filters_max: 257 is more than"),
        ("[limits]\nconnections_max = 0", "FILE:2: limits.connections_max"),
        ("[limits]\nlive_backlog_bytes_max = 1", "FILE:2: limits.live_backlog_bytes_max"),
        ("[limits]\nwrite_queue_bytes_max = 1", "FILE:2: limits.write_queue_bytes_max"),
        ("[timeouts]\nidle_seconds = 30\n\nping_seconds = 30", "FILE:4: timeouts.ping_seconds"),
        ("[timeouts]\nwrite_seconds = 0", "FILE:2: timeouts.write_seconds"),
        ("[buffers]\nhit_percent_min = 101", "FILE:2: buffers.hit_percent_min: 101 of a hundred"),
        ("[listen]\naddresses = []", "FILE:2: listen.addresses"),
        (
            "[listen]\naddresses = [\"[::1]:1\", \"[::1]:1\"]",
            "FILE:2: listen.addresses: [::1]:1 is listened on already",
        ),
        ("[tls]\naddresses = [\"[::1]:1\"]", "tls.certificate: is needed for tls.addresses"),
        ("[tls]\naddresses = [\"[::1]:1\"]\ncertificate = \"c\"", "tls.key: is needed for tls.addresses"),
        ("[tls]\nredirect_addresses = [\"[::1]:1\"]", "FILE:2: tls.redirect_addresses: there is nothing"),
        ("[tls]\nacme_domains = [\"a.example\"]", "FILE:2: tls.acme_domains: a certificate is of no use"),
        ("[tls]\nkey = \"k\"\nacme_domains = [\"a.example\"]", "FILE:2: tls.key: tls.acme_domains get"),
        ("[tls]\nacme_domains = [\"*.example\"]", "FILE:2: tls.acme_domains: \"*.example\" is no name"),
        ("[tls]\nacme_domains = [\"192.0.2.1\"]", "FILE:2: tls.acme_domains: \"192.0.2.1\" is no name"),
        ("[tls]\nacme_domains = [\"a.example.\"]", "FILE:2: tls.acme_domains: \"a.example.\" is no name"),
        (
            "[tls]\nacme_domains = [\"b.example\", \"B.example\"]",
            "FILE:2: tls.acme_domains: B.example is there twice",
        ),
        (
            "[tls]\nacme_contact = [\"me@example.com\"]",
            "FILE:2: tls.acme_contact: \"me@example.com\" is no URI",
        ),
        ("[tls]\nacme_directory = \"http://a.example\"", "FILE:2: tls.acme_directory"),
        ("[traces]\none_in = 0", "FILE:2: traces.one_in: 0 would let nothing through"),
        (
            "[traces]\nendpoint = \"https://collector.example/v1/traces\"",
            "FILE:2: traces.endpoint: \"https://collector.example/v1/traces\" is no address with http://",
        ),
        ("[relay]\nurls = [\"relay.example\"]", "FILE:2: relay.urls: \"relay.example\""),
        ("[log]\nfilter = \"chappe_app=loud\"", "FILE:2: log.filter"),
        (
            "[log]\nhistory_bytes = 10_239",
            "FILE:2: log.history_bytes: 10239 is not between 10240 and 1048576",
        ),
        ("[log]\nhistory_bytes = 1_048_577", "FILE:2: log.history_bytes"),
    ];
    for (text, expected) in cases {
        let error = from_file(text).unwrap_err();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn all_impossible_values_are_told_at_once() {
    let error = from_file("[limits]\nsubscriptions_max = 0\nfilters_max = 0").unwrap_err();
    assert_eq!(error.lines().count(), 2, "{error}");
}

#[test]
fn missing_file_is_an_error() {
    let error =
        load(Some(Path::new("/nowhere/chappe.toml")), [], &Overrides::default()).unwrap_err().to_string();
    assert!(error.contains("/nowhere/chappe.toml"), "{error}");
}

#[test]
fn data_directory_is_in_the_data_home() {
    let directory = |environment: &[(&str, &str)]| {
        let environment =
            environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        load(None, environment, &Overrides::default()).map(|config| config.store.data_dir)
    };
    let home = ("HOME", "/home/operator");
    assert_eq!(directory(&[home, ("XDG_DATA_HOME", "/data")]).unwrap(), Path::new("/data/chappe"));
    assert_eq!(
        directory(&[home, ("XDG_DATA_HOME", "")]).unwrap(),
        Path::new("/home/operator/.local/share/chappe")
    );
    assert!(matches!(directory(&[]), Err(ConfigError::NoDataHome)));
}

#[test]
fn keys_are_npub_or_hex() {
    // The pair from NIP-19's own examples.
    let hex = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
    let npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
    assert_eq!(parse_key(npub).unwrap(), parse_key(hex).unwrap());
    assert_eq!(parse_key(hex).unwrap().to_string(), hex);
    let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    for bad in ["", "npub1", &npub[..62], &hex.to_uppercase(), &npub.replace('q', "p"), nsec] {
        assert_eq!(parse_key(bad), Err(KeyError), "{bad}");
    }
}

#[test]
fn rules_of_retention_are_read_and_shown() {
    let file = "[[retention.rules]]\nname = \"a\"\nkinds = [7, \"dm\"]\nauthors = [\"others\"]\n\
                [[retention.rules]]\nname = \"b\"\nbytes_min = 9\ndays_max = 3\norder = 0\n";
    let config = from_file(file).unwrap();
    let first = RetentionRule {
        name: "a".to_owned(),
        kinds: vec![Kinds::One(7), Kinds::Named("dm".to_owned())],
        authors: vec![Authors::Others],
        ..RetentionRule::default()
    };
    assert_eq!((first.order, first.days_max), (100, 0));
    let second = RetentionRule {
        name: "b".to_owned(),
        bytes_min: 9,
        days_max: 3,
        order: 0,
        ..RetentionRule::default()
    };
    assert_eq!(config.retention.rules, [first, second]);
    assert_eq!(from_file(&toml::to_string_pretty(&config).unwrap()).unwrap(), config);
    let faulty = from_file("[[retention.rules]]\nname = \"none\"\n").unwrap_err();
    assert_eq!(faulty, "FILE:1: retention.rules: a rule needs a name, and not \"none\"");
}
