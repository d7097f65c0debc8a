//! What compression does for the traffic.

use std::sync::atomic::{AtomicU64, Ordering};

/// Messages that were compressed, or one of them, without the heads of their frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compressed {
    /// How many.
    pub messages: u64,
    /// Their bytes as text.
    pub plain_bytes: u64,
    /// Their bytes on the wire.
    pub deflated_bytes: u64,
}

/// Adds up for all threads.
#[derive(Debug, Default)]
pub struct Tally {
    messages: AtomicU64,
    plain_bytes: AtomicU64,
    deflated_bytes: AtomicU64,
}

impl Compressed {
    pub(crate) const fn one(plain_bytes: usize, deflated_bytes: usize) -> Self {
        Self { messages: 1, plain_bytes: plain_bytes as u64, deflated_bytes: deflated_bytes as u64 }
    }

    /// Adds others to these.
    pub const fn add(&mut self, others: Self) {
        self.messages += others.messages;
        self.plain_bytes += others.plain_bytes;
        self.deflated_bytes += others.deflated_bytes;
    }
}

impl Tally {
    /// Adds these.
    pub fn add(&self, compressed: Compressed) {
        self.messages.fetch_add(compressed.messages, Ordering::Relaxed);
        self.plain_bytes.fetch_add(compressed.plain_bytes, Ordering::Relaxed);
        self.deflated_bytes.fetch_add(compressed.deflated_bytes, Ordering::Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn sum(&self) -> Compressed {
        Compressed {
            messages: self.messages.load(Ordering::Relaxed),
            plain_bytes: self.plain_bytes.load(Ordering::Relaxed),
            deflated_bytes: self.deflated_bytes.load(Ordering::Relaxed),
        }
    }
}
