//! How the room is doing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chappe_counters::{Counters, Histogram, Spans, Stopwatch, Sums};
use chappe_protocol::Timestamp;

/// What is counted on the way.
pub(crate) struct Counts {
    pub(crate) stopwatch: Stopwatch,
    pub(crate) spans: Spans,
    pub(crate) waiting: Histogram,
    pub(crate) committing: Histogram,
    pub(crate) matching: Histogram,
    /// The events of all batches.
    pub(crate) batched: Counters<1>,
    /// Puts into inboxes.
    pub(crate) matches: Counters<1>,
    /// Whether the last batch could not be stored.
    store_failed: AtomicBool,
    /// The time of the oldest event that was stored since somebody asked.
    oldest_stored: AtomicU64,
}

impl Counts {
    pub(crate) fn new(stopwatch: Stopwatch, spans: Spans) -> Self {
        Self {
            stopwatch,
            spans,
            waiting: Histogram::new(),
            committing: Histogram::new(),
            matching: Histogram::new(),
            batched: Counters::new(),
            matches: Counters::new(),
            store_failed: AtomicBool::new(false),
            oldest_stored: AtomicU64::new(u64::MAX),
        }
    }

    /// Takes note of how storing the last batch went.
    pub(crate) fn note_storing(&self, failed: bool) {
        self.store_failed.store(failed, Ordering::Relaxed);
    }

    /// Takes note of the oldest event of a batch that was stored.
    pub(crate) fn note_stored(&self, oldest: Timestamp) {
        self.oldest_stored.fetch_min(oldest.0, Ordering::Relaxed);
    }

    /// The oldest since the last time; none when none was stored.
    pub(crate) fn take_oldest_stored(&self) -> Option<Timestamp> {
        let oldest = self.oldest_stored.swap(u64::MAX, Ordering::Relaxed);
        (oldest != u64::MAX).then_some(Timestamp(oldest))
    }

    /// Whether the last batch could be stored.
    pub(crate) fn stored_last(&self) -> bool {
        !self.store_failed.load(Ordering::Relaxed)
    }
}

impl Default for Counts {
    /// With a stopwatch that stands.
    fn default() -> Self {
        Self::new(Stopwatch::standing(), Spans::default())
    }
}

/// What a [`Processor`](crate::Processor) has done so far and what it has before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// How long events were queued until the writer took them up.
    pub waiting: Sums,
    /// How long the store took for each batch.
    pub committing: Sums,
    /// How long it took to tell each batch, or each ephemeral event, to all who listen.
    pub matching: Sums,
    /// Events in all batches, those that could not be stored included.
    pub events_batched: u64,
    /// Live events that were put into inboxes.
    pub matches: u64,
    /// Events that are queued now and that the writer has not taken up yet.
    pub queued_events: u64,
    /// Bytes of the messages whose events are queued or being written now.
    pub queued_bytes: u64,
    /// Open subscriptions.
    pub subscriptions: u64,
}
