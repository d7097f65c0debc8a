use chappe_testkit::{EventBuilder, Keys, TestEvent};
use heed::byteorder::BigEndian;
use heed::types::{Bytes, Str, U64};
use heed::{CommitOrAbort, EnvOpenOptions};
use tempfile::TempDir;

use crate::env::SCHEMA;
use crate::keys::RecordKeys;
use crate::tables::Index;
use crate::tests::support::{NOW, OPTIONS, TestStore, YOUNG_BYTES, record, stored, tag_keys_before};
use crate::{Options, Seq};

fn events(count: u64) -> Vec<TestEvent> {
    let event = |n: u64| EventBuilder::new(1).created_at(NOW.0 - n).tag(&["t", &n.to_string()]);
    (0..count).map(|n| event(n).sign(&Keys::from_seed(n % 7))).collect()
}

/// What the first layout was: all entries in their tables, nothing about settling.
fn write_first_layout(dir: &TempDir, events: &[TestEvent]) {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(OPTIONS.map_bytes).max_dbs(20);
    #[expect(unsafe_code, reason = "a test's own directory")]
    // SAFETY: nobody else knows the directory.
    let env = unsafe { options.open(dir.path()) }.unwrap();
    type Number = U64<BigEndian>;
    let txn = env.write_txn().unwrap();
    let written = env.create_databases_and_commit(txn, |opener, txn| -> heed::Result<_> {
        let meta = opener.create_database::<Str, Number>(txn, Some("meta"))?;
        meta.put(txn, "schema", &1)?;
        meta.put(txn, "last_seq", &(events.len() as u64))?;
        let records = opener.create_database::<Number, Bytes>(txn, Some("records"))?;
        let mut keys = RecordKeys::default();
        for (event, seq) in events.iter().zip(1_u64..) {
            let record = record(event);
            records.put(txn, &seq, record.as_bytes())?;
            keys.fill(&record.view());
            let by_tag = tag_keys_before(&keys);
            let by_tag = by_tag.iter().map(|key| (Index::Tag, key.as_slice()));
            for (index, key) in keys.iter().filter(|(index, _)| *index != Index::Tag).chain(by_tag) {
                opener.create_database::<Bytes, Number>(txn, Some(index.name()))?.put(txn, key, &seq)?;
            }
        }
        Ok(CommitOrAbort::<_, ()>::Commit(meta))
    });
    assert!(matches!(written, Ok(CommitOrAbort::Commit(_))));
}

#[test]
fn a_store_of_the_first_layout_becomes_one_of_today() {
    for young_bytes_max in YOUNG_BYTES {
        let (dir, events) = (TempDir::new().unwrap(), events(200));
        write_first_layout(&dir, &events);
        let test = TestStore::open(dir, &Options { young_bytes_max, ..OPTIONS });
        assert_eq!(test.marks(), (Seq(200), Seq(200)));
        let layout = |test: &TestStore| {
            let txn = test.store.env.read_txn().unwrap();
            test.store.tables.meta.get(&txn, "schema").unwrap()
        };
        assert_eq!(layout(&test), Some(SCHEMA));
        test.assert_sound();
        let mut ids: Vec<_> = events.iter().map(TestEvent::id).collect();
        assert_eq!(test.ids(), ids);
        // And it goes on as such a one: what is removed now has its entries in the tables.
        let request = EventBuilder::new(5).created_at(NOW.0 + 1).tag(&["e", &ids.remove(0).to_string()]);
        let request = request.sign(&Keys::from_seed(0));
        assert_eq!(test.put(&request), stored(201));
        ids.insert(0, request.id());
        let test = test.reopened();
        test.assert_sound();
        assert_eq!(test.ids(), ids);
        test.settle();
        test.assert_sound();
        assert_eq!(test.ids(), ids);
    }
}

#[test]
fn what_had_not_settled_is_there_again() {
    let events = events(300);
    let ids: Vec<_> = events.iter().map(TestEvent::id).collect();
    for young_bytes_max in YOUNG_BYTES {
        let mut test = TestStore::with_young_bytes(young_bytes_max);
        for batch in events.chunks(9) {
            test.put_all(batch);
            test = test.reopened();
        }
        test.assert_sound();
        assert_eq!(test.ids(), ids);
        assert!(test.put_all(&events).iter().all(|written| *written == crate::Written::Duplicate));
    }
}

#[test]
fn more_than_memory_is_meant_for_settles_on_opening() {
    let test = TestStore::new();
    let events = events(300);
    test.put_all(&events);
    assert_eq!(test.marks(), (Seq(0), Seq(0)));
    let TestStore { store, dir, .. } = test;
    drop(store);
    let test = TestStore::open(dir, &Options { young_bytes_max: 32 << 10, ..OPTIONS });
    let (settled, begun) = test.marks();
    assert!(settled > Seq(150) && settled == begun && begun < Seq(300), "{settled:?}, {begun:?}");
    assert!(test.store.young.view().generations().all(|generation| generation.read().bytes() < 20 << 10));
    test.assert_sound();
    assert_eq!(test.ids(), events.iter().map(TestEvent::id).collect::<Vec<_>>());
}

/// What has settled and is then removed leaves its tables with the others that settle, or at once when there are many.
#[test]
fn entries_of_removed_records_go() {
    for young_bytes_max in YOUNG_BYTES {
        for is_reopened in [false, true] {
            check_removed(young_bytes_max, is_reopened);
        }
    }
}

fn check_removed(young_bytes_max: usize, is_reopened: bool) {
    {
        let test = TestStore::with_young_bytes(young_bytes_max);
        let events = events(140);
        test.put_all(&events);
        test.settle();
        let vanish = EventBuilder::new(62).created_at(NOW.0 - 5).sign(&Keys::from_seed(3));
        test.put(&vanish);
        let left: Vec<_> = events.iter().filter(|event| event.pubkey() != vanish.pubkey()).collect();
        let check = |test: &TestStore| {
            test.assert_sound();
            let others = test.ids().into_iter().filter(|id| *id != vanish.id() && *id != events[3].id());
            assert_eq!(others.collect::<Vec<_>>(), left.iter().map(|event| event.id()).collect::<Vec<_>>());
        };
        check(&test);
        let test = if is_reopened { test.reopened() } else { test };
        check(&test);
        test.settle();
        check(&test);
        let txn = test.store.env.read_txn().unwrap();
        assert_eq!(test.store.tables.leaving.len(&txn).unwrap(), 0);
        let records = test.store.tables.records.len(&txn).unwrap();
        assert_eq!(test.store.tables.index(Index::Id).len(&txn).unwrap(), records);
        assert_eq!(test.store.tables.index(Index::Time).len(&txn).unwrap(), records);
    }
}
