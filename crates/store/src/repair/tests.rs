use std::collections::HashMap;
use std::fs;

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::{KEPT_FILE, Lost, OutReason, REPAIRING, Repair};
use crate::hint::Hint;
use crate::keys::RecordKeys;
use crate::tables::{Index, META_LAST_SEQ, Pointer};
use crate::tests::support::{NOW, OPTIONS, TestStore, record};
use crate::write::Writer;
use crate::{BuildError, OpenError, Options, Reader, Seq, StateChange, Store, Written};

fn note(n: u64) -> TestEvent {
    let note = EventBuilder::new(1).created_at(NOW.0 + n).tag(&["t", &n.to_string()]);
    note.sign(&Keys::from_seed(n % 5))
}

fn profile(n: u64) -> TestEvent {
    EventBuilder::new(0).created_at(NOW.0 + n).sign(&Keys::from_seed(1))
}

/// A store of these events, whose entries are all in their tables, damaged and closed.
fn damaged(events: &[TestEvent], damage: impl Fn(&mut Writer<'_>)) -> TestStore {
    let test = TestStore::new();
    test.put_all(events);
    test.settle();
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    damage(&mut writer);
    writer.commit().unwrap();
    test
}

/// Reads what the repair finds and puts in what is one of these events. Gives the numbers of what is not in the new store.
fn put_all(repair: &mut Repair, events: &[TestEvent]) -> Vec<(u64, Option<OutReason>)> {
    let known: HashMap<_, _> =
        events.iter().map(|event| (event.json().into_bytes(), record(event))).collect();
    let mut gone = Vec::new();
    loop {
        let found = repair.read().unwrap();
        if found.is_empty() {
            return gone;
        }
        let mut sound = Vec::new();
        for found in &found {
            match found.view().and_then(|view| known.get(view.wire())) {
                Some(record) => sound.push((found.seq, record.clone())),
                None => gone.push((found.seq.0, None)),
            }
        }
        gone.extend(repair.put(&sound).unwrap().into_iter().map(|out| (out.seq.0, Some(out.reason))));
    }
}

/// Repairs a store of these events; gives it, and the numbers of what is not in it any more.
fn repaired(test: TestStore, events: &[TestEvent]) -> (TestStore, Vec<(u64, Option<OutReason>)>) {
    let TestStore { store, dir, options } = test;
    drop(store);
    let mut repair = Repair::begin(dir.path(), &options).unwrap();
    let gone = put_all(&mut repair, events);
    assert_eq!(repair.lost(), None);
    assert_eq!(repair.finish().unwrap(), dir.path().join(KEPT_FILE));
    fs::remove_file(dir.path().join(KEPT_FILE)).unwrap();
    assert!(!dir.path().join(REPAIRING).exists());
    let test = TestStore::open(dir, &options);
    test.assert_sound();
    (test, gone)
}

#[test]
fn wrong_entries_are_put_right_in_every_index() {
    let place = EventBuilder::new(30_000).created_at(NOW.0).tag(&["d", "y"]).tag(&["t", "x"]);
    let events = [note(1), place.sign(&Keys::from_seed(1))];
    for index in Index::ALL {
        let test = damaged(&events, |writer| {
            let mut keys = RecordKeys::default();
            keys.fill(&writer.record(Seq(2)).unwrap());
            let table = writer.tables.index(index);
            if let Some((_, key)) = keys.iter().find(|&(found, _)| found == index) {
                table.delete(&mut writer.txn, key).unwrap();
            }
            for stray in [1_u8, 77] {
                let pointer = Pointer { seq: Seq(stray.into()), hint: Hint::NONE };
                table.put(&mut writer.txn, &[stray; 50], &pointer).unwrap();
            }
        });
        assert!(!test.store.audit().unwrap().is_clean());
        let (test, gone) = repaired(test, &events);
        assert_eq!((gone, test.ids()), (vec![], vec![events[0].id(), events[1].id()]));
    }
}

#[test]
fn what_is_kept_besides_events_comes_along_and_numbers_go_on() {
    let test = TestStore::with(&Options { line: 9, ..OPTIONS });
    let deletion = EventBuilder::new(5).tag(&["e", &note(1).id().to_string()]).sign(&Keys::from_seed(1));
    let vanish = EventBuilder::new(62).created_at(NOW.0 + 9).sign(&Keys::from_seed(4));
    let events = [note(1), note(2), deletion, profile(1), profile(2), vanish];
    for event in &events {
        test.put(event);
    }
    let state = [StateChange { key: b"k", value: Some(b"v") }];
    test.store.change_state(&state).unwrap();
    let ids = test.ids();
    let (test, gone) = repaired(test, &events);
    assert_eq!((gone, test.ids()), (vec![], ids));
    assert_eq!(test.store.state(b"k").unwrap(), [(b"k".as_slice().into(), b"v".as_slice().into())]);
    assert_eq!(test.put(&note(1)), Written::Deleted);
    assert_eq!(test.put(&note(4)), Written::Deleted);
    assert_eq!(test.put(&profile(1)), Written::Superseded);
    assert_eq!(test.put(&note(7)), Written::Stored(Seq(7)));
    let TestStore { store, dir, .. } = test;
    drop(store);
    assert_eq!(Reader::open(dir.path(), &OPTIONS).unwrap().line().unwrap(), 9);
}

#[test]
fn doubles_and_older_versions_go() {
    // As they come about when a relay goes on writing without the entries by which it would have found them.
    let test = damaged(&[note(1), profile(5)], |writer| {
        for (seq, event) in [(7, note(1)), (8, profile(6)), (9, profile(4))] {
            writer.tables.records.put(&mut writer.txn, &seq, record(&event).as_bytes()).unwrap();
        }
        writer.tables.records.put(&mut writer.txn, &11, b"too short").unwrap();
    });
    let (test, gone) = repaired(test, &[note(1), profile(4), profile(5), profile(6)]);
    let (double, old) = (Some(OutReason::Double), Some(OutReason::Superseded));
    assert_eq!(gone, [(11, None), (7, double), (2, old), (9, old)]);
    assert_eq!(test.ids(), [profile(6).id(), note(1).id()]);
    assert_eq!(test.store.last_seq().unwrap(), Seq(11));
}

#[test]
fn a_last_number_that_is_wrong_is_no_matter() {
    for wrong in [0, 900] {
        let events = [note(1), note(2)];
        let test = damaged(&events, |writer| {
            writer.tables.meta.put(&mut writer.txn, META_LAST_SEQ, &wrong).unwrap();
        });
        let (test, gone) = repaired(test, &events);
        assert_eq!((gone, test.ids().len()), (vec![], 2));
        assert_eq!(test.store.last_seq().unwrap(), Seq(wrong.max(2)));
    }
}

#[test]
fn pages_that_a_disk_has_lost_take_only_their_own_records_along() {
    let test = TestStore::new();
    let events: Vec<_> = (0..3_000).map(note).collect();
    test.put_all(&events);
    let TestStore { store, dir, options } = test;
    drop(store);
    let place = dir.path().join("data.mdb");
    let mut file = fs::read(&place).unwrap();
    // Only the table of records holds wire forms.
    let json = events[1_500].json();
    let at = file.windows(json.len()).position(|window| window == json.as_bytes()).unwrap();
    let page = at / 4096 * 4096;
    file[page..page + 4096].fill(0);
    fs::write(&place, file).unwrap();
    let mut repair = Repair::begin(dir.path(), &options).unwrap();
    assert_eq!(repair.events(), 3_000);
    assert_eq!(put_all(&mut repair, &events), []);
    let Lost { count, first, last } = repair.lost().unwrap();
    assert!(count < 20 && last.0 - first.0 + 1 == count && (first.0..=last.0).contains(&1_501));
    repair.finish().unwrap();
    let test = TestStore::open(dir, &OPTIONS);
    test.assert_sound();
    assert_eq!(test.ids().len() as u64, 3_000 - count);
}

#[test]
fn one_that_does_not_end_leaves_everything_as_it_was() {
    let test = TestStore::new();
    test.put_all([&note(1), &note(2)]);
    assert!(matches!(Repair::begin(test.dir.path(), &OPTIONS), Err(BuildError::Open(OpenError::InUse(_)))));
    let TestStore { store, dir, .. } = test;
    drop(store);
    let before = fs::read(dir.path().join("data.mdb")).unwrap();
    let mut repair = Repair::begin(dir.path(), &OPTIONS).unwrap();
    assert!(matches!(Store::open(dir.path(), &OPTIONS), Err(OpenError::InUse(_))));
    assert!(matches!(Reader::open(dir.path(), &OPTIONS), Err(OpenError::InUse(_))));
    assert_eq!(repair.read().unwrap().len(), 2);
    drop(repair);
    assert!(!dir.path().join(REPAIRING).exists());
    assert_eq!(fs::read(dir.path().join("data.mdb")).unwrap(), before);
    // As a kill leaves it, at its two places.
    fs::create_dir(dir.path().join(REPAIRING)).unwrap();
    fs::write(dir.path().join(REPAIRING).join("data.mdb"), "half a store").unwrap();
    fs::hard_link(dir.path().join("data.mdb"), dir.path().join(KEPT_FILE)).unwrap();
    let test = TestStore::open(dir, &OPTIONS);
    assert!(!test.dir.path().join(REPAIRING).exists(), "what was left behind is removed");
    let (test, gone) = repaired(test, &[note(1), note(2)]);
    assert_eq!((gone, test.ids().len()), (vec![], 2));
}

#[test]
fn an_old_file_that_is_kept_is_not_replaced() {
    let test = TestStore::new();
    test.put(&note(1));
    let TestStore { store, dir, .. } = test;
    drop(store);
    Repair::begin(dir.path(), &OPTIONS).unwrap().finish().unwrap();
    let kept = dir.path().join(KEPT_FILE);
    assert!(matches!(Repair::begin(dir.path(), &OPTIONS), Err(BuildError::NotEmpty(path)) if path == kept));
    let empty = tempfile::TempDir::new().unwrap();
    assert!(matches!(Repair::begin(empty.path(), &OPTIONS), Err(BuildError::Open(OpenError::NoStore(_)))));
    assert!(fs::read_dir(empty.path()).unwrap().next().is_none(), "nothing was made");
}
