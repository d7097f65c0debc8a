//! The oracle: what a relay should hold and answer, by plain loops over owned strings.
//!
//! Slow, short, and sharing no code with the relay. Where a NIP leaves room, it follows docs/protocol.md.

pub mod access;
mod model;

use std::cmp::Reverse;

use chappe_protocol::{EventId, Filter, TagMode};

use crate::TestEvent;
pub use model::{Model, Offered};

/// How many events an answer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a filter that names none.
    pub default: u64,
    /// For any filter; a higher one is lowered to this.
    pub max: u64,
}

impl Limits {
    /// No bound at all, as for COUNT and export; a filter's own limit still holds.
    pub const NONE: Self = Self { default: u64::MAX, max: u64::MAX };
}

/// Whether the event fulfils every condition of the filter (NIP-01, and AND tags).
#[must_use]
pub fn matches(filter: &Filter, event: &TestEvent) -> bool {
    if let Some(ids) = &filter.ids
        && !ids.contains(&event.id())
    {
        return false;
    }
    if let Some(authors) = &filter.authors
        && !authors.contains(&event.pubkey())
    {
        return false;
    }
    if let Some(kinds) = &filter.kinds
        && !kinds.iter().any(|kind| kind.0 == event.kind())
    {
        return false;
    }
    if filter.since.is_some_and(|since| event.created_at() < since.0) {
        return false;
    }
    if filter.until.is_some_and(|until| event.created_at() > until.0) {
        return false;
    }
    for tag in &filter.tags {
        let mut utf8 = [0; 4];
        let name = &*char::from(tag.letter).encode_utf8(&mut utf8);
        let has = |value: &[u8]| event.tag_values(name).any(|own| own.as_bytes() == value);
        let fulfilled = match tag.mode {
            TagMode::Any => tag.values.iter().any(|value| has(value)),
            TagMode::All => !tag.values.is_empty() && tag.values.iter().all(|value| has(value)),
        };
        if !fulfilled {
            return false;
        }
    }
    true
}

/// The ids of the answer to a REQ, in order: newest first, equal times by lowest id, each once over all filters, and
/// each filter with its own limit.
#[must_use]
pub fn query<'a>(
    events: impl IntoIterator<Item = &'a TestEvent>,
    filters: &[Filter],
    limits: Limits,
) -> Vec<EventId> {
    let events: Vec<_> = events.into_iter().collect();
    let mut answer: Vec<&TestEvent> = Vec::new();
    for filter in filters {
        let mut own: Vec<_> = events.clone().into_iter().filter(|event| matches(filter, event)).collect();
        sort(&mut own);
        let limit = filter.limit.unwrap_or(limits.default).min(limits.max);
        own.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        answer.extend(own);
    }
    sort(&mut answer);
    answer.dedup_by_key(|event| event.id());
    answer.iter().map(|event| event.id()).collect()
}

/// How many events match at least one filter; limits are no part of a COUNT (NIP-45).
#[must_use]
pub fn count<'a>(events: impl IntoIterator<Item = &'a TestEvent>, filters: &[Filter]) -> usize {
    events.into_iter().filter(|event| filters.iter().any(|filter| matches(filter, event))).count()
}

fn sort(events: &mut [&TestEvent]) {
    events.sort_by_key(|event| (Reverse(event.created_at()), *event.id().as_bytes()));
}

#[cfg(test)]
mod tests;
