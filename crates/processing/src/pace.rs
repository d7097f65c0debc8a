//! When those who listen are woken.

use std::time::Duration;

/// With fewer events in a commit nobody begins to be held back: little would come together for each connection.
const HELD_FROM: usize = 8;

/// For so long, about, a connection is held back at most.
const HELD_MAX: Duration = Duration::from_millis(10);

/// A connection for which more waits is not held back: one call sends it, and a second one does not make it dear.
pub(crate) const HELD_BYTES_MAX: usize = 16 * 1024;

/// Whoever is held back is woken when nothing has queued for so long.
const REST: Duration = Duration::from_millis(1);

/// When those are woken for whom a commit has events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// When all of it is told.
    AtOnce,
    /// With those of a later commit, or when they are let go.
    Later,
}

/// Decides it for one commit after the other.
///
/// To wake a connection, and to send it something, costs as much as some deliveries. So while one commit follows the other
/// and each has many events, several of them are told before anybody is woken.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// For how long somebody has been held back, if anybody is.
    held_for: Option<Duration>,
}

impl Pacer {
    /// How to tell a commit of so many events, when so much time has passed since the one before was told.
    pub(crate) fn pace(&mut self, events: usize, passed: Duration) -> Pace {
        let held_for = match self.held_for.take() {
            None if events < HELD_FROM => return Pace::AtOnce,
            None => Duration::ZERO,
            Some(held_for) => held_for.saturating_add(passed),
        };
        // The next one will take as long as this one has taken.
        if held_for.saturating_add(passed) > HELD_MAX {
            return Pace::AtOnce;
        }
        self.held_for = Some(held_for);
        Pace::Later
    }

    /// How long the next commit may take to come, if anybody waits for it.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.held_for.map(|_| REST)
    }

    /// Takes note that nobody is held back any more.
    pub(crate) const fn let_go(&mut self) {
        self.held_for = None;
    }
}

#[cfg(test)]
mod tests;
