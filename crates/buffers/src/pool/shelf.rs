//! Idle buffers of one class, in either tier.

use std::vec::Drain;

/// What has a capacity.
pub(super) trait Idle {
    /// In bytes.
    fn capacity_bytes(&self) -> usize;
}

impl Idle for Vec<u8> {
    fn capacity_bytes(&self) -> usize {
        self.capacity()
    }
}

/// A stack of idle buffers: what was used last is warm in the processor's cache.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    items: Vec<T>,
    /// The sum of their capacities.
    bytes: usize,
    /// The fewest items since the last look: so many nobody needed in that time.
    unused: usize,
    items_max: usize,
    bytes_max: usize,
}

impl<T: Idle> Shelf<T> {
    /// Has its room from the start, so that a push allocates nothing.
    pub(super) fn new(items_max: usize, bytes_max: usize) -> Self {
        Self { items: Vec::with_capacity(items_max), bytes: 0, unused: 0, items_max, bytes_max }
    }

    /// For who keeps to bounds of his own.
    pub(super) const fn unbounded() -> Self {
        Self { items: Vec::new(), bytes: 0, unused: 0, items_max: usize::MAX, bytes_max: usize::MAX }
    }

    /// Whether there is room for a buffer of this capacity.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.items.len() < self.items_max && self.bytes + bytes <= self.bytes_max
    }

    /// Whether it is less than half full and has room: then takes and returns can both go on for a while.
    pub(super) fn wants(&self, bytes: usize) -> bool {
        self.items.len() < self.items_max / 2 && self.bytes + bytes <= self.bytes_max / 2
    }

    /// Keeps nothing from now on.
    pub(super) const fn close(&mut self) {
        self.items_max = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The capacity of what [`pop`](Self::pop) would return.
    pub(super) fn newest_bytes(&self) -> Option<usize> {
        self.items.last().map(Idle::capacity_bytes)
    }

    pub(super) fn push(&mut self, item: T) {
        self.bytes += item.capacity_bytes();
        self.items.push(item);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let item = self.items.pop()?;
        self.bytes -= item.capacity_bytes();
        self.unused = self.unused.min(self.items.len());
        Some(item)
    }

    /// Takes out those that have been here longest.
    pub(super) fn oldest(&mut self, items: usize) -> Drain<'_, T> {
        let items = items.min(self.items.len());
        self.bytes -= self.items.iter().take(items).map(Idle::capacity_bytes).sum::<usize>();
        self.unused = self.unused.min(self.items.len() - items);
        self.items.drain(..items)
    }

    /// How many to part with: half of those that nobody has needed since the last call, rounded up. So a stock that
    /// only a peak needed is gone after a few calls, and one quiet moment does not empty it.
    pub(super) fn surplus(&mut self) -> usize {
        let surplus = self.unused.div_ceil(2);
        self.unused = self.items.len() - surplus;
        surplus
    }

    /// Frees the room for items that are no longer there, when it is most of it.
    pub(super) fn shrink(&mut self) {
        if self.items.len() < self.items.capacity() / 4 {
            self.items.shrink_to(2 * self.items.len());
        }
    }
}
