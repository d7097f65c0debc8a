//! The relay's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chappe_protocol::Timestamp;

/// Where the relay takes the time of day from. Below `app`, time is a value.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// What the time is, if the system is not asked.
    standing_at: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { standing_at: None }
    }

    /// A clock that says what `seconds` holds, counted since 1970, and stands still until somebody moves it: so that a
    /// test can be at the last second before a bound and at the first one after it.
    #[must_use]
    pub const fn standing(seconds: Arc<AtomicU64>) -> Self {
        Self { standing_at: Some(seconds) }
    }

    /// The time, in whole seconds since 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        if let Some(seconds) = &self.standing_at {
            return Timestamp(seconds.load(Ordering::Relaxed));
        }
        // A machine whose clock stands before 1970 has no time to tell.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(since_epoch.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_says_what_it_was_told_last() {
        let seconds = Arc::new(AtomicU64::new(7));
        let clock = Clock::standing(Arc::clone(&seconds));
        assert_eq!(clock.clone().now(), Timestamp(7));
        seconds.store(8, Ordering::Relaxed);
        assert_eq!(clock.now(), Timestamp(8));
    }

    #[test]
    fn the_systems_clock_is_past_2024() {
        assert!(Clock::system().now() > Timestamp(1_704_067_200));
    }
}
