use chappe_store::{Options, Placement, Record, Store, Write as StoreWrite};
use chappe_testkit::{EventBuilder, Keys};
use tempfile::TempDir;

use super::super::restore;
use super::*;

const OPTIONS: fn(u64) -> Options =
    |line| Options { map_bytes: 64 << 20, map_reserve_bytes: 1 << 20, line, ..Options::default() };

fn write(dir: &Path, numbers: std::ops::Range<u64>) {
    let store = Store::open(dir, &OPTIONS(7)).unwrap();
    let records: Vec<_> = numbers
        .map(|n| EventBuilder::new(1).created_at(n).content("x".repeat(100)).sign(&Keys::from_seed(n % 3)))
        .map(|event| Record::new(&event.event(), event.json().as_bytes()))
        .collect();
    let writes: Vec<_> =
        records.iter().map(|record| StoreWrite { record, placement: Placement::Regular }).collect();
    store.write(&writes, Timestamp(0)).unwrap();
}

fn save(dir: &Path, set: &Path) -> Result<(), DbError> {
    let reader = Reader::open(dir, &OPTIONS(0)).unwrap();
    run(&reader, (dir, set), 20_000, Timestamp(5), Vec::new())
}

#[test]
fn events_go_into_parts_of_bounded_size_and_come_back() {
    let (dir, set, again) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    write(dir.path(), 0..300);
    save(dir.path(), set.path()).unwrap();
    write(dir.path(), 300..310);
    save(dir.path(), set.path()).unwrap();
    let runs = set::runs(set.path()).unwrap();
    let parts: Vec<_> = runs.iter().map(|run| run.manifest.parts.len()).collect();
    assert!(parts[0] > 5 && parts[1] == 2, "{parts:?}");
    assert_eq!((runs[1].manifest.events, runs[1].manifest.alive, runs[1].manifest.last), (10, 310, 310));
    restore::run(set.path(), Some((again.path(), &OPTIONS(8))), Vec::new()).unwrap();
    let content = |dir: &Path| {
        let (reader, mut found) = (Reader::open(dir, &OPTIONS(0)).unwrap(), Vec::new());
        let read = reader.records(Seq(0), &mut |seq, record| {
            found.push((seq, record.unwrap().plain().unwrap().to_vec()));
            ControlFlow::Continue(())
        });
        read.unwrap();
        assert!(reader.audit(&mut |_, _| {}).unwrap().is_clean());
        found
    };
    assert_eq!(content(again.path()), content(dir.path()));
    // From there on it is another store.
    assert!(matches!(save(again.path(), set.path()), Err(DbError::Set(SetError::OtherStore(_)))));
}

#[test]
fn ranges_grow_and_begin() {
    let mut ranges = Vec::new();
    for number in [1, 2, 3, 5, 9, 10] {
        extend(&mut ranges, number);
    }
    assert_eq!(ranges, [(1, 3), (5, 5), (9, 10)]);
}
