//! Remembering what was used once.

use std::collections::HashMap;

use chappe_protocol::{EventId, Timestamp};
use foldhash::fast::RandomState;
use parking_lot::Mutex;

/// The events that signed an HTTP request, for as long as they could be used again. Bounded: when it is full, no new
/// one is let in until one of the old ones has become too old to be used again.
#[derive(Debug)]
pub struct ReplayGuard {
    ids_max: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    /// The last second in which each could be used.
    ids: HashMap<EventId, Timestamp, RandomState>,
    swept: Option<Timestamp>,
}

/// What the guard says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    First,
    Again,
    /// It cannot be remembered, so it cannot be let in.
    NoRoom,
}

impl ReplayGuard {
    /// Remembers at most so many events, some 60 bytes each.
    #[must_use]
    pub fn new(ids_max: usize) -> Self {
        Self { ids_max, used: Mutex::default() }
    }

    /// Remembers the event up to and including `last`.
    pub(crate) fn spend(&self, id: EventId, last: Timestamp, now: Timestamp) -> Use {
        let mut used = self.used.lock();
        if used.ids.get(&id).is_some_and(|&last| now <= last) {
            return Use::Again;
        }
        // Once a second is enough, and keeps a flood from being paid for with a walk each time.
        if used.ids.len() >= self.ids_max && used.swept != Some(now) {
            used.ids.retain(|_, last| now <= *last);
            used.swept = Some(now);
        }
        if used.ids.len() >= self.ids_max {
            return Use::NoRoom;
        }
        used.ids.insert(id, last);
        Use::First
    }
}

impl Default for ReplayGuard {
    /// For 10,000 events.
    fn default() -> Self {
        Self::new(10_000)
    }
}

#[cfg(test)]
mod tests;
