//! The first tier: what a thread gave back last. No other thread touches it, so it needs no lock.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::class::{Class, PerClass};
use super::shelf::{Idle, Shelf};
use super::stock::Stock;
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
pub(super) fn take(stock: &Arc<Stock>, bytes: usize) -> Lent {
    let class = Class::for_need(bytes);
    let found = CACHES.try_with(|caches| Some(find(&mut caches.borrow_mut(), stock)?.take(class, bytes)));
    // Without a cache only while the thread ends and its caches have gone already.
    found.ok().flatten().unwrap_or_else(|| Cache::open(stock).take(class, bytes))
}

/// Takes a buffer back that was lent with so much capacity.
pub(super) fn give_back(lent: Lent, lent_bytes: usize) {
    let mut lent = Some(lent);
    // Not having a cache is no error: see `take`.
    let _ = CACHES.try_with(|caches| {
        let mut caches = caches.borrow_mut();
        let cache = find(&mut caches, &lent.as_ref()?.stock)?;
        cache.give_back(lent.take()?, lent_bytes);
        Some(())
    });
    if let Some(lent) = lent {
        Cache::open(&lent.stock).give_back(lent, lent_bytes);
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

    pub(super) fn take(&mut self, class: Class, bytes: usize) -> Lent {
        let Some(lent) = self.shelves.of_mut(class).pop() else {
            return self.take_elsewhere(class, bytes);
        };
        self.publish(class);
        add(&self.tally.of(class).from_thread, 1);
        add(&self.tally.of(class).lent_bytes, lent.bytes.capacity() as u64);
        lent
    }

    #[cold]
    fn take_elsewhere(&mut self, class: Class, bytes: usize) -> Lent {
        let counters = |class| self.tally.of(class);
        let at_hand = class.stand_in().and_then(|class| Some((class, self.shelves.of_mut(class).pop()?)));
        let (class, lent) = if let Some((class, lent)) = at_hand {
            add(&counters(class).from_thread, 1);
            (class, lent)
        } else if let Some((class, lent)) = self.stock.take(class, &mut self.shelves) {
            add(&counters(class).from_shared, 1);
            (class, lent)
        } else {
            add(&counters(class).created, 1);
            let bytes = Vec::with_capacity(bytes.max(class.capacity_bytes_min()));
            (class, Lent { bytes, stock: Arc::clone(&self.stock) })
        };
        add(&counters(class).lent_bytes, lent.bytes.capacity() as u64);
        self.publish(class);
        lent
    }

    /// `lent_bytes`: the capacity it was lent with.
    pub(super) fn give_back(&mut self, mut lent: Lent, lent_bytes: usize) {
        let Some(from) = Class::of_capacity(lent_bytes) else { return };
        let capacity = lent.bytes.capacity();
        subtract(&self.tally.of(from).lent_bytes, lent_bytes as u64);
        let Some(class) = Class::of_capacity(capacity) else {
            return add(&self.tally.of(from).discarded, 1);
        };
        lent.bytes.clear();
        let shelf = self.shelves.of_mut(class);
        if shelf.has_room(capacity) {
            shelf.push(lent);
            self.publish(class);
        } else if !self.pass_on(class, lent) {
            return add(&self.tally.of(from).discarded, 1);
        }
        add(&self.tally.of(from).returned, 1);
        if class > from {
            add(&self.tally.of(from).outgrown, 1);
        }
    }

    /// Makes room by giving half of the shelf to all threads, and keeps the buffer there or here. Says whether it found
    /// a place.
    #[cold]
    fn pass_on(&mut self, class: Class, lent: Lent) -> bool {
        if class == Class::Direct {
            return false;
        }
        self.spill(class, self.shelves.of(class).len().div_ceil(2));
        let shelf = self.shelves.of_mut(class);
        if shelf.has_room(lent.bytes.capacity()) {
            shelf.push(lent);
            self.publish(class);
            return true;
        }
        self.stock.put(class, std::iter::once(lent.bytes)) == 0
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

    /// Lets others see how much lies here.
    fn publish(&self, class: Class) {
        let (shelf, counters) = (self.shelves.of(class), self.tally.of(class));
        counters.kept.store(shelf.len() as u64, Ordering::Relaxed);
        counters.kept_bytes.store(shelf.bytes() as u64, Ordering::Relaxed);
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
