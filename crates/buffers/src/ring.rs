//! The replay ring: the newest bytes of a stream, under offsets that only grow.

mod circle;
mod waiting;

use std::fmt;
use std::sync::Arc;

pub use waiting::{News, Wait};

use crate::sync::{Mutex, lock};
use circle::Circle;
use waiting::Waiting;

/// Keeps the last bytes that were written to it. A clone writes to and reads from the same ring.
///
/// An offset counts the bytes ever written before a byte, from 0. It has no memory until the first write, and none after
/// [`close`](Self::close).
///
/// Writers and readers share one short lock: a read copies at most [`PIECE_BYTES_MAX`](Self::PIECE_BYTES_MAX) under it, so
/// that a slow reader misses bytes, which it is told, and never holds a writer up.
#[derive(Clone)]
pub struct Ring {
    shared: Arc<Shared>,
}

struct Shared {
    bytes_max: usize,
    state: Mutex<State>,
}

struct State {
    circle: Circle,
    waiting: Waiting,
    closed: bool,
}

/// A piece of what a ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The offset of the first byte: the one that was asked for, or a later one when that is no longer kept. The
    /// difference was missed.
    pub start: u64,
    /// At least one.
    pub bytes: &'a [u8],
}

impl Piece<'_> {
    /// The offset to go on reading from.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl Ring {
    /// The most bytes that one read copies.
    pub const PIECE_BYTES_MAX: usize = 16 << 10;

    /// A ring that keeps so many bytes. With 0 it only counts.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let state = State { circle: Circle::new(bytes_max), waiting: Waiting::default(), closed: false };
        Self { shared: Arc::new(Shared { bytes_max, state: Mutex::new(state) }) }
    }

    /// Adds a block, in one piece, and forgets the oldest bytes for it. Of a block larger than the ring it keeps the end,
    /// and counts the whole. Once it is closed, it does neither.
    ///
    /// It allocates at the first write only, and wakes who waits after the lock is open again, so that what they
    /// do may well write here.
    pub fn write(&self, block: &[u8]) {
        let mut state = lock(&self.shared.state);
        if state.closed || block.is_empty() {
            return;
        }
        state.circle.write(block);
        if let Some(woken) = state.waiting.all() {
            drop(state);
            let emptied = woken.wake();
            lock(&self.shared.state).waiting.use_again(emptied);
        }
    }

    /// Copies what was written from this offset on, or from the oldest byte that is kept, into the front of `into`: as much
    /// as fits, and at most [`PIECE_BYTES_MAX`](Self::PIECE_BYTES_MAX). None when there is nothing after the offset.
    ///
    /// An offset that was never reached is caught up with, too: whoever takes one from outside compares it with
    /// [`written`](Self::written).
    #[must_use]
    pub fn read_from<'a>(&self, offset: u64, into: &'a mut [u8]) -> Option<Piece<'a>> {
        let into = into.get_mut(..Self::PIECE_BYTES_MAX.min(into.len()))?;
        let (start, length) = lock(&self.shared.state).circle.read(offset, into)?;
        Some(Piece { start, bytes: into.get(..length)? })
    }

    /// Appends what was written from this offset on until now, and returns the offset at which it starts; none when there
    /// is nothing. It is one run without gaps: when writers are faster than this copies, it starts later.
    pub fn history_from(&self, offset: u64, into: &mut Vec<u8>) -> Option<u64> {
        let (before, end) = (into.len(), self.written());
        let mut scratch = vec![0; Self::PIECE_BYTES_MAX.min(self.shared.bytes_max)];
        let (mut start, mut next) = (None, offset);
        while next < end
            && let Some(piece) = self.read_from(next, &mut scratch)
        {
            if start.is_none() || piece.start > next {
                into.truncate(before);
                start = Some(piece.start);
            }
            into.extend_from_slice(piece.bytes);
            next = piece.end();
        }
        start
    }

    /// The bytes ever written: the offset of the next one.
    #[must_use]
    pub fn written(&self) -> u64 {
        lock(&self.shared.state).circle.written()
    }

    /// The offset of the oldest byte that is kept; that of the next one when none is.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        lock(&self.shared.state).circle.oldest()
    }

    /// The most bytes it keeps.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        self.shared.bytes_max
    }

    /// Resolves when there is something to read after this offset, or the ring is closed.
    pub fn wait_beyond(&self, offset: u64) -> Wait {
        Wait::new(self.clone(), offset)
    }

    /// Whoever filled it has stopped: frees the memory and wakes all who wait. Nothing can be read any more.
    pub fn close(&self) {
        let mut state = lock(&self.shared.state);
        state.closed = true;
        let freed = state.circle.forget();
        let woken = state.waiting.all();
        drop(state);
        drop(freed);
        // Nobody waits for a closed ring.
        woken.map(waiting::Woken::wake);
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("bytes_max", &self.shared.bytes_max)
            .field("written", &self.written())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(loom)]
mod models;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
