//! The first tier: what a thread gave back last. No other thread touches it, so it needs no lock.

use std::cell::RefCell;
use std::sync::Arc;

use super::Buffer;
use super::class::{Class, PerClass};
use super::shelf::{Idle, Shelf};
use super::stock::{Stock, Tier};
use super::tally::{Tally, add, subtract};

thread_local! {
    /// This thread's caches: one for each pool that it has used and that is still there. A process has one pool, so
    /// that the search ends at once; tests have some.
    static CACHES: RefCell<Vec<Cache>> = const { RefCell::new(Vec::new()) };
}

/// A buffer and its way home. The two stay together in the cache, so that lending need not count a new reference.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) bytes: Vec<u8>,
    pub(super) stock: Arc<Stock>,
}

impl Idle for Lent {
    fn capacity_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Lends a buffer with room for so many bytes.
pub(super) fn take(stock: &Arc<Stock>, bytes: usize) -> Buffer {
    let class = Class::for_need(bytes);
    let found = CACHES.try_with(|caches| Some(find(&mut caches.borrow_mut(), stock)?.take(class, bytes)));
    found.ok().flatten().unwrap_or_else(|| take_without_cache(stock, bytes))
}

/// Only while the thread ends and its caches have gone already.
#[cold]
fn take_without_cache(stock: &Arc<Stock>, bytes: usize) -> Buffer {
    Cache::open(stock).take(Class::for_need(bytes), bytes)
}

/// Takes back what the buffer holds, and leaves it empty.
pub(super) fn give_back(buffer: &mut Buffer) {
    // Not having a cache is no error.
    let _ = CACHES.try_with(|caches| {
        find(&mut caches.borrow_mut(), buffer.stock.as_ref()?)?.give_back(buffer);
        Some(())
    });
    if buffer.stock.is_some() {
        give_back_without_cache(buffer);
    }
}

/// See [`take_without_cache`].
#[cold]
fn give_back_without_cache(buffer: &mut Buffer) {
    if let Some(mut cache) = buffer.stock.as_ref().map(Cache::open) {
        cache.give_back(buffer);
    }
}

/// Has this thread's cache look after itself when a tick has passed.
pub(super) fn settle(stock: &Arc<Stock>) {
    // A thread that ends settles by itself.
    let _ = CACHES.try_with(|caches| find(&mut caches.borrow_mut(), stock).is_some());
}

/// Gives up all that this thread keeps.
pub(super) fn clear(stock: &Arc<Stock>) {
    let _ = CACHES.try_with(|caches| caches.borrow_mut().retain(|cache| !Arc::ptr_eq(&cache.stock, stock)));
}

fn find<'a>(caches: &'a mut Vec<Cache>, stock: &Arc<Stock>) -> Option<&'a mut Cache> {
    let known = caches.iter().position(|cache| Arc::ptr_eq(&cache.stock, stock));
    let place = known.unwrap_or_else(|| open_in(caches, stock));
    let cache = caches.get_mut(place)?;
    if cache.epoch != stock.epoch() {
        cache.settle();
    }
    Some(cache)
}

#[cold]
fn open_in(caches: &mut Vec<Cache>, stock: &Arc<Stock>) -> usize {
    caches.retain(|cache| !cache.stock.is_closed());
    caches.push(Cache::open(stock));
    caches.len() - 1
}

/// What one thread keeps for one pool.
#[derive(Debug)]
pub(super) struct Cache {
    stock: Arc<Stock>,
    shelves: PerClass<Shelf<Lent>>,
    tally: Arc<Tally>,
    /// The bytes of the pool's ceiling that are this cache's.
    grant: usize,
    /// The last epoch in which it looked after itself.
    epoch: u64,
}

/// How many a thread keeps of each class, and of how many of the bytes it is granted: a thread that answers many has as
/// many buffers at the same time as there are answers between two turns of a writer, and seldom large ones.
const fn share(class: Class, grant: usize) -> (usize, usize) {
    match class {
        Class::Small => (32, grant / 4),
        Class::Medium => (16, grant / 4),
        Class::Large => (2, grant / 2),
        Class::Direct => (0, 0),
    }
}

impl Cache {
    pub(super) fn open(stock: &Arc<Stock>) -> Self {
        let tally = Arc::new(Tally::default());
        let grant = stock.join(&tally);
        let shelves = PerClass::new(|class| {
            let (items_max, bytes_max) = share(class, grant);
            // Not even room for a handful when nothing is granted.
            let items_max = items_max.min(bytes_max / class.capacity_bytes_min());
            Shelf::new(items_max, bytes_max)
        });
        Self { stock: Arc::clone(stock), shelves, tally, grant, epoch: stock.epoch() }
    }

    #[cfg(all(test, loom))]
    pub(super) const fn grant(&self) -> usize {
        self.grant
    }

    #[inline]
    pub(super) fn take(&mut self, class: Class, bytes: usize) -> Buffer {
        let shelf = self.shelves.of_mut(class);
        let Some(lent) = shelf.pop() else {
            return self.take_elsewhere(class, bytes);
        };
        let counters = self.tally.of(class);
        counters.publish(shelf.len(), shelf.bytes());
        add(&counters.from_thread, 1);
        add(&counters.lent_bytes, lent.bytes.capacity() as u64);
        Buffer::lent(lent)
    }

    #[cold]
    fn take_elsewhere(&mut self, class: Class, bytes: usize) -> Buffer {
        let (class, lent) = match self.stock.take(class, &mut self.shelves) {
            Some((tier, class, lent)) => {
                let counters = self.tally.of(class);
                let counter = match tier {
                    Tier::Thread => &counters.from_thread,
                    Tier::Shared => &counters.from_shared,
                };
                add(counter, 1);
                (class, lent)
            }
            None => {
                add(&self.tally.of(class).created, 1);
                let bytes = Vec::with_capacity(bytes.max(class.capacity_bytes_min()));
                (class, Lent { bytes, stock: Arc::clone(&self.stock) })
            }
        };
        add(&self.tally.of(class).lent_bytes, lent.bytes.capacity() as u64);
        self.publish(class);
        Buffer::lent(lent)
    }

    #[inline]
    pub(super) fn give_back(&mut self, buffer: &mut Buffer) {
        let capacity = buffer.bytes.capacity();
        if let Some(class) = Class::of_capacity(capacity).filter(|_| capacity == buffer.lent_bytes) {
            let shelf = self.shelves.of_mut(class);
            if shelf.has_room(capacity)
                && let Some(lent) = buffer.take_back()
            {
                shelf.push(lent);
                let counters = self.tally.of(class);
                counters.publish(shelf.len(), shelf.bytes());
                add(&counters.returned, 1);
                subtract(&counters.lent_bytes, capacity as u64);
                return;
            }
        }
        self.give_back_elsewhere(buffer);
    }

    /// It has grown, or there is no room for it here.
    #[cold]
    fn give_back_elsewhere(&mut self, buffer: &mut Buffer) {
        let (from, now) =
            (Class::of_capacity(buffer.lent_bytes), Class::of_capacity(buffer.bytes.capacity()));
        let (Some(from), Some(lent)) = (from, buffer.take_back()) else { return };
        subtract(&self.tally.of(from).lent_bytes, buffer.lent_bytes as u64);
        let kept = now.is_some_and(|now| self.find_place(now, lent));
        let counters = self.tally.of(from);
        add(if kept { &counters.returned } else { &counters.discarded }, 1);
        if kept && now > Some(from) {
            add(&counters.outgrown, 1);
        }
    }

    /// Keeps a buffer here, or else gives half of the shelf to all threads and tries again, or else gives it to them,
    /// too. Says whether it was kept.
    fn find_place(&mut self, class: Class, lent: Lent) -> bool {
        let capacity = lent.bytes.capacity();
        if class == Class::Direct {
            return false;
        }
        if !self.shelves.of(class).has_room(capacity) {
            self.spill(class, self.shelves.of(class).len().div_ceil(2));
        }
        if !self.shelves.of(class).has_room(capacity) {
            return self.stock.put(class, std::iter::once(lent.bytes)) == 0;
        }
        self.shelves.of_mut(class).push(lent);
        self.publish(class);
        true
    }

    /// Gives those that lie longest on a shelf to all threads.
    fn spill(&mut self, class: Class, items: usize) {
        if items > 0 {
            let oldest = self.shelves.of_mut(class).oldest(items);
            let freed = self.stock.put(class, oldest.map(|lent| lent.bytes));
            self.publish(class);
            add(&self.tally.of(class).trimmed, freed);
        }
    }

    /// A tick has passed, or the pool has gone.
    #[cold]
    fn settle(&mut self) {
        self.epoch = self.stock.epoch();
        for class in Class::ALL {
            let shelf = self.shelves.of_mut(class);
            let items = if self.stock.is_closed() {
                shelf.close();
                shelf.len()
            } else {
                shelf.surplus()
            };
            self.spill(class, items);
        }
    }

    fn publish(&self, class: Class) {
        let shelf = self.shelves.of(class);
        self.tally.of(class).publish(shelf.len(), shelf.bytes());
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        for class in Class::ALL {
            self.spill(class, usize::MAX);
        }
        self.stock.leave(&self.tally, self.grant);
    }
}
