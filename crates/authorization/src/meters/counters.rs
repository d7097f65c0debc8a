//! What is counted, and by which rule it is forgotten.

use chappe_protocol::Timestamp;

use super::table::Counter;

/// Seconds of a day; days begin at midnight UTC.
const DAY_SECONDS: u64 = 86_400;
const HOUR_SECONDS: u64 = 3_600;

/// A token bucket: so many in a minute, and as many at once. Kept as what is missing from the full bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    /// In sixtieths of one event, so that a second gives back `per_minute` of them.
    missing: u64,
    at: u64,
    per_minute: u32,
}

/// What one event takes out of a bucket.
const ONE: u64 = 60;

impl Bucket {
    /// Takes one out, if there is one.
    pub(super) fn take(&mut self, per_minute: u32, now: Timestamp) -> bool {
        self.missing = self.missing_at(per_minute, now);
        self.at = now.0.max(self.at);
        self.per_minute = per_minute;
        let fits = self.missing + ONE <= u64::from(per_minute) * ONE;
        if fits {
            self.missing += ONE;
        }
        fits
    }

    fn missing_at(&self, per_minute: u32, now: Timestamp) -> u64 {
        let seconds = now.0.saturating_sub(self.at);
        self.missing.saturating_sub(seconds.saturating_mul(per_minute.into()))
    }
}

impl Counter for Bucket {
    fn weight(&self, now: Timestamp) -> u64 {
        self.missing_at(self.per_minute, now)
    }
}

/// Events of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Daily {
    /// Days since the epoch.
    pub(super) day: u32,
    pub(super) events: u32,
}

impl Daily {
    /// Counts one more, and gives how many there were today before it.
    pub(super) fn add(&mut self, now: Timestamp) -> u32 {
        let today = day_of(now);
        // A clock that is set back does not give a day away again.
        if today > self.day {
            *self = Self { day: today, events: 0 };
        }
        let before = self.events;
        self.events = before.saturating_add(1);
        before
    }
}

impl Counter for Daily {
    fn weight(&self, now: Timestamp) -> u64 {
        if day_of(now) > self.day { 0 } else { self.events.into() }
    }
}

/// Days since the epoch.
pub(super) fn day_of(now: Timestamp) -> u32 {
    u32::try_from(now.0 / DAY_SECONDS).unwrap_or(u32::MAX)
}

/// How often in a row somebody came who is made to wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Steps {
    steps: u32,
    at: u64,
}

impl Steps {
    /// Counts one more, and gives how many there are with it.
    pub(super) fn add(&mut self, now: Timestamp) -> u32 {
        *self = self.faded(now);
        self.steps = self.steps.saturating_add(1);
        self.steps
    }

    fn faded(self, now: Timestamp) -> Self {
        if self.steps == 0 {
            return Self { steps: 0, at: now.0 };
        }
        let halvings = now.0.saturating_sub(self.at) / super::Meters::STEPS_HALVED_SECONDS;
        let steps = u32::try_from(halvings).ok().and_then(|halvings| self.steps.checked_shr(halvings));
        let at = self.at.saturating_add(halvings.saturating_mul(super::Meters::STEPS_HALVED_SECONDS));
        Self { steps: steps.unwrap_or(0), at }
    }
}

impl Counter for Steps {
    fn weight(&self, now: Timestamp) -> u64 {
        self.faded(now).steps.into()
    }
}

/// A ban that grows each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ban {
    /// Up to this second.
    pub(super) until: u64,
    /// How long it was.
    pub(super) hours: u32,
    /// How long it is remembered after its end.
    pub(super) hours_max: u32,
}

impl Ban {
    /// The end of the ban, while it lasts.
    pub(super) const fn end(&self, now: Timestamp) -> Option<Timestamp> {
        if now.0 < self.until { Some(Timestamp(self.until)) } else { None }
    }

    /// Bans again, twice as long as the last time if that is not forgotten, and gives the end.
    pub(super) fn extend(&mut self, hours_first: u32, hours_max: u32, now: Timestamp) -> Timestamp {
        let hours = if self.is_remembered(now) { self.hours.saturating_mul(2) } else { hours_first };
        let hours = hours.clamp(1, hours_max.max(1));
        let until = now.plus_seconds(u64::from(hours) * HOUR_SECONDS);
        *self = Self { until: until.0, hours, hours_max };
        until
    }

    fn is_remembered(&self, now: Timestamp) -> bool {
        self.hours > 0 && now.0 < self.until.saturating_add(u64::from(self.hours_max) * HOUR_SECONDS)
    }
}

impl Counter for Ban {
    fn weight(&self, now: Timestamp) -> u64 {
        if !self.is_remembered(now) {
            return 0;
        }
        // A ban that lasts is heavier than any that is over.
        u64::from(self.hours) + if self.end(now).is_some() { 1 << 32 } else { 0 }
    }
}

#[cfg(test)]
mod tests;
