//! What goes wrong again and again, told to the log now and then.

use crate::log::Journal;

/// Counts. The first, second, fourth, eighth ... are logged, so that a program which says nothing but nonsense, as
/// often as strangers make it speak, does not fill the log as well.
#[derive(Debug, Default)]
pub(super) struct Noise(u64);

impl Noise {
    /// Counts one, and logs it when it is its turn.
    pub(super) fn log(&mut self, plugin: &str, what: &str) {
        if self.is_its_turn() {
            tracing::warn!(target: "chappe_app::plugins", plugin, times = self.0, "{what}");
        }
    }

    /// The same of a program that has a journal.
    pub(super) fn log_to(&mut self, journal: &Journal, what: &str) {
        if self.is_its_turn() {
            let (plugin, times) = (journal.program(), self.0);
            tracing::warn!(target: "chappe_app::plugins", plugin, times, "{what}");
            journal.remark(format_args!("{what} (times: {times})"));
        }
    }

    const fn is_its_turn(&mut self) -> bool {
        self.0 = self.0.saturating_add(1);
        self.0.is_power_of_two()
    }
}
