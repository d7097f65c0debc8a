use std::fs;
use std::ops::ControlFlow;

use chappe_testkit::{EventBuilder, Keys};
use tempfile::TempDir;

use super::{BuildError, Builder};
use crate::tests::support::{NOW, OPTIONS, TestStore, record};
use crate::{Mark, OpenError, Options, Reader, Record, Seq, Store};

fn note(n: u64) -> Record {
    let note = EventBuilder::new(1).created_at(NOW.0 + n).tag(&["t", &n.to_string()]);
    record(&note.sign(&Keys::from_seed(n % 5)))
}

#[test]
fn it_is_there_as_a_whole_with_its_numbers_and_marks() {
    for young_bytes_max in [0, 64 << 10, 32 << 20] {
        let dir = TempDir::new().unwrap();
        let options = Options { young_bytes_max, line: 9, ..OPTIONS };
        let mut builder = Builder::begin(dir.path(), &options).unwrap();
        for n in (1..=5_000).filter(|n| n % 3 != 0) {
            builder.add(Seq(n), note(n)).unwrap();
        }
        assert!(builder.add(Seq(4_999), note(1)).is_err(), "a number twice");
        builder
            .mark(&[Mark::State(b"k", b"v"), Mark::Vanished(&[7; 32], 5), Mark::DeletedId(&[1; 64])])
            .unwrap();
        builder.finish(Seq(6_000)).unwrap();
        let reader = Reader::open(dir.path(), &OPTIONS).unwrap();
        assert_eq!((reader.line().unwrap(), reader.last_seq().unwrap()), (9, Seq(6_000)));
        let mut marks = Vec::new();
        let done = reader.marks(&mut |mark| {
            marks.push(format!("{mark:?}"));
            ControlFlow::Continue(())
        });
        done.unwrap();
        let given = [Mark::DeletedId(&[1; 64]), Mark::Vanished(&[7; 32], 5), Mark::State(b"k", b"v")];
        assert_eq!(marks, given.map(|mark| format!("{mark:?}")));
        assert!(reader.audit(&mut |_, _| {}).unwrap().is_clean());
        drop(reader);
        let test = TestStore::open(dir, &OPTIONS);
        test.assert_sound();
        assert_eq!(test.ids().len(), 3_334);
        assert!(fs::read_dir(test.dir.path()).unwrap().all(|file| file.unwrap().file_name() != "restoring"));
    }
}

#[test]
fn what_is_not_finished_does_not_open() {
    let dir = TempDir::new().unwrap();
    let mut builder = Builder::begin(dir.path(), &OPTIONS).unwrap();
    builder.add(Seq(1), note(1)).unwrap();
    assert!(matches!(Store::open(dir.path(), &OPTIONS), Err(OpenError::InUse(_))));
    // As a kill leaves it.
    let building = dir.path().join("restoring");
    fs::create_dir(dir.path().join("kept")).unwrap();
    for file in fs::read_dir(&building).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.path().join("kept").join(file.file_name())).unwrap();
    }
    drop(builder);
    assert!(!building.exists());
    fs::rename(dir.path().join("kept"), &building).unwrap();
    assert!(matches!(Store::open(dir.path(), &OPTIONS), Err(OpenError::Unfinished(_))));
    assert!(matches!(Reader::open(dir.path(), &OPTIONS), Err(OpenError::Unfinished(_))));
    Builder::begin(dir.path(), &OPTIONS).unwrap().finish(Seq(0)).unwrap();
    assert!(TestStore::open(dir, &OPTIONS).ids().is_empty());
}

#[test]
fn a_store_is_not_replaced() {
    let test = TestStore::new();
    let dir = test.dir.path();
    assert!(matches!(Builder::begin(dir, &OPTIONS), Err(BuildError::Open(OpenError::InUse(_)))));
    let TestStore { store, dir, .. } = test;
    drop(store);
    assert!(matches!(Builder::begin(dir.path(), &OPTIONS), Err(BuildError::NotEmpty(_))));
}
