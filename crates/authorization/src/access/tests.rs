use chappe_protocol::Kind;

use super::*;
use crate::Strangers;
use crate::testing::{key, keys, policy};

fn peer(host: &str) -> Peer {
    Peer { host: RelayUrl::from_host_header(host).ok(), ..Peer::default() }
}

#[test]
fn own_addresses_are_those_named_or_else_the_host_header() {
    let named = Access::new(Settings {
        own_urls: ["wss://relay.example.com", "ws://localhost:7447/inbox"]
            .map(|url| RelayUrl::parse(url).unwrap())
            .to_vec(),
        ..Settings::default()
    });
    let unnamed = Access::default();
    let table = [
        ("named", &named, "other.example", "wss://relay.example.com/", true),
        ("second", &named, "other.example", "http://LOCALHOST:7447/inbox/", true),
        ("scheme counts", &named, "relay.example.com", "ws://relay.example.com", false),
        ("port counts", &named, "relay.example.com", "wss://relay.example.com:444", false),
        ("path counts", &named, "relay.example.com", "wss://relay.example.com/inbox", false),
        ("the header does not", &named, "other.example", "wss://other.example", false),
        ("header", &unnamed, "relay.example.com", "wss://relay.example.com", true),
        ("header, no TLS", &unnamed, "relay.example.com", "ws://relay.example.com/", true),
        ("header with port", &unnamed, "localhost:7447", "ws://localhost:7447", true),
        ("header with a default port", &unnamed, "relay.example.com:443", "wss://relay.example.com", true),
        ("header, other port", &unnamed, "localhost:7447", "ws://localhost", false),
        ("header, other host", &unnamed, "relay.example.com", "wss://other.example", false),
        ("header, path", &unnamed, "relay.example.com", "wss://relay.example.com/inbox", false),
        ("no header", &unnamed, "", "wss://relay.example.com", false),
        ("junk", &unnamed, "relay.example.com", "relay.example.com", false),
    ];
    for (name, access, host, url, expected) in table {
        assert_eq!(access.is_own_url(Some(&peer(host)), url.as_bytes()), expected, "{name}");
    }
    assert!(named.is_own_url(None, b"wss://relay.example.com"));
    assert!(!unnamed.is_own_url(None, b"wss://relay.example.com"));
    assert!(!named.is_own_url(None, b"wss://relay.example.com/\xff"));
}

#[test]
fn private_kinds_are_direct_messages_unless_said_otherwise() {
    let private: Vec<_> = Settings::default().private_kinds.iter().collect();
    assert_eq!(private, [4, 13, 14, 15, 1059, 1060].map(Kind));
}

#[test]
fn owners_are_those_of_the_configuration_and_of_the_policy_file() {
    let settings = Settings { owners: keys([1]), admins: keys([2]), ..Settings::default() };
    let file = policy(&format!(r#"{{"default_policy": "allow", "owners": ["{}"]}}"#, key(3)));
    let access = Access::new(settings);
    assert_eq!(*access.owners(), keys([1]));
    let access = access.with_policy(Arc::clone(&file));
    assert_eq!((access.owners(), access.roots()), (&keys([1, 3]), &keys([1, 2, 3])));
    let access = access.with_settings(Arc::new(Settings { owners: keys([4]), ..Settings::default() }));
    assert_eq!((access.owners(), access.roots()), (&keys([3, 4]), &keys([3, 4])));
    let access = access.with_policy(Arc::new(Policy::permissive()));
    assert_eq!((access.owners(), access.roots()), (&keys([4]), &keys([4])));
}

#[test]
fn an_owner_cannot_be_banned() {
    let standing = Standing { banned_keys: keys([1, 2, 3]), ..Standing::default() };
    let settings = Settings { owners: keys([1]), admins: keys([2]), ..Settings::default() };
    let access = Access::new(settings).with_standing(Arc::new(standing));
    assert_eq!([1, 2, 3, 4].map(|number| access.is_banned(&key(number))), [false, true, true, false]);
}

#[test]
fn follow_lists_are_needed_of_those_whom_mode_policy_and_shadow_name() {
    let file = |root: u8| {
        let text = r#"{"default_policy": "allow", "rules": {"1": {"write_follows_whitelist": ["KEY"]}}}"#;
        policy(&text.replace("KEY", &key(root).to_string()))
    };
    let settings = Settings { owners: keys([1]), admins: keys([2]), ..Settings::default() };
    let open = Access::new(settings.clone());
    let follows = Access::new(Settings { mode: Mode::Follows(Strangers::Refuse), ..settings });
    assert_eq!(open.follow_roots(), keys([]));
    assert_eq!(follows.follow_roots(), keys([2]));
    assert_eq!(follows.clone().with_policy(file(5)).follow_roots(), keys([2, 5]));
    let shadow = Arc::new(Shadow::new(Policy::clone(&file(6))));
    assert_eq!(follows.with_policy(file(5)).with_shadow(Some(shadow)).follow_roots(), keys([2, 5, 6]));
}

#[test]
fn a_snapshot_stays_as_it_is_while_another_comes_into_force() {
    let live = LiveAccess::default();
    let other = live.clone();
    let before = live.load();
    other.replace(Access::new(Settings { owners: keys([1]), ..Settings::default() }));
    assert!(before.owners().is_empty());
    assert_eq!(*live.load().owners(), keys([1]));
    assert_eq!(*live.load_full().owners(), keys([1]));
}
