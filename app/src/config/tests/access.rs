//! Modes, people, policy files, proxies and rates.

use super::*;

const HEX: &str = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
const NPUB: &str = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

#[test]
fn people_are_npub_or_hex() {
    let text = format!("[access]\nowners = [\"{NPUB}\"]\nadmins = [\"{HEX}\", \"{NPUB}\"]\nmoderators = []");
    let access = from_file(&text).unwrap().access;
    assert_eq!(access.owners, [parse_key(HEX).unwrap()]);
    assert_eq!(access.admins.len(), 2);
    let set = from_environment("CHAPPE_ACCESS__OWNERS", &format!("{NPUB}, {HEX}")).unwrap();
    assert_eq!(set.access.owners.len(), 2);
    let error = from_file("[access]\n\nadmins = [\"alice\"]").unwrap_err();
    assert!(error.contains("line 3") && error.contains("\"alice\": expected a public key"), "{error}");
}

#[test]
fn modes_need_their_people() {
    let owner = format!("owners = [\"{NPUB}\"]");
    let admin = format!("admins = [\"{NPUB}\"]");
    let moderator = format!("moderators = [\"{NPUB}\"]");
    let cases = [
        ("open", vec![""], vec![]),
        ("curating", vec![""], vec![]),
        ("follows", vec![&*admin], vec!["", &*owner, &*moderator]),
        ("social", vec![&*owner, &*admin], vec!["", &*moderator]),
        ("members", vec![&*owner, &*admin], vec!["", &*moderator]),
        ("managed", vec![&*owner, &*admin, &*moderator], vec![""]),
    ];
    for (mode, enough, too_few) in cases {
        for people in enough {
            from_file(&format!("[access]\n{people}\nmode = \"{mode}\"")).unwrap();
        }
        for people in too_few {
            let error = from_file(&format!("[access]\n{people}\nmode = \"{mode}\"")).unwrap_err();
            assert!(error.starts_with("FILE:3: access.mode: "), "{mode}: {error}");
        }
    }
    let closed = format!("[access]\n{owner}\nmode = \"managed\"\n[management]\nenabled = false");
    let error = from_file(&closed).unwrap_err();
    assert!(error.starts_with("FILE:5: management.enabled: "), "{error}");
}

#[test]
fn impossible_values_name_the_key() {
    let cases = [
        ("[policy]\nplugin_timeout_milliseconds = 0", "FILE:2: policy.plugin_timeout_milliseconds"),
        ("[policy]\nplugin_in_flight_max = 0", "FILE:2: policy.plugin_in_flight_max"),
        ("[policy]\nfile = \"p.json\"\nshadow_file = \"p.json\"", "FILE:3: policy.shadow_file"),
        ("[follows]\nothers = \"delay\"\ndelay_step_milliseconds = 0", "FILE:3: follows.delay_step"),
        ("[follows]\ndelay_max_milliseconds = 199", "FILE:2: follows.delay_max_milliseconds"),
        ("[social]\ndelay_max_milliseconds = 99", "FILE:2: social.delay_max_milliseconds"),
        ("[social]\ndepth_max = 0", "FILE:2: social.depth_max"),
        ("[social]\ndepth_max = 9", "FILE:2: social.depth_max"),
        ("[curating]\nban_hours_first = 0", "FILE:2: curating.ban_hours_first"),
        ("[curating]\nban_hours_first = 169", "curating.ban_hours_max: 168 is less than"),
        ("[curating]\nkinds = [1, \"socail\"]", "FILE:2: curating.kinds: \"socail\""),
        ("[curating]\nkinds = [\"5-4\"]", "FILE:2: curating.kinds"),
        ("[members]\ninvite_uses = 0", "FILE:2: members.invite_uses"),
        ("[management]\npage_max = 0", "FILE:2: management.page_max"),
        ("[management]\npage_max = 10001", "FILE:2: management.page_max"),
        ("[proxy]\ntrusted = []\nprotocol = \"proxy\"", "FILE:3: proxy.protocol"),
        ("[rates]\naddresses_max = 0", "FILE:2: rates.addresses_max"),
    ];
    for (text, expected) in cases {
        let error = from_file(text).unwrap_err();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn unknown_keys_and_values_name_key_and_line() {
    let cases = [
        ("[access]\nmode = \"closed\"", "line 2", "closed"),
        ("[access]\nowner = []", "line 2", "owner"),
        ("[policy]\non_failure = \"accept\"", "line 2", "accept"),
        ("[policy]\nplugin_dialect = \"khatru\"", "line 2", "khatru"),
        ("[follows]\nothers = \"ignore\"", "line 2", "ignore"),
        ("[members]\ninvites_by = \"everyone\"", "line 2", "everyone"),
        ("[curating]\nkinds = [65536]", "line 2", "kinds"),
        ("[proxy]\ntrusted = [\"10.0.0.0/33\"]", "line 2", "10.0.0.0/33"),
        ("[proxy]\nprotocol = \"PROXY\"", "line 2", "PROXY"),
        ("[rates]\nconnections_max = 5", "line 2", "connections_max"),
        ("[rates]\nevents_per_key_a_minute = -1", "line 2", "-1"),
    ];
    for (text, place, name) in cases {
        let error = from_file(text).unwrap_err();
        assert!(error.contains(place) && error.contains(name), "{text:?}: {error}");
    }
}

#[test]
fn policy_paths_start_at_the_configuration_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chappe.toml");
    std::fs::write(&path, "[policy]\nfile = \"policies/a.json\"\nshadow_file = \"/etc/b.json\"").unwrap();
    let environment = [(OsString::from("HOME"), OsString::from("/home/operator"))];
    let policy = load(Some(&path), environment.clone(), &Overrides::default()).unwrap().policy;
    assert_eq!(policy.file, directory.path().join("policies/a.json"));
    assert_eq!(policy.shadow_file, Path::new("/etc/b.json"));
    let none = load(None, environment.clone(), &Overrides::default()).unwrap().policy;
    assert_eq!(none.file, Path::new(""));
    let alone = environment.into_iter().chain([("CHAPPE_POLICY__FILE".into(), "a.json".into())]);
    let here = std::env::current_dir().unwrap();
    assert_eq!(load(None, alone, &Overrides::default()).unwrap().policy.file, here.join("a.json"));
}

#[test]
fn lists_of_kinds_and_networks_have_one_form() {
    let text = "[curating]\nkinds = [1, \"30000-39999\", \"dm\"]\n[proxy]\ntrusted = [\"10.1.2.3/8\", \"::ffff:192.0.2.1\"]";
    let config = from_file(text).unwrap();
    assert_eq!(Kinds::words(&config.curating.kinds), ["1", "30000-39999", "dm"]);
    let shown = toml::to_string_pretty(&config).unwrap();
    assert_eq!(from_file(&shown).unwrap(), config);
    assert!(shown.contains("\"10.0.0.0/8\"") && shown.contains("\"192.0.2.1\""), "{shown}");
    let set = from_environment("CHAPPE_CURATING__KINDS", "1, 30000-39999, dm").unwrap();
    assert_eq!(set.curating.kinds, config.curating.kinds);
}
