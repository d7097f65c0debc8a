use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, Keys};

use super::*;
use crate::tests::support::{NOW, OPTIONS, TestStore};
use crate::{Options, StateChange, Written};

const MIN: u64 = 8_000;

/// What the guard says to these free bytes of disk and file, one after the other.
fn looks(seen: &[(u64, u64)]) -> Vec<bool> {
    let guard = DiskGuard::new(MIN);
    seen.iter().map(|&(free, in_file)| guard.look(free, || Ok(in_file)).unwrap()).collect()
}

#[test]
fn a_disk_is_low_below_the_minimum_and_until_an_eighth_more_is_free() {
    assert_eq!(
        looks(&[(8_000, 0), (7_999, 0), (8_000, 0), (8_999, 0), (9_000, 0)]),
        [false, true, true, true, false]
    );
    assert_eq!(looks(&[(9_000, 0), (8_500, 0), (0, 0), (u64::MAX, 0)]), [false, false, true, false]);
}

#[test]
fn free_pages_of_the_file_count_for_half_of_the_minimum() {
    assert_eq!(looks(&[(4_000, 4_000), (4_000, 3_999)]), [false, true]);
    assert_eq!(looks(&[(3_999, u64::MAX)]), [true]);
    assert_eq!(looks(&[(7_000, 999), (7_000, 1_999), (7_000, 2_000)]), [true, true, false]);
}

#[test]
fn no_minimum_is_never_reached() {
    let guard = DiskGuard::new(0);
    assert!(!guard.look(0, || Ok(0)).unwrap());
}

/// More is to stay free than any disk has: as on a disk that is low.
#[test]
fn a_low_disk_refuses_events_and_lets_everything_else_be() {
    let on_low = Options { disk_free_bytes_min: u64::MAX / 16, ..OPTIONS };
    let test = TestStore::new();
    let expires = (NOW.0 + 10).to_string();
    let note = |n: u64| {
        let event = EventBuilder::new(1).created_at(NOW.0 - n).tag(&["expiration", &expires]);
        event.sign(&Keys::from_seed(1))
    };
    let (stored, refused) = (note(1), note(2));
    test.put(&stored);
    let TestStore { store, dir, .. } = test;
    drop(store);
    let test = TestStore::open(dir, &on_low);
    for _ in 0..3 {
        assert!(matches!(test.try_put_all([&refused], NOW), Err(Error::Full(Space::LowDisk))));
    }
    assert!(matches!(test.store.check_room_for(1), Err(Error::Full(Space::LowDisk))));
    let disk = test.store.disk().unwrap().unwrap();
    assert!(disk.is_low && disk.free_bytes < disk.free_bytes_min, "{disk:?}");
    assert_eq!(test.ids(), [stored.id()]);
    // Lists are kept, and what has expired goes.
    test.store.change_state(&[StateChange { key: b"banned", value: Some(b"somebody") }]).unwrap();
    assert_eq!(test.store.sweep_expired(Timestamp(NOW.0 + 10), 10).unwrap(), 1);
    test.assert_sound();
    let TestStore { store, dir, .. } = test;
    drop(store);
    let test = TestStore::open(dir, &OPTIONS);
    assert!(matches!(test.put(&refused), Written::Stored(_)));
    assert!(!test.store.disk().unwrap().unwrap().is_low);
}

/// What goes gives room, whether its entries have settled or not, and whether they are written by somebody else.
#[test]
fn a_ceiling_holds_and_what_is_removed_gives_room() {
    const MAX: u64 = 2 << 20;
    for young_bytes_max in crate::tests::support::YOUNG_BYTES {
        let test = TestStore::with(&Options { bytes_max: MAX, young_bytes_max, ..OPTIONS });
        let note = |n: u64| {
            let event = EventBuilder::new(1).created_at(NOW.0 + n).content("x".repeat(2_000));
            event.tag(&["t", &n.to_string()]).sign(&Keys::from_seed(1))
        };
        let (mut next, mut held) = (0, Vec::new());
        for round in 0..4 {
            loop {
                let event = note(next);
                match test.try_put_all([&event], NOW) {
                    Ok(_) => held.push(event.id()),
                    Err(Error::Full(Space::Ceiling)) => break,
                    Err(error) => panic!("{error}"),
                }
                next += 1;
            }
            let used = test.store.usage().unwrap().bytes_used;
            // All but the last was there when that was let in.
            assert!(used <= MAX + (16 << 10) && used > MAX / 16 * 15, "round {round}: {used}");
            test.store.change_state(&[StateChange { key: b"banned", value: Some(b"somebody") }]).unwrap();
            let half: Vec<_> = held.drain(..held.len() / 2).collect();
            for some in half.chunks(20) {
                test.store.remove(some, crate::Return::Allowed).unwrap();
            }
            let left = test.store.usage().unwrap().bytes_used;
            assert!(left < MAX / 3 * 2 && left > MAX / 3, "young {young_bytes_max}, round {round}: {left}");
            test.assert_sound();
        }
    }
}
