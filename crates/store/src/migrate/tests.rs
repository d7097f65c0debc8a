use std::collections::BTreeMap;

use chappe_protocol::{Filter, TagFilter, TagMode};
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::{Migrated, STEP_ENTRIES, finish, step};
use crate::env::SCHEMA;
use crate::hint::Hint;
use crate::keys::RecordKeys;
use crate::record::RecordView;
use crate::tables::{Index, META_FROM, META_SCHEMA, Pointer};
use crate::tests::support::{NOW, OPTIONS, TestStore, YOUNG_BYTES, tag_keys_before};
use crate::write::Writer;
use crate::{OpenError, Reader, Repair, Seq, Store};

/// Notes with two tags, and between them comments, of a kind that is not common.
fn events(count: u64) -> Vec<TestEvent> {
    let event = |n: u64| {
        let kind = if n.is_multiple_of(3) { 1111 } else { 1 };
        let event = EventBuilder::new(kind).created_at(NOW.0 - n).tag(&["t", "x"]);
        event.tag(&["r", &n.to_string()]).sign(&Keys::from_seed(n % 7))
    };
    (0..count).map(event).collect()
}

/// A store with what it takes to be one of the second layout: some events settled, some not, some removed since they had. With
/// hints in its entries, or as from before there were any. Closed, and with what a question for a tag finds in it.
fn second_layout(young_bytes_max: usize, has_hints: bool) -> (TestStore, Vec<chappe_protocol::EventId>) {
    let test = TestStore::with_young_bytes(young_bytes_max);
    let (events, settled) = (events(150), 100);
    test.put_all(&events[..settled]);
    test.settle();
    for n in [1_usize, 3] {
        let request = EventBuilder::new(5).tag(&["e", &events[n].id().to_string()]);
        test.put(&request.sign(&Keys::from_seed(n as u64 % 7)));
    }
    test.put_all(&events[settled..]);
    let tagged = test.ask(&[about_x()], NOW);
    assert_eq!(tagged.len(), 148);
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    let mut records = BTreeMap::new();
    for table in [writer.tables.leaving, writer.tables.records] {
        for entry in table.iter(&writer.txn).unwrap() {
            let (seq, bytes) = entry.unwrap();
            records.insert(seq, bytes.to_vec());
        }
    }
    let (by_id, by_tag) = (writer.tables.index(Index::Id), writer.tables.index(Index::Tag));
    for (seq, bytes) in records {
        let record = RecordView::parse(&bytes).unwrap();
        let mut keys = RecordKeys::default();
        keys.fill(&record);
        // Those that have settled, whatever it was that settled them.
        if by_id.get(&writer.txn, record.head().id.as_bytes()).unwrap().is_none() {
            continue;
        }
        let hint = if has_hints { keys.hint() } else { Hint::NONE };
        for key in tag_keys_before(&keys) {
            by_tag.put(&mut writer.txn, &key, &Pointer { seq: Seq(seq), hint }).unwrap();
        }
    }
    writer.tables.meta.put(&mut writer.txn, META_SCHEMA, &2).unwrap();
    writer.commit().unwrap();
    (test, tagged)
}

fn about_x() -> Filter {
    let values = vec![b"x".as_slice().into()];
    Filter { tags: vec![TagFilter { letter: b't', mode: TagMode::Any, values }], ..Filter::default() }
}

fn meta(test: &TestStore, key: &str) -> Option<u64> {
    let txn = test.store.env.read_txn().unwrap();
    test.store.tables.meta.get(&txn, key).unwrap()
}

fn entries(test: &TestStore, index: Index) -> u64 {
    let txn = test.store.env.read_txn().unwrap();
    test.store.tables.index(index).len(&txn).unwrap()
}

fn assert_of_today(test: &TestStore, tagged: &[chappe_protocol::EventId]) {
    assert_eq!((meta(test, META_SCHEMA), meta(test, META_FROM)), (Some(SCHEMA), None));
    test.assert_sound();
    assert_eq!(test.ask(&[about_x()], NOW), tagged);
    test.settle();
    test.assert_sound();
    assert_eq!(test.ask(&[about_x()], NOW), tagged);
    // The tags of comments, and an `e` of each deletion.
    let others = tagged.len() as u64 / 3;
    assert!(entries(test, Index::Tag).abs_diff(2 * others + 2) <= 4, "{}", entries(test, Index::Tag));
    assert!(entries(test, Index::TagKind) > 5 * others);
}

#[test]
fn a_store_of_the_second_layout_becomes_one_of_the_third() {
    for young_bytes_max in YOUNG_BYTES {
        for has_hints in [true, false] {
            let (test, tagged) = second_layout(young_bytes_max, has_hints);
            assert_of_today(&test.reopened(), &tagged);
        }
    }
}

#[test]
fn it_is_told_how_far_it_is() {
    let (test, _) = second_layout(OPTIONS.young_bytes_max, true);
    let (total, mut told) = (entries(&test, Index::Tag), Vec::new());
    let TestStore { store, dir, options } = test;
    drop(store);
    drop(Store::open_telling(dir.path(), &options, &mut |migrated| told.push(migrated)).unwrap());
    let migrated = |entries| Migrated { from: 2, entries, total };
    assert_eq!(told, [migrated(0), migrated(total)]);
    told.clear();
    drop(Store::open_telling(dir.path(), &options, &mut |migrated| told.push(migrated)).unwrap());
    assert_eq!(told, [], "it is done");
}

/// Killed after so many steps of a few entries each, by which nothing is lost and nobody is deceived.
#[test]
fn between_two_layouts_it_is_read_by_nobody_and_goes_on_when_it_is_opened() {
    for steps in [0, 1, 2, 10, 30, 100] {
        let (test, tagged) = second_layout(64 << 10, steps % 2 == 0);
        let mut txn = test.store.env.write_txn().unwrap();
        super::begin(&test.store.tables, &mut txn, 2).unwrap();
        txn.commit().unwrap();
        let mut place = None;
        let is_done =
            (0..steps).any(|_| step(&test.store.env, &test.store.tables, &mut place, 7).unwrap() < 7);
        assert_eq!(meta(&test, META_SCHEMA), Some(3), "earlier versions refuse it");
        let TestStore { store, dir, options } = test;
        drop(store);
        let opened = Reader::open(dir.path(), &options);
        match opened {
            Err(OpenError::OlderSchema { found: 2, known: 3 }) => assert!(!is_done),
            other => assert!(is_done && other.is_ok()),
        }
        assert_of_today(&TestStore::open(dir, &options), &tagged);
    }
}

#[test]
fn a_step_begins_behind_the_one_before() {
    let (test, tagged) = second_layout(OPTIONS.young_bytes_max, true);
    let total = entries(&test, Index::Tag);
    let (mut place, mut looked_at) = (None, 0);
    loop {
        let entries = step(&test.store.env, &test.store.tables, &mut place, 10).unwrap();
        looked_at += entries as u64;
        if entries < 10 {
            break;
        }
    }
    assert_eq!(looked_at, total);
    // Nothing is left to do, and it is not done.
    finish(&test.store.env, &test.store.tables, &mut |_| panic!("it has begun")).unwrap();
    assert!(total < STEP_ENTRIES as u64);
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    writer.tables.meta.put(&mut writer.txn, META_SCHEMA, &SCHEMA).unwrap();
    writer.commit().unwrap();
    assert_of_today(&test, &tagged);
}

/// One that is too damaged to be brought up to date can be repaired.
#[test]
fn a_store_of_the_second_layout_can_be_repaired_as_it_is() {
    for is_begun in [false, true] {
        let (test, _) = second_layout(OPTIONS.young_bytes_max, true);
        let events = test.store.usage().unwrap().events;
        if is_begun {
            let mut txn = test.store.env.write_txn().unwrap();
            super::begin(&test.store.tables, &mut txn, 2).unwrap();
            txn.commit().unwrap();
        }
        let TestStore { store, dir, options } = test;
        drop(store);
        let repair = Repair::begin(dir.path(), &options).unwrap();
        assert_eq!(repair.events(), events);
        repair.finish().unwrap();
        assert_eq!(meta(&TestStore::open(dir, &options), META_SCHEMA), Some(SCHEMA));
    }
}
