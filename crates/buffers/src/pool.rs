//! The pool as its borrowers see it.

mod cache;
mod class;
mod shelf;
mod snapshot;
mod stock;
mod tally;

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

pub use class::Class;
pub use snapshot::{ClassSnapshot, Snapshot, Thresholds, Warning};

use cache::Lent;
use stock::Stock;

/// How much a [`Pool`] keeps. What is lent is not bounded here but by who borrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes that lie idle, over all classes and threads; 0 keeps none.
    pub kept_bytes_max: usize,
    /// The most of them that one thread may hold. All threads together hold at most half.
    pub thread_bytes_max: usize,
}

/// A bounded stock of empty byte buffers. A clone shares the stock.
///
/// Each thread keeps what it gave back last, for the next time it takes something: up to 32 [small](Class::Small),
/// 16 [medium](Class::Medium) and 2 [large](Class::Large) buffers, and no more bytes than it is granted. What it has no
/// room for goes to all threads, and what those have no room for is freed. When a thread ends, or the last handle of the
/// pool goes, nothing stays behind.
///
/// Taking one that the thread had before takes some 15 ns, one from all threads some 60, and neither allocates.
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

/// What all handles of a pool share, and no borrower: when it goes, nobody can take any more.
struct Owner {
    stock: Arc<Stock>,
}

/// A buffer on loan: a `Vec<u8>` that goes back to its pool, emptied, when it is dropped.
///
/// It comes empty. One that comes back larger than it was lent is kept as what it has become; one of more than 256 KiB is
/// freed.
pub struct Buffer {
    bytes: Vec<u8>,
    /// None when it has gone back.
    stock: Option<Arc<Stock>>,
    lent_bytes: usize,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { owner: Arc::new(Owner { stock: Arc::new(Stock::new(bounds)) }) }
    }

    /// Lends an empty buffer for an ordinary message, of 1 KiB or more.
    #[must_use]
    pub fn take(&self) -> Buffer {
        self.take_for(0)
    }

    /// Lends an empty buffer with room for so many bytes. It never waits for one to come back: when none is kept, a
    /// new one is made.
    #[must_use]
    pub fn take_for(&self, bytes: usize) -> Buffer {
        cache::take(&self.owner.stock, bytes)
    }

    /// Lets an idle pool shrink: of what nobody has needed since the last tick, half is freed, and what threads did not
    /// need goes to all threads when they come by next.
    ///
    /// To be called every few seconds. It takes the lock for a moment and costs nothing else.
    pub fn tick(&self) {
        self.owner.stock.tick();
    }

    /// Has this thread give back what it did not need since the last [`tick`](Self::tick), if there was one since it
    /// took or gave something back: for who is about to sleep.
    pub fn settle(&self) {
        cache::settle(&self.owner.stock);
    }

    /// Frees all that lies idle, except in other threads: those do as for a [`tick`](Self::tick).
    pub fn trim(&self) {
        cache::clear(&self.owner.stock);
        self.owner.stock.trim();
    }

    /// What it has done so far and what it holds. It takes the lock, and adds up the counters of all threads.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.owner.stock)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.stock.close();
    }
}

impl Buffer {
    fn lent(Lent { bytes, stock }: Lent) -> Self {
        Self { lent_bytes: bytes.capacity(), bytes, stock: Some(stock) }
    }

    /// Empties it for good.
    fn take_back(&mut self) -> Option<Lent> {
        let stock = self.stock.take()?;
        let mut bytes = mem::take(&mut self.bytes);
        bytes.clear();
        Some(Lent { bytes, stock })
    }

    /// Makes sure that so many bytes more fit in. Where `Vec::reserve` would ask the allocator, this moves to a larger
    /// buffer of the pool and gives the smaller one back, so that neither is spoilt for the next borrower.
    #[inline]
    pub fn make_room(&mut self, bytes: usize) {
        let needed = self.bytes.len().saturating_add(bytes);
        if needed > self.bytes.capacity() {
            self.move_to(needed);
        }
    }

    #[cold]
    fn move_to(&mut self, bytes: usize) {
        match &self.stock {
            Some(stock) if bytes <= Class::Large.capacity_bytes_min() => {
                let mut larger = cache::take(stock, bytes);
                larger.bytes.extend_from_slice(&self.bytes);
                mem::swap(self, &mut larger);
            }
            // A giant is freed in any case.
            Some(_) | None => self.bytes.reserve(bytes - self.bytes.len()),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        cache::give_back(self);
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.bytes.len())
            .field("capacity", &self.bytes.capacity())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("bounds", &self.owner.stock.bounds()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(loom)]
mod models;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
