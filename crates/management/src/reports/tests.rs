use chappe_authorization::Mode;
use chappe_protocol::{EventId, PublicKey};
use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};

use super::{ALONE_MAX, ENTRIES_MAX};
use crate::state::REPORTERS_MAX;
use crate::testing::{NOW, TestDesk, moderator, person};
use crate::values::{Report, ReportStanding, Reported};

fn report(tags: &[&[&str]]) -> EventBuilder {
    tags.iter().fold(EventBuilder::new(1984), |event, tag| event.tag(tag))
}

/// A stored note of person 1.
fn note(desk: &TestDesk, text: &str) -> String {
    let note = EventBuilder::new(1).content(text);
    let id = note.clone().sign(&person(1)).id().to_string();
    desk.save(note, &person(1));
    id
}

fn events(desk: &TestDesk) -> Value {
    desk.call(&moderator(), "listeventsneedingmoderation", json!([])).unwrap()
}

fn keys(desk: &TestDesk) -> Value {
    desk.call(&moderator(), "listpubkeysneedingmoderation", json!([])).unwrap()
}

#[test]
fn reported_events_wait_for_a_moderator() {
    let desk = TestDesk::new(Mode::Open);
    let id = note(&desk, "bad");
    let a_report = report(&[&["e", &id, "spam"], &["p", &person(1).hex()]]);
    desk.save(a_report.clone(), &person(2));
    assert_eq!(events(&desk), json!([]), "not before the tick");
    desk.desk.tick(NOW);
    let expected = |reports| json!([{"id": id, "reason": "spam", "reports": reports, "first_at": NOW.0}]);
    assert_eq!(events(&desk), expected(1));
    assert_eq!(keys(&desk), json!([]), "the author's tag only says whose it is");
    desk.save(a_report.content("again"), &person(2));
    desk.save(report(&[&["e", &id, "nudity"]]), &person(3));
    desk.desk.tick(NOW);
    assert_eq!(events(&desk), expected(2), "each reporter counts once");
    let desk = desk.reopened();
    assert_eq!(events(&desk), expected(2));
}

#[test]
fn reports_that_still_wait_are_kept_at_the_end() {
    let desk = TestDesk::new(Mode::Open);
    desk.save(report(&[&["p", &person(1).hex(), "spam"]]), &person(2));
    let desk = desk.reopened();
    assert_eq!(keys(&desk)[0]["pubkey"], person(1).hex());
}

#[test]
fn a_decision_takes_it_off_the_queue() {
    let desk = TestDesk::new(Mode::Open);
    let (bad, good) = (note(&desk, "bad"), note(&desk, "good"));
    let again = |by: &Keys| {
        desk.save(report(&[&["e", &bad, "spam"], &["e", &good, "spam"]]), by);
        desk.save(report(&[&["p", &person(7).hex(), "spam"], &["p", &person(8).hex()]]), by);
        desk.desk.tick(NOW);
    };
    again(&person(2));
    assert_eq!(events(&desk).as_array().unwrap().len(), 2);
    assert_eq!(keys(&desk).as_array().unwrap().len(), 2);
    desk.done("banevent", json!([bad]));
    desk.done("allowevent", json!([good]));
    desk.done("banpubkey", json!([person(7).hex()]));
    desk.done("dismissreports", json!([person(8).hex()]));
    assert_eq!((events(&desk), keys(&desk)), (json!([]), json!([])));
    again(&person(3));
    assert_eq!((events(&desk), keys(&desk)), (json!([]), json!([])), "decided is decided");
    desk.done("allowevent", json!([bad]));
    again(&person(4));
    assert_eq!(events(&desk)[0]["id"], bad, "what is no longer banned can be reported again");
}

#[test]
fn only_what_is_here_waits() {
    let desk = TestDesk::new(Mode::Open);
    let unknown = "ab".repeat(32);
    desk.save(report(&[&["e", &unknown, "spam"]]), &person(2));
    desk.save(report(&[&["e", "not an id", "spam"], &["p"]]), &person(2));
    desk.save(report(&[&["x", &unknown, "malware"]]), &person(2));
    let id = note(&desk, "deleted later");
    desk.save(report(&[&["e", &id, "spam"]]), &person(2));
    desk.desk.tick(NOW);
    assert_eq!(events(&desk).as_array().unwrap().len(), 1);
    desk.save(EventBuilder::new(5).tag(&["e", &id]), &person(1));
    assert_eq!((events(&desk), keys(&desk)), (json!([]), json!([])));
}

#[test]
fn a_report_is_about_eight_things_at_most_and_its_word_is_short() {
    let desk = TestDesk::new(Mode::Open);
    let long = "x".repeat(65);
    let mut builder = EventBuilder::new(1984).tag(&["p", &person(0).hex(), &long]);
    for number in 0..20 {
        builder = builder.tag(&["p", &person(number).hex(), "spam"]);
    }
    desk.save(builder, &person(50));
    desk.desk.tick(NOW);
    let waiting = keys(&desk);
    assert_eq!(waiting.as_array().unwrap().len(), 8);
    let first = waiting.as_array().unwrap().iter().find(|entry| entry["pubkey"] == person(0).hex()).unwrap();
    assert_eq!(first["reason"], "");
}

fn some_key(number: usize) -> Reported {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Reported::Key(PublicKey::from_bytes(bytes))
}

#[test]
fn nobody_fills_the_queue_alone() {
    let desk = TestDesk::new(Mode::Open);
    let mut state = desk.desk.lock_state();
    for number in 0..ALONE_MAX + 5 {
        let mut edits = Vec::new();
        state.add_report(&mut edits, some_key(number), String::new(), person(1).public(), NOW);
        state.change(&desk.store, edits).unwrap();
    }
    assert_eq!(state.reports.len(), ALONE_MAX);
    let mut edits = Vec::new();
    state.add_report(&mut edits, some_key(1_000), String::new(), person(2).public(), NOW);
    assert_eq!(edits.len(), 1, "others still can");
}

#[test]
fn in_a_full_queue_the_least_reported_gives_way() {
    let desk = TestDesk::new(Mode::Open);
    let mut state = desk.desk.lock_state();
    for number in 0..ENTRIES_MAX {
        let reporters = (0..2).map(|other| person(other).public()).collect();
        let standing = ReportStanding::Open;
        let report = Report { first_at: NOW, reason: String::new(), reporters, standing };
        state.reports.insert(some_key(number), report);
    }
    let few = some_key(77);
    state.reports.get_mut(&few).unwrap().reporters.pop();
    let mut edits = Vec::new();
    let reported = Reported::Event(EventId::from_bytes([9; 32]));
    state.add_report(&mut edits, reported, String::new(), person(9).public(), NOW);
    state.change(&desk.store, edits).unwrap();
    assert_eq!(state.reports.len(), ENTRIES_MAX);
    assert!(!state.reports.contains_key(&few) && state.reports.contains_key(&reported));
    let settled = some_key(88);
    state.reports.get_mut(&settled).unwrap().standing = ReportStanding::Settled;
    let mut edits = Vec::new();
    state.add_report(&mut edits, some_key(1_000_000), String::new(), person(9).public(), NOW);
    state.change(&desk.store, edits).unwrap();
    assert!(!state.reports.contains_key(&settled), "settled ones go first");
    let mut edits = Vec::new();
    for other in 0..100 {
        edits.clear();
        state.add_report(&mut edits, reported, String::new(), person(other).public(), NOW);
        state.change(&desk.store, edits.clone()).unwrap();
    }
    assert_eq!(state.reports[&reported].reporters.len(), REPORTERS_MAX);
}
