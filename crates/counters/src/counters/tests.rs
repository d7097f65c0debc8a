use std::thread;

use super::*;

#[test]
fn what_all_threads_count_is_added_up() {
    let counters = Counters::<3>::new();
    thread::scope(|scope| {
        // More threads than parts.
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    counters.count(0);
                }
                counters.add(2, 7);
            });
        }
    });
    assert_eq!(counters.sums(), [40_000, 0, 280]);
}

#[test]
fn a_place_that_is_not_there_counts_nothing() {
    let counters = Counters::<1>::new();
    counters.count(1);
    assert_eq!(counters.sums(), [0]);
}
