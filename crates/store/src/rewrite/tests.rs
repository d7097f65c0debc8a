use std::fs;
use std::ops::ControlFlow;

use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use super::REWRITING;
use crate::compression::Compression;
use crate::env::{SCHEMA, SCHEMA_COMPRESSED};
use crate::tests::support::{NOW, OPTIONS, TestStore, YOUNG_BYTES, dictionary};
use crate::write::Writer;
use crate::{BuildError, Error, Mark, OpenError, Options, Reader, Return, Rewritten, Seq, StateChange};

fn events(count: usize) -> Vec<TestEvent> {
    let corpus = Corpus::eventful(12, count, 40).events;
    corpus.into_iter().filter(|event| !(20_000..30_000).contains(&event.kind())).collect()
}

/// Writes it anew and opens it again. The last number of events done has to be that of all.
fn rewritten(test: TestStore, compression: Compression) -> (TestStore, Rewritten) {
    let TestStore { store, dir, options } = test;
    drop(store);
    let mut done = 0;
    let rewritten = options.rewrite(dir.path(), compression, &mut |events| done = events).unwrap();
    assert_eq!(done, rewritten.events);
    assert!(!dir.path().join(REWRITING).exists());
    (TestStore::open(dir, &options), rewritten)
}

/// What it keeps besides its events.
fn marks(test: &TestStore) -> Vec<String> {
    let (mut marks, dir) = (Vec::new(), TempDir::new().unwrap());
    fs::copy(test.dir.path().join("data.mdb"), dir.path().join("data.mdb")).unwrap();
    let reader = Reader::open(dir.path(), &OPTIONS).unwrap();
    let mut each = |mark: Mark<'_>| {
        marks.push(format!("{mark:?}"));
        ControlFlow::Continue(())
    };
    reader.marks(&mut each).unwrap();
    marks.push(format!("{} {:?}", reader.line().unwrap(), reader.last_seq().unwrap()));
    marks
}

#[test]
fn everything_is_compressed_and_plain_again_and_stays_the_same() {
    for young_bytes_max in YOUNG_BYTES {
        let mut test = TestStore::with(&Options { young_bytes_max, line: 7, ..OPTIONS });
        let events = events(4_000);
        events.chunks(200).for_each(|batch| drop(test.put_all(batch)));
        let state = StateChange { key: b"key", value: Some(b"value") };
        test.store.change_state(&[state]).unwrap();
        let ids: Vec<_> = test.ids().into_iter().step_by(7).collect();
        test.store.remove(&ids, Return::Barred).unwrap();
        let (served, kept_marks) = (test.served().unwrap(), marks(&test));
        let before = test.store.usage().unwrap();
        let mut said;
        (test, said) = rewritten(test, Compression::Zstd);
        assert_eq!((test.served().unwrap(), marks(&test)), (served.clone(), kept_marks.clone()));
        let (compressed, plain) = test.kept();
        assert_eq!((said.events, said.compressed), (before.events, compressed as u64));
        assert!(compressed > plain * 9, "{compressed}, {plain}");
        assert!(said.after_bytes < said.before_bytes * 3 / 4, "{said:?}");
        assert_eq!((test.layout(), test.store.dictionaries()), (SCHEMA_COMPRESSED, 1));
        test.assert_sound();
        // It goes on as ever, with more by other dictionaries.
        let note = EventBuilder::new(1).created_at(1).content("again").sign(&Keys::from_seed(3));
        test.put(&note);
        test.store.keep(2, Some(&dictionary(2)), Seq(0)).unwrap();
        test.assert_sound();
        (test, said) = rewritten(test, Compression::Zstd);
        assert_eq!((test.store.dictionaries(), said.events), (1, before.events + 1));
        (test, said) = rewritten(test, Compression::Off);
        assert_eq!((said.compressed, test.kept().0), (0, 0));
        assert_eq!((test.layout(), test.store.dictionaries()), (SCHEMA, 0));
        assert_eq!(test.served().unwrap(), [served, vec![note.json()]].concat());
        test.assert_sound();
        test.settle();
        test.assert_sound();
    }
}

#[test]
fn too_few_events_are_written_anew_as_they_are() {
    let test = TestStore::new();
    test.put_all(&events(100));
    let served = test.served().unwrap();
    let (test, said) = rewritten(test, Compression::Zstd);
    assert_eq!((said.compressed, test.layout()), (0, SCHEMA));
    assert_eq!(test.served().unwrap(), served);
    test.assert_sound();
}

#[test]
fn what_cannot_be_read_leaves_everything_as_it_was() {
    let test = TestStore::new();
    test.put_all(&events(1_000));
    let (test, _) = rewritten(test, Compression::Zstd);
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    let table = writer.tables.dictionary_bytes.unwrap();
    table.put(&mut writer.txn, &1, b"no dictionary").unwrap();
    writer.commit().unwrap();
    assert!(matches!(
        OPTIONS.rewrite(test.dir.path(), Compression::Off, &mut |_| {}),
        Err(BuildError::Open(OpenError::InUse(_)))
    ));
    let TestStore { store, dir, .. } = test;
    drop(store);
    let file = fs::read(dir.path().join("data.mdb")).unwrap();
    let failed = OPTIONS.rewrite(dir.path(), Compression::Off, &mut |_| {});
    assert!(matches!(failed, Err(BuildError::Store(Error::Corrupt(_)))), "{failed:?}");
    assert!(fs::read(dir.path().join("data.mdb")).unwrap() == file);
    assert!(!dir.path().join(REWRITING).exists());
    let empty = TempDir::new().unwrap();
    let failed = OPTIONS.rewrite(empty.path(), Compression::Off, &mut |_| {});
    assert!(matches!(failed, Err(BuildError::Open(OpenError::NoStore(_)))));
}

#[test]
fn what_a_kill_has_left_is_removed() {
    let test = TestStore::new();
    test.put_all(&events(300));
    let served = test.served().unwrap();
    fs::create_dir(test.dir.path().join(REWRITING)).unwrap();
    fs::write(test.dir.path().join(REWRITING).join("data.mdb"), "half a store").unwrap();
    let test = test.reopened();
    assert!(!test.dir.path().join(REWRITING).exists());
    assert_eq!(test.served().unwrap(), served);
}
