//! A store without room: nothing half stored, and reading goes on.

use std::process::Command;

use chappe_protocol::{EventId, Filter, Timestamp};
use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use super::support::{NOW, OPTIONS, TestStore, YOUNG_BYTES};
use crate::Written::Stored;
use crate::{Error, Options, Space};

const MAP_BYTES: usize = 4 << 20;

/// An event of some 2 kB that expires at `NOW + 10`.
fn event(n: u64) -> TestEvent {
    let expires = (NOW.0 + 10).to_string();
    EventBuilder::new(1)
        .content(format!("{n} {}", "x".repeat(1_500)))
        .tag(&["expiration", &expires])
        .sign(&Keys::from_seed(1))
}

/// Stores batches of ten until the store is full. Gives what was acknowledged, and what was not.
fn fill(test: &TestStore, space: Space) -> (Vec<EventId>, Vec<TestEvent>) {
    let mut acknowledged = Vec::new();
    for batch in 0..1_000 {
        let events: Vec<_> = (batch * 10..batch * 10 + 10).map(event).collect();
        match test.try_put_all(&events, NOW) {
            Ok(written) => {
                assert!(written.iter().all(|written| matches!(written, Stored(_))));
                acknowledged.extend(events.iter().map(TestEvent::id));
            }
            Err(Error::Full(found)) => {
                assert_eq!(found, space);
                return (acknowledged, events);
            }
            Err(error) if space == Space::Disk => {
                assert_eq!(
                    error.to_string(),
                    "the store failed: Input/output error (os error 5): its disk is full or broken"
                );
                return (acknowledged, events);
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never full");
}

/// Everything acknowledged is there and nothing else, now and after opening again; once there is room, it goes on.
fn check_full(test: TestStore, acknowledged: &[EventId], refused: &[TestEvent]) {
    let mut expected = acknowledged.to_vec();
    expected.sort_unstable();
    let assert_unharmed = |test: &TestStore| {
        let mut found = test.ids();
        found.sort_unstable();
        assert!(found == expected, "{} found, {} acknowledged", found.len(), expected.len());
        test.assert_sound();
        assert!(refused.iter().all(|event| !test.store.contains(&event.id()).unwrap()));
    };
    assert_unharmed(&test);
    // Refusing again and again changes nothing.
    for _ in 0..20 {
        assert!(test.try_put_all(refused, NOW).is_err());
    }
    assert_unharmed(&test);
    let test = test.reopened();
    assert_unharmed(&test);
    let later = Timestamp(NOW.0 + 10);
    while test.store.sweep_expired(later, 20).unwrap() > 0 {}
    let written = test.try_put_all(refused, NOW).unwrap();
    assert!(written.iter().all(|written| matches!(written, Stored(_))));
    assert_eq!(test.ask(&[Filter::default()], NOW).len(), refused.len());
    test.assert_sound();
}

#[test]
fn writes_are_refused_when_the_reserve_is_reached() {
    for young_bytes_max in YOUNG_BYTES {
        let options =
            Options { map_bytes: MAP_BYTES, map_reserve_bytes: 2 << 20, young_bytes_max, ..OPTIONS };
        let test = TestStore::with(&options);
        let (acknowledged, refused) = fill(&test, Space::Map);
        let usage = test.store.usage().unwrap();
        // All but the last batch was there when that was let in.
        assert!(usage.bytes_used <= (2 << 20) + (32 << 10) && usage.bytes_used > 3 << 19, "{usage:?}");
        check_full(test, &acknowledged, &refused);
    }
}

#[test]
fn entries_in_memory_have_room_in_the_map() {
    let test = TestStore::new();
    let corpus = Corpus::plain(3, 3_000, 50);
    for batch in corpus.events.chunks(300) {
        test.put_all(batch.iter().filter(|event| !(20_000..30_000).contains(&event.kind())));
        let young = test.store.usage().unwrap().bytes_used;
        test.settle();
        let settled = test.store.usage().unwrap().bytes_used;
        assert!(settled <= young + (64 << 10) && settled > young / 2, "{young}, {settled}");
    }
}

#[test]
fn a_map_that_overflows_half_way_loses_nothing_that_was_acknowledged() {
    for young_bytes_max in [0, 8 << 10, 64 << 10] {
        check_overflow(&Options { map_bytes: MAP_BYTES, map_reserve_bytes: 0, young_bytes_max, ..OPTIONS });
    }
}

fn check_overflow(options: &Options) {
    // As if the store had always thought it had room, so that LMDB runs out of pages in the middle of a batch.
    let mut test = TestStore::with(options);
    test.store.write_bound_bytes = u64::MAX;
    let (acknowledged, refused) = fill(&test, Space::Map);
    let mut expected = acknowledged;
    expected.sort_unstable();
    let mut found = test.ids();
    found.sort_unstable();
    assert!(found == expected);
    test.assert_sound();
    for _ in 0..20 {
        assert!(matches!(test.try_put_all(&refused, NOW), Err(Error::Full(Space::Map))));
    }
    test.assert_sound();
    let test = test.reopened();
    test.assert_sound();
    assert_eq!(test.ids().len(), expected.len());
}

#[test]
fn an_event_that_is_bigger_than_the_room_is_refused_and_others_are_not() {
    let test = TestStore::with(&Options { map_bytes: MAP_BYTES, map_reserve_bytes: 1 << 20, ..OPTIONS });
    let huge = EventBuilder::new(1).content("x".repeat(MAP_BYTES)).sign(&Keys::from_seed(1));
    assert!(matches!(test.try_put_all([&event(1), &huge], NOW), Err(Error::Full(Space::Map))));
    assert_eq!(test.ids(), []);
    assert!(matches!(test.put(&event(1)), Stored(_)));
}

/// A file system of four megabytes, gone when dropped.
struct TinyDisk(TempDir);

impl TinyDisk {
    fn mount() -> Self {
        let dir = TempDir::new().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(dir.path()).status();
        assert!(mounted.unwrap().success(), "mounting needs root");
        Self(dir)
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(self.0.path()).status().unwrap().success());
    }
}

#[test]
#[ignore = "mounts a file system, which needs root"]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let disk = TinyDisk::mount();
    for young_bytes_max in YOUNG_BYTES {
        let options = Options { young_bytes_max, ..OPTIONS };
        let test = TestStore::open(TempDir::new_in(disk.0.path()).unwrap(), &options);
        let (acknowledged, refused) = fill(&test, Space::Disk);
        check_full(test, &acknowledged, &refused);
    }
}
