//! How far an import is, for someone who watches.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::Report;

/// Between two updates. Looking at the clock for every line costs next to nothing beside a signature check.
const EVERY: Duration = Duration::from_millis(200);

/// One line on the terminal, written over and over.
pub(super) struct Progress {
    started: Instant,
    /// None where nobody watches.
    next: Option<Instant>,
}

impl Progress {
    /// Shows something only when standard error is a terminal.
    pub(super) fn on_terminal() -> Self {
        let started = Instant::now();
        Self { started, next: io::stderr().is_terminal().then_some(started + EVERY) }
    }

    /// Shows nothing.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self { started: Instant::now(), next: None }
    }

    pub(super) fn show(&mut self, report: &Report) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + EVERY);
        let milliseconds = (now - self.started).as_millis().max(1);
        let rate = u128::from(report.lines) * 1000 / milliseconds;
        // Progress that cannot be shown is no reason to stop.
        let _ =
            write!(io::stderr(), "\r\x1b[K{} lines, {} stored, {rate} lines/s", report.lines, report.stored);
    }

    /// Takes the line away, so that what follows stands alone.
    pub(super) fn clear(&self) {
        if self.next.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
