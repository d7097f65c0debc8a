use std::ops::ControlFlow;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use crate::tests::support::{NOW, OPTIONS, TestStore, YOUNG_BYTES};
use crate::write::Writer;
use crate::{Fault, OpenError, Options, Reader, Seq, Store};

fn notes(count: u64) -> Vec<TestEvent> {
    let note = |n: u64| EventBuilder::new(1).created_at(NOW.0 + n).tag(&["t", "x"]);
    (0..count).map(|n| note(n).sign(&Keys::from_seed(n % 5))).collect()
}

fn reader(test: &TestStore) -> Reader {
    // Another process would find the same; LMDB lets one process open a file once, so the file is read where it is not open.
    let copy = TempDir::new().unwrap();
    std::fs::copy(test.dir.path().join("data.mdb"), copy.path().join("data.mdb")).unwrap();
    Reader::open(copy.path(), &OPTIONS).unwrap()
}

fn seqs(reader: &Reader, after: u64) -> Vec<u64> {
    let mut seqs = Vec::new();
    let done = reader.records(Seq(after), &mut |Seq(seq), record| {
        assert!(record.is_some());
        seqs.push(seq);
        ControlFlow::Continue(())
    });
    done.unwrap();
    seqs
}

#[test]
fn it_reads_what_is_committed_whatever_has_settled() {
    for young_bytes_max in YOUNG_BYTES {
        let test = TestStore::with_young_bytes(young_bytes_max);
        let events = notes(60);
        events.chunks(7).for_each(|batch| drop(test.put_all(batch)));
        let request = EventBuilder::new(5).tag(&["e", &events[0].id().to_string()]).sign(&Keys::from_seed(0));
        test.put(&request);
        let reader = reader(&test);
        assert_eq!(seqs(&reader, 0), (2..=61).collect::<Vec<_>>());
        assert_eq!(seqs(&reader, 58), [59, 60, 61]);
        assert_eq!((reader.last_seq().unwrap(), reader.usage().unwrap().events), (Seq(61), 60));
        let mut seen = 0;
        let audit = reader.audit(&mut |_, record| seen += u64::from(record.is_some())).unwrap();
        assert!(audit.is_clean(), "{:?}", audit.faults);
        assert_eq!((audit.events, seen), (60, 60));
    }
}

#[test]
fn the_sizes_of_the_tables_add_up() {
    let test = TestStore::new();
    test.put_all(&notes(100));
    test.settle();
    let reader = reader(&test);
    let tables = reader.tables().unwrap();
    assert_eq!(tables.iter().map(|table| table.bytes).sum::<u64>(), reader.usage().unwrap().bytes_used);
    let entries = |name: &str| tables.iter().find(|table| table.name == name).unwrap().entries;
    assert_eq!(
        (entries("records"), entries("by_id"), entries("by_tag"), entries("by_tag_kind"), entries("leaving")),
        (100, 100, 0, 100, 0)
    );
    assert!(reader.file_bytes().unwrap() >= reader.usage().unwrap().bytes_used);
}

#[test]
fn entries_that_have_settled_may_not_be_missing() {
    let test = TestStore::new();
    let events = notes(2);
    test.put_all(&events);
    test.settle();
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    let by_id = writer.tables.index(crate::tables::Index::Id);
    by_id.delete(&mut writer.txn, events[1].id().as_bytes()).unwrap();
    writer.tables.records.put(&mut writer.txn, &1, b"short").unwrap();
    writer.commit().unwrap();
    let mut unreadable = Vec::new();
    let audit = reader(&test).audit(&mut |seq, record| {
        if record.is_none() {
            unreadable.push(seq);
        }
    });
    let audit = audit.unwrap();
    assert_eq!(unreadable, [Seq(1)]);
    assert_eq!(audit.faults[..2], [Fault::UnreadableRecord(Seq(1)), Fault::MissingEntry(Seq(2), "by_id")]);
}

#[test]
fn what_is_no_store_of_this_layout_is_told() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(Reader::open(dir.path(), &OPTIONS), Err(OpenError::NoStore(_))));
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing was made");
    for (schema, words) in [(1, "chappe db migrate"), (2, "chappe db migrate"), (5, "newer version")] {
        let test = TestStore::new();
        let mut writer = Writer::begin(&test.store, NOW).unwrap();
        writer.tables.meta.put(&mut writer.txn, "schema", &schema).unwrap();
        writer.commit().unwrap();
        let TestStore { store, dir, .. } = test;
        drop(store);
        let text = Reader::open(dir.path(), &OPTIONS).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
    std::fs::write(dir.path().join("data.mdb"), [7; 100_000]).unwrap();
    let text = Reader::open(dir.path(), &OPTIONS).unwrap_err().to_string();
    assert!(text.contains("cannot be opened as a store"), "{text}");
}

#[test]
fn a_store_keeps_the_line_it_was_given_first() {
    let dir = TempDir::new().unwrap();
    let line = |given| {
        drop(Store::open(dir.path(), &Options { line: given, ..OPTIONS }).unwrap());
        Reader::open(dir.path(), &OPTIONS).unwrap().line().unwrap()
    };
    assert_eq!([line(0), line(7), line(8), line(0)], [0, 7, 7, 7]);
}
