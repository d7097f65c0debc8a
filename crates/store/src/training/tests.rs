use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};

use super::{FIRST_EVENTS, Training};
use crate::compression::{Compression, Saved};
use crate::env::{SCHEMA, SCHEMA_COMPRESSED};
use crate::tables::{META_LAST_SEQ, META_TRAINED};
use crate::tests::support::{NOW, OPTIONS, TestStore, dictionary};
use crate::write::Writer;
use crate::{Error, Options, Repair, Seq};

const ON: Options = Options { compression: Compression::Zstd, ..OPTIONS };

fn events(count: usize) -> Vec<TestEvent> {
    let corpus = Corpus::plain(11, count, 40).events;
    corpus.into_iter().filter(|event| !(20_000..30_000).contains(&event.kind())).collect()
}

fn set_meta(test: &TestStore, key: &str, value: u64) {
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    writer.tables.meta.put(&mut writer.txn, key, &value).unwrap();
    writer.commit().unwrap();
}

#[test]
fn new_events_are_compressed_once_there_is_a_dictionary_and_read_as_before() {
    let all = events(3_000);
    let (first, later) = all.split_at(2_000);
    let (plain, test) = (TestStore::new(), TestStore::with(&ON));
    plain.put_all(&all);
    test.put_all(first);
    assert_eq!((test.layout(), test.store.dictionaries(), test.store.saved()), (SCHEMA, 0, Saved::default()));
    let Training::Kept(trained) = test.store.train().unwrap() else { panic!("no dictionary") };
    assert_eq!((trained.number, test.store.dictionaries()), (1, 1));
    assert_eq!(trained.before_bytes, trained.plain_bytes);
    assert!(trained.after_bytes * 3 < trained.plain_bytes * 2, "{trained:?}");
    assert_eq!(test.layout(), SCHEMA_COMPRESSED);
    test.put_all(later);
    let (compressed, as_they_were) = test.kept();
    assert!(compressed > later.len() * 9 / 10, "{compressed} of {}", later.len());
    assert!(as_they_were > first.len() / 2);
    assert_eq!(test.served().unwrap(), plain.served().unwrap());
    let saved = test.store.saved();
    // Some are replaced by now.
    assert!((compressed..=later.len()).contains(&usize::try_from(saved.events).unwrap()), "{saved:?}");
    assert!(saved.kept_bytes < saved.plain_bytes * 3 / 4, "{saved:?}");
    test.assert_sound();
    // After a start as before it, and switched off: what is compressed stays so, and what comes then is plain.
    let mut test = test.reopened();
    assert_eq!(test.served().unwrap(), plain.served().unwrap());
    test.options = OPTIONS;
    let test = test.reopened();
    let note = EventBuilder::new(1).created_at(1).content("text ".repeat(100)).sign(&Keys::from_seed(3));
    test.put(&note);
    assert_eq!(test.kept(), (compressed, as_they_were + 1));
    assert_eq!(test.served().unwrap().last(), Some(&note.json()));
}

#[test]
fn a_dictionary_that_is_no_better_is_not_kept() {
    let test = TestStore::with(&ON);
    test.put_all(&events(300)[..100]);
    assert_eq!(test.store.train().unwrap(), Training::TooFew);
    test.put_all(&events(2_000));
    assert!(matches!(test.store.train().unwrap(), Training::Kept(trained) if trained.number == 1));
    assert!(matches!(test.store.train().unwrap(), Training::NoBetter(trained) if trained.number == 2));
    assert_eq!(test.store.dictionaries(), 1);
    // Of other events it is made from others, compressed ones among them.
    let others: Vec<_> = (0..8_000)
        .map(|n: u64| {
            let words =
                "Quite another language, of which the first dictionary knows nothing at all: ".repeat(3);
            EventBuilder::new(1).created_at(n).content(format!("{words}{n}")).sign(&Keys::from_seed(n % 3))
        })
        .collect();
    test.put_all(&others);
    let Training::Kept(trained) = test.store.train().unwrap() else { panic!("no dictionary") };
    assert_eq!((trained.number, test.store.dictionaries()), (2, 2));
    assert!(trained.after_bytes < trained.before_bytes);
    let before = test.served().unwrap();
    assert_eq!(test.reopened().served().unwrap(), before);
}

#[test]
fn it_is_due_with_enough_events_and_again_with_many_more() {
    let mut test = TestStore::new();
    let due_at = |test: &TestStore, last: u64| {
        set_meta(test, META_LAST_SEQ, last);
        test.store.is_training_due().unwrap()
    };
    assert!(!due_at(&test, FIRST_EVENTS), "it is off");
    test.options = ON;
    let test = test.reopened();
    assert!(!due_at(&test, FIRST_EVENTS - 1));
    assert!(due_at(&test, FIRST_EVENTS));
    set_meta(&test, META_TRAINED, 20_000);
    assert!(!due_at(&test, 159_999));
    assert!(due_at(&test, 160_000));
    // Too little to learn from: it is tried again with many more, as what is no better.
    assert_eq!(test.store.train().unwrap(), Training::TooFew);
    assert!(!test.store.is_training_due().unwrap());
    assert!(due_at(&test, 8 * 160_000));
    for number in 1..=16 {
        assert!(test.store.is_training_due().unwrap());
        test.store.keep(number, Some(&dictionary(number)), Seq(0)).unwrap();
    }
    assert!(!test.store.is_training_due().unwrap());
    assert_eq!(test.store.train().unwrap(), Training::TooMany);
}

#[test]
fn without_its_dictionary_an_event_cannot_be_read_and_others_can() {
    let test = TestStore::with(&ON);
    let all = events(2_000);
    test.put_all(&all[..1_000]);
    test.store.train().unwrap();
    test.put_all(&all[1_000..]);
    let mut writer = Writer::begin(&test.store, NOW).unwrap();
    let table = writer.tables.dictionary_bytes.unwrap();
    table.put(&mut writer.txn, &1, b"no dictionary").unwrap();
    writer.commit().unwrap();
    let test = test.reopened();
    assert!(matches!(test.served(), Err(Error::Corrupt(why)) if why.contains("dictionary")));
    let (_, plain) = test.kept();
    // The tables agree, heads and tags can be read, and new events come as ever.
    test.assert_sound();
    assert_eq!(test.ids().len() as u64, test.store.usage().unwrap().events);
    test.put(&EventBuilder::new(1).sign(&Keys::from_seed(3)));
    // The number is not given again.
    let Training::Kept(trained) = test.store.train().unwrap() else { panic!("no dictionary") };
    assert_eq!(trained.number, 2);
    // Who repairs it keeps the others.
    let TestStore { store, dir, options } = test;
    drop(store);
    let mut repair = Repair::begin(dir.path(), &options).unwrap();
    let mut read = 0;
    loop {
        let found = repair.read().unwrap();
        if found.is_empty() {
            break;
        }
        read += found.iter().filter(|found| found.view().is_some_and(|view| view.plain().is_some())).count();
    }
    assert_eq!(read, plain + 1);
}
