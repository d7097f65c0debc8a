use std::fs;
use std::path::Path;

use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use super::{notes, settle};
use crate::harness::{Said, counted, import, lines, on, said_on, seed};

/// Where these bytes stand in the store's file.
pub(super) fn places(file: &[u8], bytes: &[u8]) -> Vec<usize> {
    file.windows(bytes.len()).enumerate().filter(|(_, window)| *window == bytes).map(|(at, _)| at).collect()
}

/// Says what is found in a copy of the store whose file was changed.
fn damaged(dir: &Path, damage: impl FnOnce(&mut Vec<u8>)) -> Said {
    let copy = TempDir::new().unwrap();
    let mut file = fs::read(dir.join("data.mdb")).unwrap();
    damage(&mut file);
    fs::write(copy.path().join("data.mdb"), file).unwrap();
    said_on(copy.path(), &["db", "verify"])
}

/// A store of these events, with their index entries in the tables.
pub(super) fn store_of(events: &[TestEvent]) -> TempDir {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(events));
    settle(dir.path());
    dir
}

#[test]
fn a_sound_store_is_found_so() {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&Corpus::eventful(seed(), 2_000, 20).events));
    for settled in [false, true] {
        if settled {
            settle(dir.path());
        }
        let said = on(dir.path(), &["db", "verify"]);
        let exported = on(dir.path(), &["export"]).lines().count() as u64;
        // What has expired is not exported and may be there.
        assert!(counted(&said, "events") >= exported && exported > 500, "{said}");
        assert_eq!(counted(&said, "faults"), 0, "{said}");
    }
}

#[test]
fn an_event_that_was_tampered_with_is_named() {
    let events = notes(40);
    let dir = store_of(&events);
    let changed = |from: &str, to: &str| {
        damaged(dir.path(), |file| {
            let found = places(file, from.as_bytes());
            assert!(!found.is_empty());
            found.into_iter().for_each(|at| file[at..at + to.len()].copy_from_slice(to.as_bytes()));
        })
    };
    let sig = |event: &TestEvent| {
        let json = event.json();
        json[json.find("\"sig\":\"").unwrap() + 7..][..16].to_owned()
    };
    let zeros = "0".repeat(16);
    let cases = [
        ("note number 17\"".to_owned(), "nota number 17\"", "record 18: the id is not"),
        (sig(&events[20]), zeros.as_str(), "record 21: the signature is wrong"),
        (
            "\"kind\":1,\"tags\":[[\"t\",\"x\"]],\"content\":\"note number 9\"".to_owned(),
            "\"kind\":7",
            "record 10: its head does not fit",
        ),
        ("{\"id\":\"".to_owned() + &events[30].id().to_string(), "[", "record 31: it holds no event"),
    ];
    for (from, to, told) in cases {
        let said = changed(&from, to);
        assert_eq!(said.code, Some(1), "{}", said.out);
        assert!(said.out.contains(told), "{told} is missing from:\n{}", said.out);
        assert!(said.err.contains("the store is damaged"), "{}", said.err);
    }
    assert_eq!(damaged(dir.path(), |_| {}).code, Some(0));
}

#[test]
fn an_index_entry_that_is_wrong_is_named() {
    let mut events = notes(40);
    // Of a kind that is in all indexes.
    events[17] = EventBuilder::new(1111).tag(&["t", "x"]).content("a comment").sign(&Keys::from_seed(1));
    let dir = store_of(&events);
    let file = fs::read(dir.path().join("data.mdb")).unwrap();
    // Every entry of an event but its address's ends in its id; pages that are no longer used hold some more.
    let mut found = String::new();
    for at in places(&file, events[17].id().as_bytes()) {
        let said = damaged(dir.path(), |file| file[at + 31] ^= 1);
        assert_eq!(said.code, Some(i32::from(counted(&said.out, "faults") > 0)), "{}", said.out);
        found += &said.out;
    }
    for index in ["by_id", "by_time", "by_author", "by_author_kind", "by_kind", "by_tag", "by_tag_kind"] {
        let missing = format!("record 18 is missing from {index}\n");
        let stray = format!("{index} has an entry that record 18 does not account for\n");
        assert!(found.contains(&missing) && found.contains(&stray), "{index} in:\n{found}");
    }
}
