//! How the pool of buffers does, told to the log.

use chappe_buffers::{Snapshot, Thresholds, Warning};

/// Looks at the pool now and then, and says when a line is crossed: once, until it is crossed again.
pub(super) struct Watch {
    thresholds: Thresholds,
    before: Snapshot,
    low_hit_rate: bool,
    many_in_use: bool,
}

impl Watch {
    pub(super) const fn new(now: Snapshot, thresholds: Thresholds) -> Self {
        Self { thresholds, before: now, low_hit_rate: false, many_in_use: false }
    }

    /// Takes note of how it is now, and tells the log.
    pub(super) fn look(&mut self, now: Snapshot) {
        let since = now.since(&self.before);
        if since.taken() > 0 {
            let percent = |rate: Option<f64>| rate.map(|rate| format!("{:.2}", rate * 100.0));
            tracing::debug!(
                taken = since.taken(),
                from_thread_percent = percent(since.thread_hit_rate()),
                used_before_percent = percent(since.hit_rate()),
                bytes_in_use = since.bytes_in_use(),
                bytes_kept = since.bytes_kept(),
                "buffers"
            );
        }
        self.before = now;
        for warning in self.crossed(&since) {
            tracing::warn!("{warning}");
        }
    }

    /// The lines that are crossed now and were not the last time.
    fn crossed(&mut self, since: &Snapshot) -> Vec<Warning> {
        let was_crossed = (self.low_hit_rate, self.many_in_use);
        (self.low_hit_rate, self.many_in_use) = (false, false);
        let mut warnings = since.warnings(&self.thresholds);
        warnings.retain(|warning| match warning {
            Warning::LowHitRate { .. } => {
                self.low_hit_rate = true;
                !was_crossed.0
            }
            Warning::ManyBytesInUse { .. } => {
                self.many_in_use = true;
                !was_crossed.1
            }
        });
        warnings
    }
}

#[cfg(test)]
mod tests;
