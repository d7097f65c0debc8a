use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, Keys, TestEvent, auth_event};
use chappe_validation::{Rules, Verifier};

use super::*;
use crate::{RelayUrl, Viewer};

type Strings<'a> = &'a [&'a [&'a str]];

fn decide(event: &TestEvent, source: Source<'_>) -> Result<(), Denied> {
    let verified = Verifier::new().verify(event.event(), &Rules::import(), Timestamp(0), &mut Vec::new());
    let access =
        Access { own_urls: vec![RelayUrl::parse("wss://relay.example.com").unwrap()], ..Access::default() };
    let permit = authorize(&access, verified.unwrap(), source)?;
    assert_eq!((permit.event(), permit.head()), (event.event(), event.head()));
    assert_eq!(permit.verified(), verified.unwrap());
    Ok(())
}

fn signed_in(keys: &[&Keys]) -> Peer {
    let mut viewer = Viewer::anonymous();
    keys.iter().for_each(|keys| viewer.add(keys.public()).unwrap());
    Peer { viewer, host: RelayUrl::from_host_header("other.example").ok() }
}

#[test]
fn a_protected_event_comes_from_its_author_only() {
    let (alice, bob) = (Keys::from_seed(1), Keys::from_seed(2));
    let (nobody, author) = (signed_in(&[]), signed_in(&[&alice]));
    let (other, both) = (signed_in(&[&bob]), signed_in(&[&bob, &alice]));
    let (needs_auth, not_author) = (Err(Denied::ProtectedNeedsAuth), Err(Denied::ProtectedNotAuthor));
    for kind in [0, 1, 5, 20_000, 30_023] {
        let open = EventBuilder::new(kind).sign(&alice);
        let protected = EventBuilder::new(kind).tag(&["p", &bob.hex()]).tag(&["-"]).sign(&alice);
        let table = [
            ("open, nobody", &open, Source::Client(&nobody), Ok(())),
            ("open, other", &open, Source::Client(&other), Ok(())),
            ("open, operator", &open, Source::Operator, Ok(())),
            ("nobody", &protected, Source::Client(&nobody), needs_auth),
            ("other", &protected, Source::Client(&other), not_author),
            ("author", &protected, Source::Client(&author), Ok(())),
            ("both", &protected, Source::Client(&both), Ok(())),
            ("operator", &protected, Source::Operator, Ok(())),
        ];
        for (name, event, source, expected) in table {
            assert_eq!(decide(event, source), expected, "{name}, kind {kind}");
        }
    }
}

#[test]
fn an_auth_event_is_never_published() {
    let alice = Keys::from_seed(1);
    let event = auth_event("wss://relay.example.com", "challenge", 1).sign(&alice);
    let peer = signed_in(&[&alice]);
    for source in [Source::Client(&peer), Source::Operator] {
        assert_eq!(decide(&event, source), Err(Denied::AuthEventPublished), "{source:?}");
    }
}

#[test]
fn a_request_to_vanish_has_to_name_this_relay() {
    let alice = Keys::from_seed(1);
    let (nowhere, elsewhere) = (Err(Denied::VanishWithoutRelay), Err(Denied::VanishElsewhere));
    let table: [(&str, Strings, Result<(), Denied>); 10] = [
        ("all", &[&["relay", "ALL_RELAYS"]], Ok(())),
        ("own", &[&["relay", "wss://relay.example.com/"]], Ok(())),
        ("own among others", &[&["relay", "wss://a.example"], &["relay", "wss://relay.example.com"]], Ok(())),
        ("other", &[&["relay", "wss://a.example"]], elsewhere),
        ("the host header's, when own ones are named", &[&["relay", "wss://other.example"]], elsewhere),
        ("all in small letters", &[&["relay", "all_relays"]], elsewhere),
        ("junk", &[&["relay", ""]], elsewhere),
        ("in the third place", &[&["relay", "wss://a.example", "ALL_RELAYS"]], elsewhere),
        ("none", &[], nowhere),
        ("no value, other tag", &[&["relay"], &["r", "ALL_RELAYS"]], nowhere),
    ];
    let peer = signed_in(&[]);
    for (name, tags, expected) in table {
        let event = tags.iter().fold(EventBuilder::new(62), |event, tag| event.tag(tag)).sign(&alice);
        for source in [Source::Client(&peer), Source::Operator] {
            assert_eq!(decide(&event, source), expected, "{name}");
        }
    }
}

#[test]
fn each_no_has_its_words() {
    let protected = "this event may only be published by its author";
    let table = [
        (Denied::ProtectedNeedsAuth, format!("auth-required: {protected}"), true),
        (Denied::ProtectedNotAuthor, format!("restricted: {protected}"), false),
        (Denied::AuthEventPublished, "invalid: an AUTH event is never published".to_owned(), false),
        (Denied::VanishWithoutRelay, "invalid: a request to vanish has to name a relay".to_owned(), false),
        (
            Denied::VanishElsewhere,
            "invalid: the request to vanish does not name this relay".to_owned(),
            false,
        ),
    ];
    for (denied, words, needs_auth) in table {
        assert_eq!(Refusal::from(denied).to_string(), words);
        assert_eq!(denied.needs_auth(), needs_auth, "{denied:?}");
    }
}
