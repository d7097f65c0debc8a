//! How long something took, as often as it happened.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::parts::Parts;

/// The upper bounds of the buckets, in nanoseconds, each inclusive; what took longer than the last is in one more.
///
/// From a look into memory to a client that does not read, in steps that make a quantile exact to within a factor of 2.5.
pub const BOUNDS: [u64; 22] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// How many buckets there are.
const BUCKETS: usize = BOUNDS.len() + 1;

/// How often something took how long. Costs two additions, and 4 KiB.
#[derive(Debug)]
pub struct Histogram(Parts<Part>);

#[derive(Debug)]
struct Part {
    nanoseconds: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// How long all took together; after 584 years it starts again.
    pub total: Duration,
    /// How many took longer than the bound before and not longer than this one: see [`BOUNDS`]. The last has no bound.
    pub buckets: [u64; BUCKETS],
}

impl Histogram {
    /// With nothing in it yet.
    #[must_use]
    pub fn new() -> Self {
        let part = || Part { nanoseconds: AtomicU64::new(0), buckets: array::from_fn(|_| AtomicU64::new(0)) };
        Self(Parts::new(part))
    }

    /// Takes note of something that took so long.
    pub fn observe(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|&bound| bound < nanoseconds);
        let part = self.0.mine();
        if let Some(bucket) = part.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        part.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What was noted so far, over all threads.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut buckets = [0_u64; BUCKETS];
        let mut nanoseconds = 0_u64;
        for part in self.0.iter() {
            nanoseconds = nanoseconds.wrapping_add(part.nanoseconds.load(Ordering::Relaxed));
            for (sum, bucket) in buckets.iter_mut().zip(&part.buckets) {
                *sum = sum.wrapping_add(bucket.load(Ordering::Relaxed));
            }
        }
        Sums { total: Duration::from_nanos(nanoseconds), buckets }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Sums {
    /// How often it happened.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests;
