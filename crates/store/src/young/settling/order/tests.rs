use std::sync::Arc;

use chappe_testkit::Corpus;
use foldhash::fast::RandomState;
use parking_lot::RwLock;

use super::super::super::generation::Generation;
use super::{ENTRIES_MIN, Order};
use crate::keys::{Position, RecordKeys};
use crate::store::Seq;
use crate::tables::Index;
use crate::tests::support::record;
use crate::young::Shared;

fn generation(events: usize) -> Shared {
    let mut generation = Generation::new(&RandomState::default());
    let mut keys = RecordKeys::default();
    for (event, seq) in Corpus::plain(1, events, 50).events.iter().zip(1..) {
        let record = record(event);
        keys.fill(&record.view());
        generation.add(Seq(seq), Position::of(&record.view().head()), &keys);
    }
    Arc::new(RwLock::new(generation))
}

#[test]
fn a_thread_makes_the_same_order_as_the_writer() {
    for (events, has_thread) in [(100, false), (6_000, true)] {
        let generation = generation(events);
        let ranks = generation.read().ranks();
        let expected: Vec<_> =
            Index::ALL.iter().map(|&index| generation.read().sorted(index, &ranks)).collect();
        let mut order = Order::of(&generation);
        assert_eq!(order.coming.is_some(), has_thread, "{ENTRIES_MIN} entries");
        for (place, index) in Index::ALL.into_iter().enumerate() {
            assert!(*order.sorted(place, index, &generation) == expected[place], "{index:?}");
            assert!(order.has(place));
            // A commit that failed goes back to the index before.
            if let Some(before) = place.checked_sub(1) {
                let index = Index::ALL[before];
                assert!(order.has(before));
                assert!(*order.sorted(before, index, &generation) == expected[before], "{index:?} again");
            }
        }
        assert_eq!(order.arrived, if has_thread { Index::ALL.len() } else { 0 });
    }
}

#[test]
fn the_thread_ends_with_whom_it_works_for() {
    let generation = generation(6_000);
    let mut order = Order::of(&generation);
    order.sorted(0, Index::ALL[0], &generation);
    assert!(Arc::strong_count(&generation) > 1);
    drop(order);
    while Arc::strong_count(&generation) > 1 {
        std::thread::yield_now();
    }
}
