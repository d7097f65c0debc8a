//! What single things went through, for whoever wants to see one of them and not the sum of all.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Reading;

/// Keeps the stages of some things, until somebody takes them. By default it keeps none, and costs a comparison.
///
/// Which things is decided by their ids alone. So all who see one decide the same, and nothing is handed from one to the
/// next.
#[derive(Clone, Default)]
pub struct Spans(Option<Arc<Kept>>);

struct Kept {
    one_in: NonZeroU64,
    spans_max: usize,
    spans: Mutex<Vec<Span>>,
    left_out: AtomicU64,
}

/// One stage of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The thing.
    pub id: [u8; 32],
    /// What the stage is called.
    pub stage: &'static str,
    /// When it began.
    pub from: Reading,
    /// When it was over.
    pub to: Reading,
}

impl Spans {
    /// Keeps those of one thing in so many, and at most so many of them until somebody takes them.
    #[must_use]
    pub fn of_one_in(one_in: NonZeroU64, spans_max: usize) -> Self {
        let spans = Mutex::new(Vec::new());
        Self(Some(Arc::new(Kept { one_in, spans_max, spans, left_out: AtomicU64::new(0) })))
    }

    /// Takes note of a stage, if its thing is among those that are kept. Takes a lock then.
    pub fn observe(&self, id: &[u8; 32], stage: &'static str, from: Reading, to: Reading) {
        if let Some(kept) = self.0.as_ref().filter(|kept| kept.wants(id)) {
            kept.push(Span { id: *id, stage, from, to });
        }
    }

    /// Whether it keeps any at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What was kept since it was taken the last time, in the order in which stages were over; and how many more there
    /// were for which there was no room.
    #[must_use]
    pub fn take(&self) -> (Vec<Span>, u64) {
        let Some(kept) = &self.0 else { return (Vec::new(), 0) };
        (std::mem::take(&mut *kept.lock()), kept.left_out.swap(0, Ordering::Relaxed))
    }
}

impl Kept {
    /// By the end of the id: publishers who work for it (NIP-13) choose the beginning.
    fn wants(&self, id: &[u8; 32]) -> bool {
        id.last_chunk().is_some_and(|end| u64::from_be_bytes(*end) % self.one_in == 0)
    }

    fn push(&self, span: Span) {
        let mut spans = self.lock();
        if spans.len() < self.spans_max {
            spans.push(span);
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Span>> {
        // Nothing panics while it is held.
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spans").field(&self.0.as_ref().map(|kept| kept.one_in)).finish()
    }
}

#[cfg(test)]
mod tests;
