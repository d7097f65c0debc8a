//! Where durations come from.

use std::time::{Duration, Instant};

/// Tells how much time has passed since it was started, or stands. A value that is handed down like the time of day: what
/// is measured by it decides nothing about an event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stopwatch(Option<Instant>);

/// What a stopwatch shows at one moment. Only the difference between two means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Reading {
    nanoseconds: u64,
}

impl Stopwatch {
    /// One that runs from now on.
    #[must_use]
    pub fn running() -> Self {
        Self(Some(Instant::now()))
    }

    /// One that stands: nothing takes any time by it, and asking it costs nothing.
    #[must_use]
    pub const fn standing() -> Self {
        Self(None)
    }

    /// What it shows now. Costs as much as asking the system: some 25 ns on most machines.
    #[must_use]
    pub fn read(&self) -> Reading {
        let passed = self.0.map(|start| start.elapsed()).unwrap_or_default();
        Reading { nanoseconds: u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX) }
    }
}

impl Reading {
    /// How much time lies between an earlier reading and this one; none if it was not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanoseconds.saturating_sub(earlier.nanoseconds))
    }
}

#[cfg(test)]
mod tests;
