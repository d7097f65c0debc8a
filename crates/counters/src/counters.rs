//! Counts that only grow.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::parts::Parts;

/// `N` counts that only grow and belong together: one for each value of an enum, say, in the order of its values.
#[derive(Debug)]
pub struct Counters<const N: usize>(Parts<[AtomicU64; N]>);

impl<const N: usize> Counters<N> {
    /// With nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Parts::new(|| array::from_fn(|_| AtomicU64::new(0))))
    }

    /// Counts one more at this place. A place that is not there counts nothing.
    pub fn count(&self, place: usize) {
        self.add(place, 1);
    }

    /// Counts so many more at this place.
    pub fn add(&self, place: usize, count: u64) {
        if let Some(counter) = self.0.mine().get(place) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// What was counted so far, over all threads.
    #[must_use]
    pub fn sums(&self) -> [u64; N] {
        let sum = |place: usize| {
            let counters = self.0.iter().filter_map(|part| part.get(place));
            counters.fold(0, |sum: u64, counter| sum.wrapping_add(counter.load(Ordering::Relaxed)))
        };
        array::from_fn(sum)
    }
}

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
