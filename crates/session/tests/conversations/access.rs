//! Signing in, and what it opens.

use chappe_session::AuthChallenge;
use chappe_testkit::{EventBuilder, Keys, auth_event};

use crate::script::{LIMITS, Relay, START, URL, challenge, check, play};

#[test]
fn a_protected_event_needs_its_author_and_the_challenge_comes_first() {
    let (author, other) = (Keys::from_seed(1), Keys::from_seed(2));
    let note = EventBuilder::new(1).created_at(START).tag(&["-"]).sign(&author);
    let by_other = auth_event(URL, &challenge("a"), START).sign(&other);
    let by_author = auth_event(URL, &challenge("a"), START).sign(&author);
    check(
        &[("note", &note), ("other", &by_other), ("author", &by_author)],
        r#"
        a> publish note
        a< challenge a
        a< refused note auth-required: ...
        a> publish note
        a< refused note auth-required: ...
        a> auth other
        a< ok other
        a> publish note
        a< refused note restricted: ...
        a> auth author
        a< ok author
        a> publish note
        a< ok note
        "#,
    );
}

#[test]
fn private_kinds_are_seen_by_those_involved_only() {
    let (author, reader) = (Keys::from_seed(1), Keys::from_seed(2));
    let private = EventBuilder::new(4).created_at(START).tag(&["p", &reader.hex()]).sign(&author);
    let later = EventBuilder::new(4).created_at(START + 1).tag(&["p", &reader.hex()]).sign(&author);
    let note = EventBuilder::new(1).created_at(START).sign(&author);
    let sign_in = auth_event(URL, &challenge("r"), START).sign(&reader);
    let stranger = auth_event(URL, &challenge("x"), START).sign(&Keys::from_seed(3));
    check(
        &[
            ("private", &private),
            ("later", &later),
            ("note", &note),
            ("in", &sign_in),
            ("stranger", &stranger),
        ],
        r#"
        w> publish private
        w< ok private
        w> publish note
        w< ok note
        r> ["REQ","s",{"kinds":[4]}]
        r< challenge r
        r< ["CLOSED","s","auth-required: ...
        r> ["COUNT","c",{"kinds":[4]}]
        r< ["CLOSED","c","auth-required: ...
        r> ["COUNT","c",{"kinds":[1,4]}]
        r< ["COUNT","c",{"count":1}]
        r> auth in
        r< ok in
        r> ["COUNT","c",{"kinds":[1,4]}]
        r< ["COUNT","c",{"count":2}]
        r> ["REQ","s",{"kinds":[4]}]
        r< delivery s private
        r< ["EOSE","s",["finish"]]
        mixed> ["REQ","s",{"kinds":[1,4]}]
        mixed< delivery s note
        mixed< ["EOSE","s",["finish"]]
        x> ["REQ","s",{"kinds":[4]}]
        x< challenge x
        x< ["CLOSED","s","auth-required: ...
        x> auth stranger
        x< ok stranger
        x> ["REQ","s",{"kinds":[4]}]
        x< ["EOSE","s",["finish"]]
        w> publish later
        w< ok later
        r< delivery s later
        mixed. nothing
        x. nothing
        "#,
    );
}

#[test]
fn the_challenge_can_come_on_connect() {
    play(
        &Relay::with(LIMITS, AuthChallenge::OnConnect),
        &[],
        r#"
        a> ["REQ","s",{"limit":0}]
        a< challenge a
        a< ["EOSE","s"]
        a> ["REQ","s",{"kinds":[4]}]
        a< ["CLOSED","s","auth-required: ...
        "#,
    );
}

#[test]
fn a_proof_for_another_challenge_relay_or_time_is_refused() {
    let keys = Keys::from_seed(1);
    let ask = EventBuilder::new(1).created_at(START).tag(&["-"]).sign(&keys);
    let unasked = auth_event(URL, &challenge("u"), START).sign(&keys);
    let other_challenge = auth_event(URL, "another", START).sign(&keys);
    let other_relay = auth_event("wss://elsewhere.example.com", &challenge("a"), START).sign(&keys);
    let old = auth_event(URL, &challenge("a"), START - 601).sign(&keys);
    let published = auth_event(URL, &challenge("a"), START).sign(&keys);
    check(
        &[
            ("ask", &ask),
            ("unasked", &unasked),
            ("challenge", &other_challenge),
            ("relay", &other_relay),
            ("old", &old),
            ("published", &published),
        ],
        r#"
        u> auth unasked
        u< refused unasked ...
        a> publish ask
        a< challenge a
        a< refused ask auth-required: ...
        a> auth challenge
        a< refused challenge ...
        a> auth relay
        a< refused relay ...
        a> auth old
        a< refused old ...
        a> publish published
        a< refused published invalid: ...
        a> publish ask
        a< refused ask auth-required: ...
        "#,
    );
}
