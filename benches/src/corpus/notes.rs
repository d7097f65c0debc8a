//! The notes that people still talk about.

use std::collections::VecDeque;
use std::ops::Range;

use chappe_testkit::TestEvent;

/// How many of the first notes everybody knows for ever.
const FIRST: usize = 200;
/// How many of the newest are talked about.
const RECENT: usize = 2_000;

/// The first notes and the newest ones, by their number in the order of writing. All others are forgotten, so that a stream of
/// millions takes no more memory than one of thousands.
#[derive(Debug, Default)]
pub(super) struct Notes {
    first: Vec<TestEvent>,
    recent: VecDeque<TestEvent>,
    written: u64,
}

impl Notes {
    pub(super) fn push(&mut self, note: TestEvent) {
        if self.first.len() < FIRST {
            self.first.push(note.clone());
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(note);
        self.written += 1;
    }

    pub(super) fn first(&self) -> Range<u64> {
        0..self.first.len() as u64
    }

    pub(super) fn recent(&self) -> Range<u64> {
        self.written - self.recent.len() as u64..self.written
    }

    /// One of either range.
    pub(super) fn get(&self, number: u64) -> &TestEvent {
        let place = |number: u64| usize::try_from(number).expect("below a length");
        match number.checked_sub(self.recent().start) {
            Some(number) => &self.recent[place(number)],
            None => &self.first[place(number)],
        }
    }
}
