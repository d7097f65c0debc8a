//! The relay's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chappe_protocol::Timestamp;

/// Where the relay takes the time of day from. Below `app`, time is a value.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Standing(Arc<AtomicU64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands until somebody moves it, in seconds since 1970: so that a test sees an event expire without
    /// waiting for it.
    #[must_use]
    pub const fn standing(at: Arc<AtomicU64>) -> Self {
        Self(Source::Standing(at))
    }

    /// The time, in whole seconds since 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(match &self.0 {
            // A machine whose clock stands before 1970 has no time to tell.
            Source::System => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            Source::Standing(at) => at.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_clock_is_moved_by_hand() {
        let at = Arc::new(AtomicU64::new(5));
        let clock = Clock::standing(Arc::clone(&at));
        assert_eq!((clock.now(), clock.now()), (Timestamp(5), Timestamp(5)));
        at.store(7, Ordering::Relaxed);
        assert_eq!(clock.now(), Timestamp(7));
    }

    #[test]
    fn system_clock_is_past_the_year_2020() {
        assert!(Clock::system().now() > Timestamp(1_577_836_800));
    }
}
