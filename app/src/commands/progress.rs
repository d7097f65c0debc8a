//! How far long work is, for someone who watches.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::figures::{bytes, grouped, seconds};

/// Between two updates of the line on a terminal. Looking at the clock costs next to nothing beside an event.
const ON_TERMINAL: Duration = Duration::from_millis(200);
/// Between two lines where they are kept.
const IN_LOG: Duration = Duration::from_secs(10);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Events,
    Entries,
    Bytes,
}

/// On a terminal one line, written over and over; elsewhere a plain line now and then. On standard error.
pub(super) struct Progress {
    doing: &'static str,
    unit: Unit,
    total: Option<u64>,
    started: Instant,
    is_terminal: bool,
    /// None where nobody watches.
    next: Option<Instant>,
}

impl Progress {
    /// Of work that has so much to do, if that is known.
    pub(super) fn new(doing: &'static str, unit: Unit, total: Option<u64>) -> Self {
        let (started, is_terminal) = (Instant::now(), io::stderr().is_terminal());
        Self { doing, unit, total, started, is_terminal, next: Some(started + every(is_terminal)) }
    }

    /// Shows nothing.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        let started = Instant::now();
        Self { doing: "", unit: Unit::Events, total: None, started, is_terminal: false, next: None }
    }

    /// So much is done; `remark` is asked when it is shown.
    pub(super) fn show(&mut self, done: u64, remark: impl FnOnce() -> String) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + every(self.is_terminal));
        let line = self.line(done, now - self.started, &remark());
        // Progress that cannot be shown is no reason to stop.
        let _ = if self.is_terminal {
            write!(io::stderr(), "\r\x1b[K{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    /// Takes the line away, so that what follows stands alone.
    pub(super) fn clear(&self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn line(&self, done: u64, passed: Duration, remark: &str) -> String {
        let figure = |number| match self.unit {
            Unit::Events | Unit::Entries => grouped(number),
            Unit::Bytes => bytes(number),
        };
        let unit = match self.unit {
            Unit::Events => " events",
            Unit::Entries => " index entries",
            Unit::Bytes => "",
        };
        let milliseconds = passed.as_millis().max(1);
        let rate = u128::from(done) * 1000 / milliseconds;
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        let mut line = match self.total {
            Some(total) => {
                let percent = u128::from(done) * 100 / u128::from(total.max(1));
                format!("{}: {} of {}{unit} ({percent} %)", self.doing, figure(done), figure(total))
            }
            None => format!("{}: {}{unit}", self.doing, figure(done)),
        };
        line += &format!(", {}/s", figure(rate));
        if let Some(left) = self.total.and_then(|total| total.saturating_sub(done).checked_div(rate)) {
            line += &format!(", {} left", seconds(left));
        }
        if !remark.is_empty() {
            line += &format!("; {remark}");
        }
        line
    }
}

const fn every(is_terminal: bool) -> Duration {
    if is_terminal { ON_TERMINAL } else { IN_LOG }
}

#[cfg(test)]
mod tests;
