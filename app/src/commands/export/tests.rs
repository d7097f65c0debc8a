use std::path::Path;

use chappe_store::{Options, Placement, Record, Write as StoreWrite};
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::*;

fn store(directory: &Path, events: &[TestEvent]) -> Store {
    let options = Options { map_bytes: 64 << 20, map_reserve_bytes: 1 << 20, ..Options::default() };
    let store = Store::open(directory, &options).unwrap();
    let records: Vec<_> =
        events.iter().map(|event| Record::new(&event.event(), event.json().as_bytes())).collect();
    let writes: Vec<_> =
        records.iter().map(|record| StoreWrite { record, placement: Placement::Regular }).collect();
    store.write(&writes, Timestamp(0)).unwrap();
    store
}

fn exported(store: &Store, filter: Filter) -> Vec<String> {
    let mut out = Vec::new();
    export(store, filter, Timestamp(500), &mut out, &mut |_| {}).unwrap();
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn everything_newest_first_but_what_has_expired() {
    let keys = Keys::from_seed(1);
    // More than one step's worth, private kinds included.
    let mut events: Vec<_> = (0..3_000).map(|at| EventBuilder::new(4).created_at(at).sign(&keys)).collect();
    events.push(EventBuilder::new(1).created_at(9_000).tag(&["expiration", "400"]).sign(&keys));
    let directory = tempfile::tempdir().unwrap();
    let lines = exported(&store(directory.path(), &events), Filter::default());
    events.pop();
    events.reverse();
    let expected: Vec<_> = events.iter().map(TestEvent::json).collect();
    assert_eq!(lines, expected);
}

#[test]
fn filter_and_its_limit_count() {
    let keys = Keys::from_seed(1);
    let events: Vec<_> = (0..10).map(|at| EventBuilder::new(1).created_at(at).sign(&keys)).collect();
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), &events);
    let filter = Filter { until: Some(Timestamp(7)), limit: Some(2), ..Filter::default() };
    assert_eq!(exported(&store, filter), [events[7].json(), events[6].json()]);
}

#[test]
fn broken_output_ends_it() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), &[EventBuilder::new(1).created_at(1).sign(&Keys::from_seed(1))]);
    let done = export(&store, Filter::default(), Timestamp(500), Closed, &mut |_| {});
    assert!(matches!(done, Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe));
}

#[test]
fn missing_directory_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.store.data_dir = directory.path().join("nowhere");
    assert!(matches!(run(&config, Filter::default(), Path::new("-")), Err(ExportError::NoStore(_))));
    assert!(!config.store.data_dir.exists());
}
