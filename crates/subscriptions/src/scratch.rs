//! What one matching remembers.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::lists::{List, is_sparse};

/// The memory of a thread that matches, used again for each event: 8 bytes for each filter in the largest index it met.
///
/// One scratch may serve several indexes. Matching allocates nothing while the index does not grow.
#[derive(Debug, Default)]
pub struct MatchScratch {
    /// By slot. Numbering the rounds saves wiping them for each event.
    marks: Vec<Mark>,
    round: u32,
    /// The lists of tag values that were walked in this round, by address: an event may repeat a tag thousands of times.
    walked: HashSet<usize, RandomState>,
}

/// The last rounds in which something happened; 0 is never.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// The filter in this slot was checked.
    checked: u32,
    /// The subscription whose first filter has this slot was visited.
    visited: u32,
}

impl MatchScratch {
    /// An empty scratch; it grows with the first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the event before and makes room for this many slots.
    pub(crate) fn begin(&mut self, slots: usize) {
        self.walked.clear();
        if is_sparse(slots, self.marks.capacity()) {
            self.marks.truncate(slots);
            self.marks.shrink_to(2 * slots);
        }
        if self.marks.len() < slots {
            self.marks.resize(slots, Mark::default());
        }
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.marks.fill(Mark::default());
            self.round = 1;
        }
    }

    /// Whether this tag value's list is walked for the first time in this round.
    pub(crate) fn walk(&mut self, list: &List) -> bool {
        self.walked.insert(std::ptr::from_ref(list).addr())
    }

    /// Whether this filter is met for the first time in this round.
    pub(crate) fn check(&mut self, slot: u32) -> bool {
        let mark = self.marks.get_mut(slot as usize);
        mark.is_some_and(|mark| std::mem::replace(&mut mark.checked, self.round) != self.round)
    }

    /// Whether the subscription with this first filter has been visited in this round.
    pub(crate) fn is_visited(&self, first: u32) -> bool {
        self.marks.get(first as usize).is_some_and(|mark| mark.visited == self.round)
    }

    pub(crate) fn visit(&mut self, first: u32) {
        if let Some(mark) = self.marks.get_mut(first as usize) {
            mark.visited = self.round;
        }
    }
}

#[cfg(test)]
mod tests;
