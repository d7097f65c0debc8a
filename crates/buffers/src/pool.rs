//! The shared pool and its guard.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much a [`Pool`] keeps. What is lent is not bounded here but by who borrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The most buffers kept; 0 keeps none.
    pub buffers_max: usize,
    /// The largest capacity kept, in bytes: a buffer that has grown beyond it is freed when it comes back.
    pub capacity_bytes_max: usize,
}

impl Bounds {
    /// The most bytes that lie idle in a pool of these bounds.
    #[must_use]
    pub const fn kept_bytes_max(&self) -> usize {
        self.buffers_max.saturating_mul(self.capacity_bytes_max)
    }
}

/// What a [`Pool`] has done so far and has at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Buffers lent since the pool was made.
    pub taken: u64,
    /// How many of those had to be made anew.
    pub created: u64,
    /// Buffers kept right now.
    pub kept: usize,
}

/// A bounded stock of empty byte buffers. A clone shares the stock.
#[derive(Debug, Clone)]
pub struct Pool {
    stock: Arc<Stock>,
}

/// A buffer on loan: a `Vec<u8>` that goes back to its pool, emptied, when it is dropped.
///
/// It comes empty, with whatever capacity it was returned with.
pub struct Buffer {
    bytes: Vec<u8>,
    stock: Arc<Stock>,
}

#[derive(Debug)]
struct Stock {
    bounds: Bounds,
    /// Last in, first out: what was used last is warm in the processor's cache.
    idle: Mutex<Vec<Vec<u8>>>,
    taken: AtomicU64,
    created: AtomicU64,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        // Room for all from the start: nothing is allocated while the lock is held.
        let idle = Mutex::new(Vec::with_capacity(bounds.buffers_max));
        let stock = Stock { bounds, idle, taken: AtomicU64::new(0), created: AtomicU64::new(0) };
        Self { stock: Arc::new(stock) }
    }

    /// Lends an empty buffer. It never waits for one to come back: when none is kept, a new one is made.
    #[must_use]
    pub fn take(&self) -> Buffer {
        let kept = self.stock.idle().pop();
        self.stock.taken.fetch_add(1, Ordering::Relaxed);
        let bytes = kept.unwrap_or_else(|| {
            self.stock.created.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        });
        Buffer { bytes, stock: Arc::clone(&self.stock) }
    }

    /// The counters. Each is right by itself; takes and returns go on while they are read.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            taken: self.stock.taken.load(Ordering::Relaxed),
            created: self.stock.created.load(Ordering::Relaxed),
            kept: self.stock.idle().len(),
        }
    }
}

impl Stock {
    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        // Nothing that runs under the lock can leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, mut bytes: Vec<u8>) {
        // A buffer that was never written to has nothing worth keeping.
        let worth_keeping = (1..=self.bounds.capacity_bytes_max).contains(&bytes.capacity());
        if worth_keeping {
            bytes.clear();
            let mut idle = self.idle();
            if idle.len() < self.bounds.buffers_max {
                idle.push(bytes);
            }
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.stock.give_back(std::mem::take(&mut self.bytes));
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

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.bytes.len())
            .field("capacity", &self.bytes.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
