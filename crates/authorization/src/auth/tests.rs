use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, Keys, TestEvent, auth_event};
use chappe_validation::{Rules, Verifier};

use super::*;
use crate::{RelayUrl, Settings};

const NOW: u64 = 1_700_000_000;
const OWN: &str = "wss://relay.example.com/";
const SENT: &str = "0102030405060708090a0b0c0d0e0f10";

fn access() -> Access {
    Access::new(Settings { own_urls: vec![RelayUrl::parse(OWN).unwrap()], ..Settings::default() })
}

fn sent() -> Challenge {
    Challenge::new(std::array::from_fn(|index| u8::try_from(index + 1).unwrap()))
}

fn accept(peer: &Peer, challenge: Option<&Challenge>, event: &TestEvent) -> Result<PublicKey, AuthRefused> {
    let verified = Verifier::new().verify(event.event(), &Rules::auth(), Timestamp(NOW), &mut Vec::new());
    accept_auth(&access(), peer, challenge, verified.unwrap())
}

#[test]
fn a_challenge_is_hex_of_all_its_bytes() {
    assert_eq!(sent().as_str(), SENT);
    assert_eq!(Challenge::new([0; 16]).as_str(), "0".repeat(32));
}

#[test]
fn an_auth_proves_its_key_to_this_relay_and_connection() {
    let alice = Keys::from_seed(1);
    let good = || auth_event(OWN, SENT, NOW);
    let bare = || EventBuilder::new(22242).created_at(NOW);
    let [relay, challenge] = [["relay", OWN], ["challenge", SENT]];
    let table = [
        ("good", good(), Ok(alice.public())),
        (
            "relay written otherwise",
            auth_event("https://RELAY.example.com:443", SENT, NOW),
            Ok(alice.public()),
        ),
        ("tags the other way round", bare().tag(&challenge).tag(&relay), Ok(alice.public())),
        ("more tags and text", good().tag(&["x", "y"]).content("hi"), Ok(alice.public())),
        ("other challenge", auth_event(OWN, "0102", NOW), Err(AuthRefused::ChallengeWrong)),
        ("empty challenge", auth_event(OWN, "", NOW), Err(AuthRefused::ChallengeWrong)),
        (
            "challenge in capitals",
            auth_event(OWN, &SENT.to_uppercase(), NOW),
            Err(AuthRefused::ChallengeWrong),
        ),
        (
            "first challenge counts",
            bare().tag(&["challenge", "x"]).tag(&challenge).tag(&relay),
            Err(AuthRefused::ChallengeWrong),
        ),
        ("no challenge", bare().tag(&relay), Err(AuthRefused::ChallengeMissing)),
        (
            "challenge without value",
            bare().tag(&relay).tag(&["challenge"]),
            Err(AuthRefused::ChallengeMissing),
        ),
        ("other relay", auth_event("wss://evil.example", SENT, NOW), Err(AuthRefused::RelayWrong)),
        ("other scheme", auth_event("ws://relay.example.com", SENT, NOW), Err(AuthRefused::RelayWrong)),
        ("junk relay", auth_event("relay.example.com", SENT, NOW), Err(AuthRefused::RelayWrong)),
        (
            "first relay counts",
            bare().tag(&["relay", "x"]).tag(&relay).tag(&challenge),
            Err(AuthRefused::RelayWrong),
        ),
        ("no relay", bare().tag(&challenge), Err(AuthRefused::RelayMissing)),
        (
            "other kind",
            EventBuilder::new(1).created_at(NOW).tag(&relay).tag(&challenge),
            Err(AuthRefused::OtherKind),
        ),
        (
            "HTTP's kind",
            EventBuilder::new(27235).created_at(NOW).tag(&relay).tag(&challenge),
            Err(AuthRefused::OtherKind),
        ),
    ];
    for (name, builder, expected) in table {
        let event = builder.sign(&alice);
        assert_eq!(accept(&Peer::default(), Some(&sent()), &event), expected, "{name}");
    }
    let event = good().sign(&alice);
    assert_eq!(accept(&Peer::default(), None, &event), Err(AuthRefused::NoChallenge));
}

#[test]
fn several_keys_add_up() {
    let mut peer = Peer::default();
    let people = [1, 2, 3].map(Keys::from_seed);
    for keys in &people {
        let event = auth_event(OWN, SENT, NOW).sign(keys);
        peer.viewer.add(accept(&peer, Some(&sent()), &event).unwrap()).unwrap();
    }
    assert!(people.iter().all(|keys| peer.viewer.contains(&keys.public())));
    assert_eq!(peer.viewer.iter().count(), people.len());
}

#[test]
fn each_no_has_its_words() {
    let table = [
        (AuthRefused::OtherKind, "invalid: an AUTH event has kind 22242"),
        (AuthRefused::NoChallenge, "invalid: no challenge has been sent"),
        (AuthRefused::ChallengeMissing, "invalid: the challenge tag is missing"),
        (AuthRefused::ChallengeWrong, "invalid: the challenge is not the one that was sent"),
        (AuthRefused::RelayMissing, "invalid: the relay tag is missing"),
        (AuthRefused::RelayWrong, "invalid: the relay tag names another relay"),
    ];
    for (refused, words) in table {
        assert_eq!(Refusal::from(refused).to_string(), words);
    }
}
