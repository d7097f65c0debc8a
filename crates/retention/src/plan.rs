//! The rules, and what they mean for an event.

use std::fmt;

use chappe_authorization::{Access, KindSet};
use chappe_protocol::{EventHead, Kind, KindClass, Prefix, Refusal, Timestamp};

use crate::group::{Group, group_of};

const SECONDS_A_DAY: u64 = 86_400;

/// What [`Plan::haste`] is at the ceiling.
pub const HASTE_MAX: u32 = 16;

/// When an event's turn is to make room: those of a lower order go first, within one the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(pub u16);

impl Order {
    /// That of events which no rule speaks of.
    pub const LAST: Self = Self(u16::MAX);
}

/// One rule. It decides about the events that match all of its conditions and no rule before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is called.
    pub name: String,
    /// Events of these kinds; empty: of all.
    pub kinds: KindSet,
    /// Events by these; empty: by all but managers, who have to be named.
    pub authors: Vec<Group>,
    /// Events of at least so many bytes of JSON.
    pub bytes_min: usize,
    /// How old they may become, by their `created_at`; none: as old as they like.
    pub age_seconds_max: Option<u64>,
    /// Their turn when room is wanted; none: never.
    pub order: Option<Order>,
}

/// All rules, and how much may be stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The first that matches an event decides.
    pub rules: Vec<Rule>,
    /// The ceiling, in bytes as [`chappe_store::Usage::bytes_used`] counts them; 0: none.
    pub bytes_max: u64,
}

/// What a plan means for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The place of the rule that decides; none when it is none of them.
    pub rule: Option<usize>,
    /// How old it may become.
    pub age_seconds_max: Option<u64>,
    /// Its turn to make room; none: never.
    pub order: Option<Order>,
}

/// An event that came is older than its rule keeps any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOld {
    /// How old it might be.
    pub age_seconds_max: u64,
}

impl Rule {
    fn matches(&self, head: &EventHead<'_>, bytes: usize, group: Group) -> bool {
        let is_by =
            if self.authors.is_empty() { group != Group::Managers } else { self.authors.contains(&group) };
        is_by && bytes >= self.bytes_min && (self.kinds.is_empty() || self.kinds.contains(head.kind))
    }
}

impl Plan {
    /// A plan that keeps everything wants no keeper.
    #[must_use]
    pub fn keeps_everything(&self) -> bool {
        self.bytes_max == 0 && !self.has_ages()
    }

    /// What becomes of an event of so many bytes of JSON.
    ///
    /// Whatever the rules say, what the relay itself published is kept, and so are deletions and requests to vanish: others have
    /// to hear of them (NIP-09, NIP-62).
    #[must_use]
    pub fn fate(&self, access: &Access, head: &EventHead<'_>, bytes: usize) -> Fate {
        let group = group_of(access, &head.pubkey);
        if group == Group::Relay || matches!(head.kind, Kind::DELETION | Kind::VANISH) {
            return Fate { rule: None, age_seconds_max: None, order: None };
        }
        let found = self.rules.iter().enumerate().find(|(_, rule)| rule.matches(head, bytes, group));
        match found {
            Some((place, rule)) => {
                Fate { rule: Some(place), age_seconds_max: rule.age_seconds_max, order: rule.order }
            }
            // Modes and lists go by what managers publish.
            None if group == Group::Managers => Fate { rule: None, age_seconds_max: None, order: None },
            None => Fate { rule: None, age_seconds_max: None, order: Some(Order::LAST) },
        }
    }

    /// Refuses an event that would be removed as soon as it is stored.
    ///
    /// # Errors
    ///
    /// [`TooOld`].
    pub fn check_age(
        &self,
        access: &Access,
        head: &EventHead<'_>,
        bytes: usize,
        now: Timestamp,
    ) -> Result<(), TooOld> {
        if !self.has_ages() || head.kind.class() == KindClass::Ephemeral {
            return Ok(());
        }
        let fate = self.fate(access, head, bytes);
        match fate.age_seconds_max {
            Some(age_seconds_max) if fate.is_too_old(head.created_at, now) => Err(TooOld { age_seconds_max }),
            Some(_) | None => Ok(()),
        }
    }

    /// The turns that there can be, first to last.
    pub(crate) fn orders(&self) -> Vec<Order> {
        let mut orders: Vec<_> = self.rules.iter().filter_map(|rule| rule.order).collect();
        orders.push(Order::LAST);
        orders.sort_unstable();
        orders.dedup();
        orders
    }

    /// More than this is stored: it is time to make room.
    #[must_use]
    pub const fn begins_at(&self) -> u64 {
        self.bytes_max / 16 * 15
    }

    /// Enough room has been made.
    #[must_use]
    pub const fn ends_at(&self) -> u64 {
        self.bytes_max / 32 * 29
    }

    /// How near the ceiling is when so much is used: from 0, where room begins to be made, to [`HASTE_MAX`] at the whole of it.
    #[must_use]
    pub fn haste(&self, used: u64) -> u32 {
        let above = used.saturating_sub(self.begins_at());
        let parts = above.checked_div(self.bytes_max / 16 / u64::from(HASTE_MAX)).unwrap_or(0);
        u32::try_from(parts).unwrap_or(HASTE_MAX).min(HASTE_MAX)
    }

    fn has_ages(&self) -> bool {
        self.rules.iter().any(|rule| rule.age_seconds_max.is_some())
    }
}

impl Fate {
    /// Whether an event of this time is older than it may be.
    #[must_use]
    pub fn is_too_old(&self, created_at: Timestamp, now: Timestamp) -> bool {
        self.age_seconds_max.and_then(|age| due_until(age, now)).is_some_and(|until| created_at <= until)
    }
}

/// The newest time that is too old; none when nothing is yet.
pub(crate) fn due_until(age_seconds_max: u64, now: Timestamp) -> Option<Timestamp> {
    now.0.checked_sub(age_seconds_max)?.checked_sub(1).map(Timestamp)
}

impl fmt::Display for TooOld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this relay keeps such events for {} days", self.age_seconds_max / SECONDS_A_DAY)
    }
}

impl From<TooOld> for Refusal {
    fn from(too_old: TooOld) -> Self {
        Self::new(Prefix::Invalid, too_old.to_string())
    }
}

#[cfg(test)]
mod tests;
