use chappe_protocol::{Kind, Refusal};
use chappe_testkit::{EventBuilder, Keys, TestEvent, auth_event};

use super::*;
use crate::testing::{NOW, key, policy, submit};
use crate::{List, RelayUrl, Settings, Viewer};

type Strings<'a> = &'a [&'a [&'a str]];

fn decide(event: &TestEvent, source: Source<'_>) -> Result<(), Denied> {
    let own_urls = vec![RelayUrl::parse("wss://relay.example.com").unwrap()];
    let access = Access::new(Settings { own_urls, ..Settings::default() });
    submit(&access, &Meters::new(), event, source, NOW).map(drop)
}

fn signed_in(keys: &[&Keys]) -> Peer {
    let mut viewer = Viewer::anonymous();
    keys.iter().for_each(|keys| viewer.add(keys.public()).unwrap());
    Peer { viewer, host: RelayUrl::from_host_header("other.example").ok(), address: None }
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
fn the_relay_writes_with_its_own_key_only() {
    let event = EventBuilder::new(13_534).tag(&["-"]).sign(&Keys::from_seed(1));
    let by = |relay_key| {
        let access = Access::new(Settings { relay_key, ..Settings::default() });
        submit(&access, &Meters::new(), &event, Source::Relay, NOW).map(drop)
    };
    assert_eq!(by(Some(key(1))), Ok(()));
    assert_eq!(by(Some(key(2))), Err(Denied::NotRelayKey));
    assert_eq!(by(None), Err(Denied::NotRelayKey));
}

#[test]
fn a_shadow_changes_nothing_and_is_compared() {
    let strict = policy(r#"{"default_policy": "allow", "kind": {"blacklist": [7]}}"#);
    let other = policy(r#"{"default_policy": "allow", "kind": {"blacklist": [1]}}"#);
    let shadow = Arc::new(crate::Shadow::new(chappe_policy::Policy::clone(&other)));
    let settings = Settings { owners: crate::testing::keys([9]), ..Settings::default() };
    let access = Access::new(settings).with_policy(strict).with_shadow(Some(Arc::clone(&shadow)));
    let compare = |kind, author| {
        let event = crate::testing::event(kind, author);
        let rules = chappe_validation::Rules::import();
        let verifier = chappe_validation::Verifier::new();
        let verified = verifier.verify(event.event(), &rules, NOW, &mut Vec::new()).unwrap();
        let peer = Peer::default();
        let allowed = authorize(&access, &Meters::new(), verified, Source::Client(&peer), 0, NOW).is_ok();
        (allowed, compare_with_shadow(&access, verified, &peer, 0, NOW))
    };
    let table = [
        (0, 1, (true, None)),
        (1, 1, (true, Some(Difference::OnlyShadowDenies))),
        (7, 1, (false, Some(Difference::OnlyPolicyDenies))),
        (7, 9, (true, None)),
    ];
    for (kind, author, expected) in table {
        assert_eq!(compare(kind, author), expected, "kind {kind} by {author}");
    }
    let counts = crate::ShadowCounts { agreed: 1, only_policy_denies: 1, only_shadow_denies: 1 };
    assert_eq!((shadow.writes(), shadow.reads()), (counts, crate::ShadowCounts::default()));
    let remembered = shadow.remembered();
    let told = remembered.iter().map(|event| (event.kind.0, event.difference, event.because.as_str()));
    let expected = [
        (7, Difference::OnlyPolicyDenies, "kind.blacklist"),
        (1, Difference::OnlyShadowDenies, "kind.blacklist"),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected, "newest first");
    for _ in 0..120 {
        compare(1, 1);
    }
    assert_eq!((shadow.remembered().len(), shadow.writes().only_shadow_denies), (100, 121));
}

#[test]
fn each_no_has_its_words() {
    let denial = policy(r#"{"default_policy": "deny"}"#)
        .may_write(&submission(&crate::testing::head(1, 1)), &chappe_policy::Follows::default())
        .denial()
        .unwrap();
    let protected = "this event may only be published by its author";
    let own = "only events of your own may be published here, signed in as their author";
    let table = [
        (Denied::ProtectedNeedsAuth, format!("auth-required: {protected}")),
        (Denied::ProtectedNotAuthor, format!("restricted: {protected}")),
        (Denied::AuthEventPublished, "invalid: an AUTH event is never published".to_owned()),
        (Denied::VanishWithoutRelay, "invalid: a request to vanish has to name a relay".to_owned()),
        (Denied::VanishElsewhere, "invalid: the request to vanish does not name this relay".to_owned()),
        (Denied::NotRelayKey, "restricted: this event is not signed by the relay's own key".to_owned()),
        (Denied::AddressBlocked, "blocked: this address is blocked here".to_owned()),
        (Denied::EventBanned, "blocked: this event is banned here".to_owned()),
        (Denied::AuthorBanned, "blocked: the author of this event is banned here".to_owned()),
        (Denied::SubmitterBanned, "blocked: the key you signed in with is banned here".to_owned()),
        (Denied::NeedsAuth, "auth-required: sign in to publish here".to_owned()),
        (Denied::OwnNeedsAuth, format!("auth-required: {own}")),
        (Denied::NotOwn, format!("restricted: {own}")),
        (
            Denied::KindNotAccepted { kind: Kind(7) },
            "blocked: events of kind 7 are not accepted here".to_owned(),
        ),
        (
            Denied::NotListedNeedsAuth(List::Followed),
            "auth-required: only those may publish here whom the relay's admins follow".to_owned(),
        ),
        (
            Denied::NotListed(List::Allowed),
            "restricted: only those may publish here who have been allowed to".to_owned(),
        ),
        (Denied::NotListed(List::Members), "restricted: only members may publish here".to_owned()),
        (Denied::PolicyNeedsAuth(denial), format!("auth-required: {denial}")),
        (Denied::Policy(denial), format!("restricted: {denial}")),
        (
            Denied::AddressSuspended { minutes: 9 },
            "rate-limited: too many events from your address, it may publish again in 9 minute(s)".to_owned(),
        ),
        (
            Denied::TooManyOfKeyToday { events_max: 50 },
            "rate-limited: at most 50 events of one key are accepted a day (UTC), go on tomorrow".to_owned(),
        ),
        (
            Denied::TooManyByRule { kind: Kind(1), per_minute: 3 },
            "rate-limited: at most 3 events of kind 1 are accepted of one key in a minute".to_owned(),
        ),
        (
            Denied::TooManyFromAddress { per_minute: 3 },
            "rate-limited: at most 3 events are accepted from one address in a minute".to_owned(),
        ),
        (
            Denied::TooManyOfKey { per_minute: 3 },
            "rate-limited: at most 3 events are accepted of one key in a minute".to_owned(),
        ),
    ];
    for (denied, words) in table {
        assert_eq!(Refusal::from(denied).to_string(), words);
        assert_eq!(denied.needs_auth(), words.starts_with("auth-required: "), "{denied:?}");
    }
}

fn submission<'a>(head: &'a EventHead<'a>) -> chappe_policy::Submission<'a> {
    let submitters = std::slice::from_ref(&head.pubkey);
    chappe_policy::Submission { head, content_bytes: 0, event_bytes: 0, submitters, now: NOW }
}
