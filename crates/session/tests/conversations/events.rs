//! What is answered to an event.

use chappe_testkit::{EventBuilder, Keys};

use crate::script::{START, check};

fn note(text: &str) -> EventBuilder {
    EventBuilder::new(1).created_at(START).content(text)
}

#[test]
fn a_new_event_is_stored_and_a_known_one_is_a_duplicate() {
    let note = note("hello").sign(&Keys::from_seed(1));
    check(
        &[("note", &note)],
        r#"
        a> publish note
        a< ok note
        b> publish note
        b< ok note duplicate: already have this event
        b> ["REQ","s",{"kinds":[1]}]
        b< delivery s note
        b< ["EOSE","s",["finish"]]
        "#,
    );
}

#[test]
fn what_is_not_verified_is_refused_whatever_its_kind() {
    let keys = Keys::from_seed(1);
    for kind in [0, 1, 5, 62, 20_000, 22_242, 30_000] {
        let event = EventBuilder::new(kind).created_at(START).tag(&["relay", "ALL_RELAYS"]);
        let wrong_id = event.clone().sign(&keys).with_wrong_id(&keys);
        let wrong_sig = event.sign(&keys).with_wrong_sig();
        check(
            &[("id", &wrong_id), ("sig", &wrong_sig)],
            r#"
            a> publish id
            a< refused id invalid: ...
            a> publish sig
            a< refused sig invalid: ...
            a> ["REQ","s",{}]
            a< ["EOSE","s",["finish"]]
            "#,
        );
    }
}

#[test]
fn an_ephemeral_event_is_delivered_and_not_kept() {
    let event = EventBuilder::new(20_001).created_at(START).sign(&Keys::from_seed(1));
    check(
        &[("event", &event)],
        r#"
        a> publish event
        a< ok event mute: nobody was listening for this ephemeral event
        b> ["REQ","s",{"kinds":[20001]}]
        b< ["EOSE","s",["finish"]]
        a> publish event
        a< ok event
        b< delivery s event
        b> ["REQ","t",{"kinds":[20001]}]
        b< ["EOSE","t",["finish"]]
        "#,
    );
}

#[test]
fn the_oks_keep_the_order_of_the_events() {
    let keys = Keys::from_seed(1);
    let (first, second) = (note("1").sign(&keys), note("2").sign(&keys));
    let wrong = note("3").sign(&keys).with_wrong_sig();
    check(
        &[("first", &first), ("second", &second), ("wrong", &wrong)],
        r#"
        a> publish first
        a> publish wrong
        a> publish second
        a> publish first
        a> ["EVENT",{"id":"nonsense"}]
        a> ["EVENT",{"id":"1111111111111111111111111111111111111111111111111111111111111111"}]
        a< ok first
        a< refused wrong invalid: ...
        a< ok second
        a< ok first duplicate: already have this event
        a< ["NOTICE","invalid: ...
        a< ["OK","1111111111111111111111111111111111111111111111111111111111111111",false,"invalid: ...
        "#,
    );
}

#[test]
fn a_request_sees_the_events_sent_before_it() {
    let (first, second) = (note("1").sign(&Keys::from_seed(1)), note("2").sign(&Keys::from_seed(2)));
    check(
        &[("first", &first), ("second", &second)],
        r#"
        a> publish first
        a> ["REQ","s",{"kinds":[1]}]
        a> publish second
        a> ["COUNT","c",{"kinds":[1]}]
        a> ["CLOSE","s"]
        a> ["COUNT","d",{"kinds":[1]}]
        a< ok first
        a< delivery s first
        a< ["EOSE","s",["finish"]]
        a< ok second
        a< delivery s second
        a< ["COUNT","c",{"count":2}]
        a< ["COUNT","d",{"count":2}]
        "#,
    );
}

#[test]
fn versions_and_deletions_are_told_apart() {
    let keys = Keys::from_seed(1);
    let old = EventBuilder::new(0).created_at(START).sign(&keys);
    let new = EventBuilder::new(0).created_at(START + 1).sign(&keys);
    let deletion = EventBuilder::new(5).created_at(START + 2).tag(&["e", &new.id().to_string()]).sign(&keys);
    check(
        &[("old", &old), ("new", &new), ("deletion", &deletion)],
        r#"
        a> publish new
        a< ok new
        a> publish old
        a< refused old duplicate: have a newer event
        a> publish deletion
        a< ok deletion
        a> publish new
        a< refused new blocked: this event was deleted by its author
        "#,
    );
}

#[test]
fn what_is_being_deleted_is_no_duplicate_any_more() {
    let keys = Keys::from_seed(1);
    let note = note("hello").sign(&keys);
    let deletion = EventBuilder::new(5).created_at(START).tag(&["e", &note.id().to_string()]).sign(&keys);
    let vanish = EventBuilder::new(62).created_at(START).tag(&["relay", "ALL_RELAYS"]).sign(&keys);
    for removal in [&deletion, &vanish] {
        check(
            &[("note", &note), ("removal", removal)],
            r#"
            a> publish note
            a< ok note
            a> publish removal
            a> publish note
            a> publish removal
            a< ok removal
            a< refused note blocked: this event was deleted by its author
            a< ok removal duplicate: already have this event
            a> publish note
            a< refused note blocked: this event was deleted by its author
            "#,
        );
    }
}

#[test]
fn a_version_that_is_being_replaced_is_no_duplicate_any_more() {
    let keys = Keys::from_seed(1);
    let old = EventBuilder::new(0).created_at(START).content("old").sign(&keys);
    let new = EventBuilder::new(0).created_at(START + 1).content("new").sign(&keys);
    let deletion = EventBuilder::new(5).created_at(START + 2).tag(&["e", &new.id().to_string()]).sign(&keys);
    check(
        &[("old", &old), ("new", &new), ("deletion", &deletion)],
        r#"
        a> publish old
        a< ok old
        a> publish new
        a> publish old
        a> publish deletion
        a> publish old
        a< ok new
        a< refused old duplicate: have a newer event
        a< ok deletion
        a< ok old
        "#,
    );
}
