//! The relay's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chappe_protocol::Timestamp;

/// Where the relay takes the time of day from. Below `app`, time is a value.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Seconds to add to the system's clock.
    shift: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { shift: None }
    }

    /// The system's clock, ahead by so many seconds as `shift` holds at the time, behind when negative: so that a test
    /// sees tomorrow without waiting for it.
    #[must_use]
    pub const fn shifted(shift: Arc<AtomicI64>) -> Self {
        Self { shift: Some(shift) }
    }

    /// The time, in whole seconds since 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // A machine whose clock stands before 1970 has no time to tell.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let shift = self.shift.as_ref().map_or(0, |shift| shift.load(Ordering::Relaxed));
        Timestamp(since_epoch.as_secs().saturating_add_signed(shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_moves_the_time() {
        let shift = Arc::new(AtomicI64::new(0));
        let clock = Clock::shifted(Arc::clone(&shift));
        let now = clock.now();
        assert!(now >= Clock::system().now().minus_seconds(5));
        shift.store(3_600, Ordering::Relaxed);
        assert!(clock.now() >= now.plus_seconds(3_600));
        shift.store(-3_600, Ordering::Relaxed);
        assert!(clock.now() < now);
    }
}
