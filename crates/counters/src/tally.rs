//! Counts of one, who is alone in making them.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

/// `N` counts that one task makes and anybody may read, where there are too many such tasks for [`Counters`](crate::Counters).
///
/// Counting is an add to plain memory: nobody else writes here. Two that count at the same time lose some of it.
#[derive(Debug)]
pub struct Tally<const N: usize>([AtomicU64; N]);

impl<const N: usize> Tally<N> {
    /// With nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }

    /// Counts so many more at this place. A place that is not there counts nothing.
    pub fn add(&self, place: usize, count: u64) {
        if let Some(counter) = self.0.get(place) {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn values(&self) -> [u64; N] {
        self.0.each_ref().map(|counter| counter.load(Ordering::Relaxed))
    }

    /// What was counted so far at this place. A place that is not there has 0.
    #[must_use]
    pub fn value(&self, place: usize) -> u64 {
        self.0.get(place).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
