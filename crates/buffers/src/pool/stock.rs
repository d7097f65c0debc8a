//! The middle tier: what all threads share.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Bounds;
use super::cache::Lent;
use super::class::{Class, PerClass};
use super::shelf::Shelf;
use super::tally::{Counters, Tally};
use crate::sync::{AtomicBool, AtomicU64, Mutex, lock};

/// What a pool is, behind its handles. It outlives them while buffers are lent or kept by threads.
#[derive(Debug)]
pub(super) struct Stock {
    bounds: Bounds,
    /// Goes on by one when threads are to look after their caches.
    epoch: AtomicU64,
    closed: AtomicBool,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    shelves: PerClass<Shelf<Vec<u8>>>,
    /// The capacities on all shelves.
    bytes: usize,
    /// What the caches of threads may hold, whether they do or not.
    ///
    /// Invariant: `bytes + granted_bytes <= bounds.kept_bytes_max`.
    granted_bytes: usize,
    threads: Vec<Arc<Tally>>,
    /// What threads counted that have ended, and what was freed from the shelves.
    past: PerClass<Counters<u64>>,
    in_use_peak: PerClass<u64>,
}

/// Where an idle buffer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Thread,
    Shared,
}

/// What the lock guards, summed up at one moment.
pub(super) struct Sums {
    pub(super) counters: PerClass<Counters<u64>>,
    pub(super) in_use_peak: PerClass<u64>,
    pub(super) threads: usize,
}

impl Stock {
    pub(super) fn new(bounds: Bounds) -> Self {
        let shared = Shared {
            shelves: PerClass::new(|_| Shelf::unbounded()),
            bytes: 0,
            granted_bytes: 0,
            threads: Vec::new(),
            past: PerClass::default(),
            in_use_peak: PerClass::default(),
        };
        Self { bounds, epoch: AtomicU64::new(0), closed: AtomicBool::new(false), shared: Mutex::new(shared) }
    }

    pub(super) const fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Lets a thread in, and grants its cache so many bytes. Half of the ceiling stays with the shelves.
    pub(super) fn join(&self, tally: &Arc<Tally>) -> usize {
        let mut shared = lock(&self.shared);
        let left = (self.bounds.kept_bytes_max / 2).saturating_sub(shared.granted_bytes);
        let grant = if self.is_closed() { 0 } else { left.min(self.bounds.thread_bytes_max) };
        shared.granted_bytes += grant;
        shared.threads.push(Arc::clone(tally));
        // Seldom, so that freeing under the lock does no harm.
        let bytes_max = self.bounds.kept_bytes_max - shared.granted_bytes;
        for class in Class::ALL.into_iter().rev() {
            while shared.bytes > bytes_max && shared.pop(class).is_some() {
                shared.past.of_mut(class).trimmed += 1;
            }
        }
        grant
    }

    /// Takes back what [`join`](Self::join) granted. The cache is empty.
    pub(super) fn leave(&self, tally: &Arc<Tally>, grant: usize) {
        let mut shared = lock(&self.shared);
        let shared = &mut *shared;
        shared.granted_bytes -= grant;
        shared.threads.retain(|one| !Arc::ptr_eq(one, tally));
        Class::ALL.into_iter().for_each(|class| shared.past.of_mut(class).add(tally.of(class)));
    }

    /// Takes a buffer of the class for a thread that has none of it, and a few more for its shelf. Only when there is none
    /// here either, one that stands in, from the thread's own shelves or these: who asks for that size would miss it.
    pub(super) fn take(
        self: &Arc<Self>,
        class: Class,
        shelves: &mut PerClass<Shelf<Lent>>,
    ) -> Option<(Tier, Class, Lent)> {
        let lend = |bytes| Lent { bytes, stock: Arc::clone(self) };
        let mut shared = lock(&self.shared);
        if let Some(bytes) = shared.pop(class) {
            let shelf = shelves.of_mut(class);
            while shared.shelves.of(class).newest_bytes().is_some_and(|bytes| shelf.wants(bytes)) {
                shared.pop(class).map(lend).into_iter().for_each(|more| shelf.push(more));
            }
            return Some((Tier::Shared, class, lend(bytes)));
        }
        if let Some(larger) = class.stand_in() {
            if let Some(lent) = shelves.of_mut(larger).pop() {
                return Some((Tier::Thread, larger, lent));
            }
            if let Some(bytes) = shared.pop(larger) {
                return Some((Tier::Shared, larger, lend(bytes)));
            }
        }
        shared.watch_peak(class, 1);
        None
    }

    /// Keeps buffers of a class. Says how many had no room and were freed.
    pub(super) fn put(&self, class: Class, mut buffers: impl Iterator<Item = Vec<u8>>) -> u64 {
        let refused = {
            let mut shared = lock(&self.shared);
            let left = self.bounds.kept_bytes_max - shared.granted_bytes;
            let bytes_max = if self.is_closed() { 0 } else { left };
            buffers.find_map(|buffer| shared.push(class, buffer, bytes_max).err())
        };
        // The lock is open again: the first that had no room is freed, and what comes after it.
        refused.map_or(0, |_| 1 + buffers.fold(0, |freed, _| freed + 1))
    }

    /// Parts with half of what nobody has needed since the last call, and has the threads do the same.
    pub(super) fn tick(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        self.free(|shelf| shelf.surplus());
    }

    /// Frees what is on the shelves.
    pub(super) fn trim(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        self.free(|shelf| shelf.len());
    }

    /// The last handle is gone: nothing is kept from now on.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.trim();
    }

    fn free(&self, mut how_many: impl FnMut(&mut Shelf<Vec<u8>>) -> usize) {
        for class in Class::ALL {
            let mut shared = lock(&self.shared);
            shared.watch_peak(class, 0);
            let shelf = shared.shelves.of_mut(class);
            let (before, many) = (shelf.bytes(), how_many(shelf));
            let freed: Vec<Vec<u8>> = shelf.oldest(many).collect();
            shelf.shrink();
            let bytes = before - shelf.bytes();
            shared.bytes -= bytes;
            shared.past.of_mut(class).trimmed += freed.len() as u64;
            // The buffers are freed when the lock is open again.
            drop(shared);
            drop(freed);
        }
    }

    pub(super) fn sums(&self) -> Sums {
        let mut shared = lock(&self.shared);
        let counters = PerClass::new(|class| {
            shared.watch_peak(class, 0);
            let (shelf, mut sum) = (shared.shelves.of(class), shared.counters(class));
            sum.kept += shelf.len() as u64;
            sum.kept_bytes += shelf.bytes() as u64;
            sum
        });
        Sums { counters, in_use_peak: shared.in_use_peak, threads: shared.threads.len() }
    }
}

impl Shared {
    fn pop(&mut self, class: Class) -> Option<Vec<u8>> {
        let buffer = self.shelves.of_mut(class).pop()?;
        self.bytes -= buffer.capacity();
        Some(buffer)
    }

    fn push(&mut self, class: Class, buffer: Vec<u8>, bytes_max: usize) -> Result<(), Vec<u8>> {
        let bytes = self.bytes.saturating_add(buffer.capacity());
        if bytes > bytes_max || class == Class::Direct {
            return Err(buffer);
        }
        self.bytes = bytes;
        self.shelves.of_mut(class).push(buffer);
        Ok(())
    }

    fn counters(&self, class: Class) -> Counters<u64> {
        let mut sum = *self.past.of(class);
        self.threads.iter().for_each(|tally| sum.add(tally.of(class)));
        sum
    }

    /// `more`: buffers of the class that are about to be lent.
    fn watch_peak(&mut self, class: Class, more: u64) {
        let in_use = self.counters(class).in_use() + more;
        let peak = self.in_use_peak.of_mut(class);
        *peak = in_use.max(*peak);
    }
}
