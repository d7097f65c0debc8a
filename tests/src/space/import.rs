//! `chappe import` below a ceiling: room is made in the relay's order, and the import goes on.

use std::collections::HashSet;
use std::path::Path;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use crate::harness::{Said, chappe, counted, lines, on, run};

const ADMIN: u64 = 1;
const FRIEND: u64 = 2;
const STRANGER: u64 = 3;
/// When the oldest of the notes was made.
const THEN: u64 = 1_700_000_000;
const MADE_ROOM: &str = "removed to make room below store.bytes_max";
/// The least that it can be.
const CEILING: (&str, &str) = ("STORE__BYTES_MAX", "4194304");

/// An event of some 20 kB.
fn event(kind: u16, author: u64, at: u64) -> TestEvent {
    EventBuilder::new(kind).created_at(at).content("x".repeat(20_000)).sign(&Keys::from_seed(author))
}

fn import<'a>(dir: &Path, knobs: &[(&str, &str)], events: impl IntoIterator<Item = &'a TestEvent>) -> Said {
    let file = dir.join("events.jsonl");
    std::fs::write(&file, lines(events)).unwrap();
    let mut command = chappe(&["--data-dir", dir.to_str().unwrap(), "import", file.to_str().unwrap()]);
    command.envs(knobs.iter().map(|(name, value)| (format!("CHAPPE_{name}"), value)));
    run(command)
}

/// Ids of what is stored.
fn stored(dir: &Path) -> HashSet<String> {
    let exported = on(dir, &["export"]);
    let id = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
    };
    exported.lines().map(id).collect()
}

fn is_in(ids: &HashSet<String>, event: &TestEvent) -> bool {
    ids.contains(&event.id().to_string())
}

#[test]
fn room_is_made_in_order_whichever_way_the_file_goes() {
    let knobs = [
        CEILING,
        ("ACCESS__MODE", "follows"),
        ("ACCESS__ADMINS", &Keys::from_seed(ADMIN).hex()),
        (
            "RETENTION__RULES",
            r#"[{name = "friends", authors = ["listed"], order = 0}, {name = "reposts", kinds = [6], days_max = 2},
                {name = "reactions", kinds = [7], order = 1}]"#,
        ),
    ];
    // The list that makes a friend of somebody comes with the import, too.
    let list = EventBuilder::new(3).created_at(THEN - 1).tag(&["p", &Keys::from_seed(FRIEND).hex()]);
    let protected: Vec<_> = [list.sign(&Keys::from_seed(ADMIN)), event(5, STRANGER, THEN - 2)]
        .into_iter()
        .chain((0..10).map(|n| event(1, FRIEND, THEN - 100 + n)))
        .collect();
    let too_old: Vec<_> = (0..5).map(|n| event(6, STRANGER, THEN + 5_000 + n)).collect();
    let notes: Vec<_> = (0..400).map(|n| event(1, STRANGER, THEN + n)).collect();
    // Newer than all notes, and gone before them.
    let reactions: Vec<_> = (0..60).map(|n| event(7, STRANGER, THEN + 9_000 + n)).collect();
    let mut all: Vec<_> = protected.iter().chain(&too_old).chain(&reactions).chain(&notes).collect();
    all.sort_by_key(|event| event.created_at());
    for is_newest_first in [false, true] {
        let dir = TempDir::new().unwrap();
        if is_newest_first {
            all.reverse();
        }
        let said = import(dir.path(), &knobs, all.iter().copied());
        assert_eq!(said.code, Some(0), "{}", said.err);
        let report = &said.out;
        assert_eq!(counted(report, "stored"), all.len() as u64, "{report}");
        assert_eq!(counted(report, "removed because they were too old"), 5, "{report}");
        let ids = stored(dir.path());
        assert_eq!(counted(report, MADE_ROOM) + 5 + ids.len() as u64, all.len() as u64, "{report}");
        for event in &protected {
            assert!(is_in(&ids, event), "{}", &event.json()[..200]);
        }
        let left: Vec<_> = notes.iter().map(|note| is_in(&ids, note)).collect();
        let first = left.iter().position(|&is_left| is_left).unwrap();
        assert!(left[first..].iter().all(|&is_left| is_left), "the newest are left: {left:?}");
        // With some in their place if the reactions came after the last time that room was made.
        let count = ids.len() - protected.len();
        assert!((100..=200).contains(&count), "{count}");
        let reactions_left = reactions.iter().filter(|reaction| is_in(&ids, reaction)).count();
        assert!(!is_newest_first || reactions_left == 0, "{reactions_left}");
        on(dir.path(), &["db", "verify"]);
    }
}

#[test]
fn where_nothing_may_go_it_stops_at_the_ceiling_and_goes_on_by_other_rules() {
    let dir = TempDir::new().unwrap();
    let notes: Vec<_> = (0..300).map(|n| event(1, STRANGER, THEN + n)).collect();
    let everything = ("RETENTION__RULES", r#"[{name = "everything", order = 0}]"#);
    let said = import(dir.path(), &[CEILING, everything], &notes);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("the import stopped: the store is full: store.bytes_max is reached"),
        "{}",
        said.err
    );
    let kept = counted(&said.out, "stored");
    assert!(kept > 100 && counted(&said.out, "not committed") > 0, "{}", said.out);
    assert_eq!((counted(&said.out, MADE_ROOM), stored(dir.path()).len() as u64), (0, kept));
    let said = import(dir.path(), &[CEILING], &notes);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(counted(&said.out, MADE_ROOM) > 0, "{}", said.out);
    assert!(is_in(&stored(dir.path()), &notes[299]));
    // Without a ceiling nothing has to go.
    let said = import(dir.path(), &[], &notes);
    assert_eq!((counted(&said.out, MADE_ROOM), stored(dir.path()).len()), (0, notes.len()));
}

#[test]
fn lists_that_cannot_be_read_stop_it_before_anything_is_removed() {
    let dir = TempDir::new().unwrap();
    let notes: Vec<_> = (0..300).map(|n| event(1, STRANGER, THEN + n)).collect();
    let policy = dir.path().join("policy.json");
    std::fs::write(&policy, "{").unwrap();
    let said = import(dir.path(), &[CEILING, ("POLICY__FILE", policy.to_str().unwrap())], &notes);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("room cannot be made: ") && said.err.contains("policy.json"), "{}", said.err);
    assert_eq!(counted(&said.out, MADE_ROOM), 0);
    assert_eq!(stored(dir.path()).len() as u64, counted(&said.out, "stored"));
}
