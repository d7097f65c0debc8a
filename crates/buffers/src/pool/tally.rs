//! Counting without contention.

use std::sync::atomic::Ordering;

use super::class::{Class, PerClass};
use crate::sync::AtomicU64;

/// What is counted for a class. `T` is a number, or one that others may read while it changes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counters<T> {
    pub(super) from_thread: T,
    pub(super) from_shared: T,
    pub(super) created: T,
    pub(super) returned: T,
    pub(super) discarded: T,
    pub(super) trimmed: T,
    pub(super) outgrown: T,
    /// Capacities lent less those returned. Of one thread it may be below 0, and wraps.
    pub(super) lent_bytes: T,
    /// Buffers idle here now.
    pub(super) kept: T,
    pub(super) kept_bytes: T,
}

impl Counters<u64> {
    pub(super) const fn taken(&self) -> u64 {
        self.from_thread.wrapping_add(self.from_shared).wrapping_add(self.created)
    }

    /// Buffers lent now. Others go on while their counters are read, so a return may be seen before its loan.
    pub(super) fn in_use(&self) -> u64 {
        at_least_0(self.taken().wrapping_sub(self.returned).wrapping_sub(self.discarded))
    }

    pub(super) fn bytes_in_use(&self) -> u64 {
        at_least_0(self.lent_bytes)
    }

    pub(super) fn add(&mut self, of: &Counters<AtomicU64>) {
        let add = |to: &mut u64, from: &AtomicU64| *to = to.wrapping_add(from.load(Ordering::Relaxed));
        add(&mut self.from_thread, &of.from_thread);
        add(&mut self.from_shared, &of.from_shared);
        add(&mut self.created, &of.created);
        add(&mut self.returned, &of.returned);
        add(&mut self.discarded, &of.discarded);
        add(&mut self.trimmed, &of.trimmed);
        add(&mut self.outgrown, &of.outgrown);
        add(&mut self.lent_bytes, &of.lent_bytes);
        add(&mut self.kept, &of.kept);
        add(&mut self.kept_bytes, &of.kept_bytes);
    }
}

impl Counters<AtomicU64> {
    /// Lets others see how much lies here.
    pub(super) fn publish(&self, kept: usize, kept_bytes: usize) {
        self.kept.store(kept as u64, Ordering::Relaxed);
        self.kept_bytes.store(kept_bytes as u64, Ordering::Relaxed);
    }
}

fn at_least_0(wrapped: u64) -> u64 {
    u64::try_from(wrapped.cast_signed()).unwrap_or(0)
}

/// One thread's counters: it alone writes them, by plain stores, and anybody may read them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    classes: PerClass<Counters<AtomicU64>>,
}

impl Tally {
    pub(super) const fn of(&self, class: Class) -> &Counters<AtomicU64> {
        self.classes.of(class)
    }
}

/// Adds to a counter that only this thread writes: a load and a store, and no locked instruction.
pub(super) fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

/// See [`add`].
pub(super) fn subtract(counter: &AtomicU64, by: u64) {
    add(counter, by.wrapping_neg());
}
