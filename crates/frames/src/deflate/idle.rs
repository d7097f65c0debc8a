//! States that nobody uses at the moment.

use std::fmt;

use parking_lot::Mutex;

/// A bounded stock.
pub(super) struct Idle<T> {
    states: Mutex<Vec<T>>,
    states_max: usize,
}

impl<T> Idle<T> {
    pub(super) const fn new(states_max: usize) -> Self {
        Self { states: Mutex::new(Vec::new()), states_max }
    }

    /// The state that was used last, as it was left; a new one when there is none.
    pub(super) fn take_or(&self, make: impl FnOnce() -> T) -> T {
        let idle = self.states.lock().pop();
        idle.unwrap_or_else(make)
    }

    pub(super) fn give_back(&self, state: T) {
        let mut states = self.states.lock();
        if states.len() < self.states_max {
            states.push(state);
        }
    }
}

impl<T> fmt::Debug for Idle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").field("states_max", &self.states_max).finish_non_exhaustive()
    }
}
