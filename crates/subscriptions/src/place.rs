//! Where a filter is filed, and what is left to check when an event comes by that way.

use chappe_protocol::{EventId, Filter, Kind, PublicKey, TagFilter, TagMode};

/// The condition under which a filter is filed: an event that matches the filter has one of these values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    Ids(&'a [EventId]),
    /// `number` is the condition's index in [`Filter::tags`].
    Tag {
        number: usize,
        letter: u8,
        values: &'a [Box<[u8]>],
    },
    Authors(&'a [PublicKey]),
    Kinds(&'a [Kind]),
    Rest,
}

impl<'a> Place<'a> {
    /// The most selective condition. Nothing for a filter that no event can match.
    pub(crate) fn of(filter: &'a Filter) -> Option<Self> {
        if filter.is_never() {
            return None;
        }
        let lists = || {
            let authors = filter.authors.as_deref().map(Self::Authors);
            authors.or(filter.kinds.as_deref().map(Self::Kinds))
        };
        let ids = filter.ids.as_deref().map(Self::Ids);
        Some(ids.or_else(|| Self::of_tags(&filter.tags)).or_else(lists).unwrap_or(Self::Rest))
    }

    /// The tag condition with the fewest values to file. One value stands for all of them where all are needed.
    fn of_tags(tags: &'a [TagFilter]) -> Option<Self> {
        let places = tags.iter().enumerate().map(|(number, tag)| {
            let values = match tag.mode {
                TagMode::Any => tag.values.as_slice(),
                TagMode::All => tag.values.get(..1).unwrap_or_default(),
            };
            (values, number, tag.letter)
        });
        let (values, number, letter) = places.min_by_key(|(values, ..)| values.len())?;
        Some(Self::Tag { number, letter, values })
    }

    /// The filter without the condition that coming by this way has proven.
    ///
    /// The lists of a timeline have hundreds of authors; not looking there again is most of what a match costs.
    pub(crate) fn left_of(self, filter: &Filter) -> Filter {
        let mut tags = filter.tags.clone();
        if let Self::Tag { number, .. } = self
            && tags.get(number).is_some_and(|tag| tag.mode == TagMode::Any || tag.values.len() == 1)
        {
            tags.remove(number);
        }
        Filter {
            ids: filter.ids.clone().filter(|_| !matches!(self, Self::Ids(_))),
            authors: filter.authors.clone().filter(|_| !matches!(self, Self::Authors(_))),
            kinds: filter.kinds.clone().filter(|_| !matches!(self, Self::Kinds(_))),
            tags,
            since: filter.since,
            until: filter.until,
            limit: None,
        }
    }
}

/// A set of kinds in 32 bits, by hash: never misses one that is in it, and seldom takes one that is not.
///
/// It stands beside each filed filter, so that a reaction passes a thousand timelines of notes without touching them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KindSet(u32);

impl KindSet {
    /// The kinds a filter asks for; all of them when it names none.
    pub(crate) fn of(filter: &Filter) -> Self {
        let bits = |kinds: &Vec<Kind>| kinds.iter().fold(0, |bits, &kind| bits | Self::bit(kind));
        Self(filter.kinds.as_ref().map_or(u32::MAX, bits))
    }

    /// Whether the kind may be in the set.
    pub(crate) const fn may_have(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Fibonacci hashing: the common kinds share their low bits (7, 9735 and 30023 are equal modulo 32).
    const fn bit(kind: Kind) -> u32 {
        1 << ((kind.0 as u32).wrapping_mul(0x9E37_79B1) >> 27)
    }
}

#[cfg(test)]
mod tests;
