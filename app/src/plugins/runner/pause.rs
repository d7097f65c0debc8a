//! How long to wait before a program is started again.

use std::time::Duration;

/// Doubles with each life that was short.
#[derive(Debug)]
pub(super) struct Pause(Duration);

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// A program that has lived for so long is not one that cannot run.
const LONG_LIFE: Duration = Duration::from_secs(10);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
    /// The pause after a life of this length.
    pub(super) fn after(&mut self, life: Duration) -> Duration {
        if life >= LONG_LIFE {
            self.0 = FIRST;
        }
        let next = self.0.saturating_mul(2).min(LONGEST);
        std::mem::replace(&mut self.0, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_short_lives_and_begins_again_after_a_long_one() {
        let mut pause = Pause::default();
        let pauses: Vec<_> = (0..11).map(|_| pause.after(Duration::from_secs(9)).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
        assert_eq!(pause.after(Duration::from_secs(10)).as_millis(), 100);
        assert_eq!(pause.after(Duration::ZERO).as_millis(), 200);
    }
}
