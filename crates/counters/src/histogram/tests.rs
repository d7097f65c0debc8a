use std::thread;

use super::*;

#[test]
fn each_duration_is_in_the_first_bucket_that_holds_it() {
    let histogram = Histogram::new();
    let nanoseconds = [0, 1_000, 1_001, 2_500, 10_000_000_000, 10_000_000_001];
    for nanoseconds in nanoseconds {
        histogram.observe(Duration::from_nanos(nanoseconds));
    }
    let Sums { total, buckets } = histogram.sums();
    assert_eq!(total, Duration::from_nanos(nanoseconds.iter().sum()));
    let mut expected = [0; BUCKETS];
    (expected[0], expected[1], expected[21], expected[22]) = (2, 2, 1, 1);
    assert_eq!(buckets, expected);
    assert_eq!(histogram.sums().count(), 6);
}

#[test]
fn bounds_ascend() {
    assert!(BOUNDS.is_sorted_by(|one, next| one < next));
}

#[test]
fn what_all_threads_note_is_added_up() {
    let histogram = Histogram::new();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..100).for_each(|_| histogram.observe(Duration::from_micros(3))));
        }
    });
    assert_eq!(histogram.sums().buckets[2], 2_000);
    assert_eq!(histogram.sums().total, Duration::from_millis(6));
}
