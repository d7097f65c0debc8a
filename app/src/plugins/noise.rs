//! What goes wrong again and again, told to the log now and then.

/// Counts. The first, second, fourth, eighth ... are logged, so that a program which says nothing but nonsense, as
/// often as strangers make it speak, does not fill the log as well.
#[derive(Debug, Default)]
pub(super) struct Noise(u64);

impl Noise {
    /// Counts one, and logs it when it is its turn.
    pub(super) fn log(&mut self, plugin: &str, what: &str) {
        self.0 = self.0.saturating_add(1);
        if self.0.is_power_of_two() {
            tracing::warn!(target: "chappe_app::plugins", plugin, times = self.0, "{what}");
        }
    }
}
