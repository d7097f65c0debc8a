//! Filters: what a REQ or COUNT asks for.

use crate::{EventHead, EventId, Kind, PublicKey, Timestamp};

/// One filter (NIP-01). A condition that is absent (`None`, no tag filter) holds for every event; all others must hold.
///
/// Lists are sorted and free of doubles, as [`Filter::normalize`] leaves them: [`Filter::matches`] searches them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The event's id is one of these.
    pub ids: Option<Vec<EventId>>,
    /// The event's author is one of these.
    pub authors: Option<Vec<PublicKey>>,
    /// The event's kind is one of these.
    pub kinds: Option<Vec<Kind>>,
    /// One entry for each `#x` and then for each `&x`, each in the order the client gave them.
    pub tags: Vec<TagFilter>,
    /// The event is not older.
    pub since: Option<Timestamp>,
    /// The event is not newer.
    pub until: Option<Timestamp>,
    /// How many stored events to send; says nothing about live ones.
    pub limit: Option<u64>,
}

/// A condition on the values of one single-letter tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    /// The tag's name, `a-zA-Z`.
    pub letter: u8,
    /// Whether one of the values is enough.
    pub mode: TagMode,
    /// The values, as UTF-8 bytes.
    pub values: Vec<Box<[u8]>>,
}

/// How many of a [`TagFilter`]'s values the event must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagMode {
    /// `#x`: at least one (NIP-01).
    Any,
    /// `&x`: all of them (AND tags).
    All,
}

impl Filter {
    /// Sorts every list and drops doubles, and from a `#x` the values that the `&x` beside it asks for anyway: a `#x`
    /// chooses among the other values, and one of which nothing is left asks for nothing (AND tags).
    pub fn normalize(&mut self) {
        fn sort<T: Ord>(list: &mut Vec<T>) {
            list.sort_unstable();
            list.dedup();
        }
        self.ids.iter_mut().for_each(sort);
        self.authors.iter_mut().for_each(sort);
        self.kinds.iter_mut().for_each(sort);
        self.tags.iter_mut().for_each(|tag| sort(&mut tag.values));
        let (all, mut any): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.tags).into_iter().partition(TagFilter::is_all);
        any.retain_mut(|tag| {
            let was_empty = tag.values.is_empty();
            for needed in all.iter().filter(|needed| needed.letter == tag.letter) {
                tag.values.retain(|value| needed.place_of(value).is_none());
            }
            was_empty || !tag.values.is_empty()
        });
        self.tags = any;
        self.tags.extend(all);
    }

    /// Whether no event can match: an empty list, or a time range that ends before it starts.
    #[must_use]
    pub fn is_never(&self) -> bool {
        fn empty<T>(list: Option<&Vec<T>>) -> bool {
            list.is_some_and(Vec::is_empty)
        }
        empty(self.ids.as_ref())
            || empty(self.authors.as_ref())
            || empty(self.kinds.as_ref())
            || self.tags.iter().any(|tag| tag.values.is_empty())
            || self.since.zip(self.until).is_some_and(|(since, until)| since > until)
    }

    /// Whether the event fulfils every condition. `limit` is none: it bounds an answer, not an event.
    ///
    /// The lists must be [normalized](Self::normalize). Costs a binary search a list and a walk over the tags.
    #[must_use]
    pub fn matches(&self, event: &EventHead<'_>) -> bool {
        fn allows<T: Ord>(list: Option<&Vec<T>>, value: &T) -> bool {
            list.is_none_or(|list| list.binary_search(value).is_ok())
        }
        self.since.is_none_or(|since| since <= event.created_at)
            && self.until.is_none_or(|until| event.created_at <= until)
            && allows(self.kinds.as_ref(), &event.kind)
            && allows(self.authors.as_ref(), &event.pubkey)
            && allows(self.ids.as_ref(), &event.id)
            && self.tags.iter().all(|tag| tag.matches(event))
    }
}

impl TagFilter {
    /// Whether the event's tags of this name have one of the values, or all of them.
    ///
    /// An empty list of values matches nothing, in either mode.
    #[must_use]
    pub fn matches(&self, event: &EventHead<'_>) -> bool {
        let mut present =
            event.tags.indexed().filter(|&(letter, _)| letter == self.letter).map(|(_, value)| value);
        match self.mode {
            TagMode::Any => present.any(|value| self.place_of(value).is_some()),
            TagMode::All => !self.values.is_empty() && self.are_all_among(present),
        }
    }

    /// Costs a search for each present value, however many are wanted; allocates only when more than 64 are.
    fn are_all_among<'a>(&self, present: impl Iterator<Item = &'a [u8]>) -> bool {
        let (mut few, mut many) = ([false; 64], Vec::new());
        let found = if let Some(few) = few.get_mut(..self.values.len()) {
            few
        } else {
            many.resize(self.values.len(), false);
            many.as_mut_slice()
        };
        for place in present.filter_map(|value| self.place_of(value)) {
            if let Some(found) = found.get_mut(place) {
                *found = true;
            }
        }
        found.iter().all(|&found| found)
    }

    fn is_all(&self) -> bool {
        self.mode == TagMode::All
    }

    fn place_of(&self, value: &[u8]) -> Option<usize> {
        self.values.binary_search_by(|candidate| (**candidate).cmp(value)).ok()
    }
}

#[cfg(test)]
mod tests;
