use chappe_testkit::EventBuilder;
use chappe_validation::{Rules, Verifier};

use super::*;
use crate::Settings;
use crate::testing::{key, keys, person};

const NOW: u64 = 1_700_000_000;
const BODY: &[u8] = br#"{"method":"stats","params":[]}"#;

fn hash(payload: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(payload).into();
    chappe_protocol::EventId::from_bytes(digest).to_string()
}

/// 1 owner, 2 admin, 3 moderator, 4 nobody.
fn access(own_urls: &[&str]) -> Access {
    Access::new(Settings {
        owners: keys([1]),
        admins: keys([2]),
        moderators: keys([3]),
        own_urls: own_urls.iter().map(|url| RelayUrl::parse(url).unwrap()).collect(),
        ..Settings::default()
    })
}

fn signed(url: &str, method: &str, payload: &[u8]) -> EventBuilder {
    EventBuilder::new(27_235)
        .created_at(NOW)
        .tag(&["u", url])
        .tag(&["method", method])
        .tag(&["payload", &hash(payload)])
}

fn check(
    access: &Access,
    event: EventBuilder,
    signer: u8,
    (host, target): (&str, &str),
    guard: &ReplayGuard,
) -> Result<PublicKey, HttpAuthRefused> {
    let event = event.sign(&person(signer));
    let now = Timestamp(NOW);
    let verified = Verifier::new().verify(event.event(), &Rules::import(), now, &mut Vec::new());
    let host = RelayUrl::from_host_header(host).ok();
    let request = HttpRequest { method: "POST", target, host: host.as_ref(), payload: Some(BODY) };
    http_auth(access, verified.unwrap(), &request, now, guard)
}

#[test]
fn only_those_with_a_role_are_let_in() {
    let access = access(&["wss://relay.example.com"]);
    for signer in 1..=4 {
        let event = signed("https://relay.example.com/", "POST", BODY);
        let expected = if signer < 4 { Ok(key(signer)) } else { Err(HttpAuthRefused::NoRole) };
        let guard = ReplayGuard::default();
        assert_eq!(check(&access, event, signer, ("", "/"), &guard), expected, "{signer}");
    }
}

#[test]
fn the_relays_own_key_is_let_in() {
    let access = access(&["wss://relay.example.com"]);
    let settings = Settings { relay_key: Some(key(4)), ..(**access.settings()).clone() };
    let event = || signed("https://relay.example.com/", "POST", BODY);
    let access = Access::new(settings);
    assert_eq!(check(&access, event(), 4, ("", "/"), &ReplayGuard::default()), Ok(key(4)));
    let stranger = check(&access, event(), 5, ("", "/"), &ReplayGuard::default());
    assert_eq!(stranger, Err(HttpAuthRefused::NoRole));
}

#[test]
fn the_event_signs_this_very_request() {
    use HttpAuthRefused::*;
    let url = "https://relay.example.com/";
    let bare = || EventBuilder::new(27_235).created_at(NOW);
    let (u, method, payload) = (["u", url], ["method", "POST"], ["payload", &hash(BODY)]);
    let table = [
        ("good", signed(url, "POST", BODY), Ok(key(1))),
        ("other order", bare().tag(&payload).tag(&method).tag(&u), Ok(key(1))),
        (
            "hash in capitals",
            bare().tag(&u).tag(&method).tag(&["payload", &hash(BODY).to_uppercase()]),
            Ok(key(1)),
        ),
        (
            "other kind",
            EventBuilder::new(22_242).created_at(NOW).tag(&u).tag(&method).tag(&payload),
            Err(OtherKind),
        ),
        ("60 seconds old", signed(url, "POST", BODY).created_at(NOW - 60), Ok(key(1))),
        ("60 seconds ahead", signed(url, "POST", BODY).created_at(NOW + 60), Ok(key(1))),
        ("61 seconds old", signed(url, "POST", BODY).created_at(NOW - 61), Err(OtherTime)),
        ("61 seconds ahead", signed(url, "POST", BODY).created_at(NOW + 61), Err(OtherTime)),
        ("no u", bare().tag(&method).tag(&payload), Err(UrlMissing)),
        ("u without value", bare().tag(&["u"]).tag(&method).tag(&payload), Err(UrlMissing)),
        ("other relay", signed("https://evil.example/", "POST", BODY), Err(UrlWrong)),
        (
            "first u counts",
            bare().tag(&["u", "https://evil.example/"]).tag(&u).tag(&method).tag(&payload),
            Err(UrlWrong),
        ),
        ("no method", bare().tag(&u).tag(&payload), Err(MethodMissing)),
        ("other method", signed(url, "GET", BODY), Err(MethodWrong)),
        ("small letters", signed(url, "post", BODY), Err(MethodWrong)),
        ("no payload", bare().tag(&u).tag(&method), Err(PayloadMissing)),
        ("other payload", signed(url, "POST", b"{}"), Err(PayloadWrong)),
        ("empty payload", bare().tag(&u).tag(&method).tag(&["payload", ""]), Err(PayloadWrong)),
    ];
    let access = access(&["wss://relay.example.com"]);
    for (name, event, expected) in table {
        assert_eq!(check(&access, event, 1, ("", "/"), &ReplayGuard::default()), expected, "{name}");
    }
}

#[test]
fn the_address_is_the_relays_with_path_and_query() {
    let named = access(&["wss://relay.example.com", "ws://localhost:7447/inbox"]);
    let unnamed = access(&[]);
    let table = [
        ("with slash", &named, "/", "https://relay.example.com/", true),
        ("without", &named, "/", "https://relay.example.com", true),
        ("as a websocket", &named, "/", "wss://relay.example.com", true),
        ("the other", &named, "/", "http://localhost:7447/inbox", true),
        ("scheme", &named, "/", "http://relay.example.com/", false),
        ("port", &named, "/", "https://relay.example.com:8080/", false),
        ("path too many", &named, "/", "https://relay.example.com/admin", false),
        ("query too many", &named, "/", "https://relay.example.com/?a=b", false),
        ("empty query", &named, "/", "https://relay.example.com/?", false),
        ("fragment", &named, "/", "https://relay.example.com/#a", false),
        ("path", &named, "/admin", "https://relay.example.com/admin", true),
        ("path missing", &named, "/admin", "https://relay.example.com/", false),
        ("path below another", &named, "/admin", "https://relay.example.com/x/admin", false),
        ("path below its own", &named, "/admin", "http://localhost:7447/inbox/admin", true),
        ("query", &named, "/a?b=c", "https://relay.example.com/a?b=c", true),
        ("other query", &named, "/a?b=c", "https://relay.example.com/a?b=d", false),
        ("query missing", &named, "/a?b=c", "https://relay.example.com/a", false),
        ("host", &named, "/", "https://other.example/", false),
        ("host, none named", &unnamed, "/", "https://other.example/", true),
        ("host, plain", &unnamed, "/", "http://other.example/", true),
        ("another host, none named", &unnamed, "/", "https://relay.example.com/", false),
        ("junk", &named, "/", "relay.example.com", false),
        ("empty", &named, "/", "", false),
    ];
    for (name, access, target, url, expected) in table {
        let event = signed(url, "POST", BODY);
        let result = check(access, event, 1, ("other.example", target), &ReplayGuard::default());
        assert_eq!(result, if expected { Ok(key(1)) } else { Err(HttpAuthRefused::UrlWrong) }, "{name}");
    }
}

#[test]
fn a_request_is_signed_once_and_strangers_do_not_fill_the_guard() {
    let access = access(&["wss://relay.example.com"]);
    let guard = ReplayGuard::new(2);
    let event = |text: &str| signed("https://relay.example.com/", "POST", BODY).content(text);
    let check = |text, signer| check(&access, event(text), signer, ("", "/"), &guard);
    for text in ["a", "b", "c"] {
        assert_eq!(check(text, 4), Err(HttpAuthRefused::NoRole));
    }
    assert_eq!(check("a", 1), Ok(key(1)));
    assert_eq!(check("a", 1), Err(HttpAuthRefused::Replayed));
    assert_eq!(check("a", 2), Ok(key(2)), "another signer, another event");
    assert_eq!(check("b", 1), Err(HttpAuthRefused::TooMany));
}

#[test]
fn a_request_without_a_body_need_not_name_one() {
    let access = access(&["wss://relay.example.com"]);
    let (url, host) = ("https://relay.example.com/logs", RelayUrl::from_host_header("").ok());
    let bare = || EventBuilder::new(27_235).created_at(NOW).tag(&["u", url]).tag(&["method", "GET"]);
    let table = [
        ("none", bare(), Ok(key(1))),
        ("of nothing", bare().tag(&["payload", &hash(b"")]), Ok(key(1))),
        ("of something", bare().tag(&["payload", &hash(BODY)]), Err(HttpAuthRefused::PayloadWrong)),
    ];
    for (name, event, expected) in table {
        let event = event.sign(&person(1));
        let now = Timestamp(NOW);
        let verified = Verifier::new().verify(event.event(), &Rules::import(), now, &mut Vec::new()).unwrap();
        let request = HttpRequest { method: "GET", target: "/logs", host: host.as_ref(), payload: None };
        let signer = http_auth(&access, verified, &request, now, &ReplayGuard::default());
        assert_eq!(signer, expected, "{name}");
    }
}
