//! How fast the store grows, by when its events say that they were made: the store does not keep when they came.

use chappe_protocol::Timestamp;

use super::{SECONDS_A_DAY, Tallies, Tally};
use crate::figures::{bytes, many};

/// So many whole days before today are looked at.
const DAYS: u64 = 30;
/// What is further away than this is not worth a number.
const FAR_DAYS: u64 = 3_650;

/// What there is, and what there is room for, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// What the events take with their index entries.
    pub(super) used: u64,
    /// What may come until the ceiling is reached, or the map or the disk is full.
    pub(super) left: u64,
}

/// A day's share of the last month, and how long the room lasts at that pace.
pub(super) fn growth(days: &Tallies<u64>, all: Tally, room: Room, now: Timestamp) -> String {
    let today = now.0 / SECONDS_A_DAY;
    let first = days.keys().min().copied().unwrap_or(today);
    let span = today.saturating_sub(first).min(DAYS);
    let recent = today - span..today;
    let mut sum = Tally::default();
    for tally in days.iter().filter(|(day, _)| recent.contains(day)).map(|(_, tally)| tally) {
        sum.events += tally.events;
        sum.bytes += tally.bytes;
    }
    if sum.events == 0 {
        return format!("no events of the {DAYS} days before today");
    }
    // With what the indexes take beside it.
    let in_all = u128::from(sum.bytes) * u128::from(room.used) / u128::from(all.bytes.max(1));
    let a_day = u64::try_from(in_all).unwrap_or(u64::MAX) / span.max(1);
    let lasts = match room.left.checked_div(a_day) {
        Some(days) if days < FAR_DAYS => format!("room for {}", many(days, "day")),
        Some(_) | None => "room for more than ten years".to_owned(),
    };
    let (events, span) = (many(sum.events.div_ceil(span.max(1)), "event"), many(span, "day"));
    format!("{events}, {} a day in the last {span}, by created_at: {lasts}", bytes(a_day))
}

#[cfg(test)]
mod tests;
