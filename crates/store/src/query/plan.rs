//! The ways in which a filter can be answered: from which index, and from which ranges of it.

use std::fmt;

use chappe_protocol::{EventId, Filter, Kind, TagMode};

use crate::hint::{Given, Sieve};
use crate::keys::{self, COMMON_KINDS, Prefix};
use crate::tables::Index;

/// Up to so many index ranges, one is opened for each pair of a kind and an author or tag value. Above, kinds are
/// looked at in the entries instead, unless that would take as many ranges.
const PAIRS_MAX: usize = 1000;

/// Of an AND of more values than this, the first ones are ways; any one of them finds all matches.
const ALL_VALUES_MAX: usize = 16;

/// By what matches are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plan {
    /// The ids, one by one.
    Ids,
    /// All events of the time asked for.
    Time,
    /// The events of each kind.
    Kinds,
    /// The events of each author.
    Authors,
    /// The events with each value of this tag.
    Tags(u8),
}

/// One range of an index, or one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The event with this id.
    Id(EventId),
    /// The entries of an index that start like this.
    Range(Index, Prefix),
}

/// A way to find all that a filter matches, in the order of answers: every match is in one of its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) plan: Plan,
    /// How many sources it has. The filter's own size bounds it.
    pub(super) ranges: usize,
    /// Which of the filter's tags.
    tag: usize,
    /// The first of the tag's values.
    value: usize,
    /// Which ranges each id, author or value has.
    split: Split,
    /// And how many.
    each: usize,
}

/// The ranges of an id, author or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Split {
    /// A single one.
    Whole,
    /// One for each of the filter's kinds.
    Kinds,
    /// One for each common kind that the filter does not exclude, and one before them for all other kinds.
    Common,
}

/// The ways to answer a filter, those by narrow ranges first. At least one, and the first alone if it is by ids.
pub(super) fn ways(filter: &Filter) -> Vec<Way> {
    let way = |plan, subjects: usize, (tag, value), (split, each)| {
        let ranges = subjects.saturating_mul(each);
        Way { plan, ranges, tag, value, split, each }
    };
    let whole = (Split::Whole, 1);
    if let Some(ids) = &filter.ids {
        return vec![way(Plan::Ids, ids.len(), (0, 0), whole)];
    }
    let kinds = filter.kinds.as_deref();
    let common = (Split::Common, 1 + common_kinds(kinds).count());
    let by_kind = |subjects: usize, (other, each): (Split, usize)| match kinds.map(<[Kind]>::len) {
        Some(kinds) if kinds.saturating_mul(subjects) <= PAIRS_MAX || kinds <= each => (Split::Kinds, kinds),
        Some(_) | None => (other, each),
    };
    let mut ways = Vec::new();
    for (place, tag) in filter.tags.iter().enumerate() {
        let plan = Plan::Tags(tag.letter);
        let values = tag.values.len();
        match tag.mode {
            TagMode::Any => ways.push(way(plan, values, (place, 0), by_kind(values, common))),
            TagMode::All => {
                let values = 0..values.min(ALL_VALUES_MAX);
                ways.extend(values.map(|value| way(plan, 1, (place, value), by_kind(1, common))));
            }
        }
    }
    let authors = filter.authors.as_ref().map(Vec::len);
    ways.extend(authors.map(|authors| way(Plan::Authors, authors, (0, 0), by_kind(authors, whole))));
    ways.extend(
        kinds
            .filter(|kinds| kinds.len() <= PAIRS_MAX)
            .map(|_| way(Plan::Kinds, 1, (0, 0), by_kind(1, whole))),
    );
    ways.push(way(Plan::Time, 1, (0, 0), whole));
    ways
}

/// The common kinds among these; all of them when none are named.
fn common_kinds(kinds: Option<&[Kind]>) -> impl Iterator<Item = Kind> {
    COMMON_KINDS.into_iter().filter(move |kind| kinds.is_none_or(|kinds| kinds.contains(kind)))
}

impl Way {
    /// Whether it reads only what has one of the filter's ids, authors or tag values.
    pub(super) const fn is_narrow(&self) -> bool {
        matches!(self.plan, Plan::Ids | Plan::Authors | Plan::Tags(_))
    }

    /// The source with this number.
    pub(super) fn source(&self, filter: &Filter, number: usize) -> Option<Source> {
        let subject = number.checked_div(self.each)?;
        let place = number - subject * self.each;
        let kinds = filter.kinds.as_deref();
        let kind = match self.split {
            Split::Whole => None,
            Split::Kinds => Some(*kinds?.get(place)?),
            Split::Common => place.checked_sub(1).and_then(|place| common_kinds(kinds).nth(place)),
        };
        let range = |plain, with_kind, subject: &[u8]| match kind {
            Some(Kind(kind)) => Source::Range(with_kind, Prefix::new(&[subject, &kind.to_be_bytes()])),
            None => Source::Range(plain, Prefix::new(&[subject])),
        };
        match self.plan {
            Plan::Ids => filter.ids.as_ref()?.get(subject).copied().map(Source::Id),
            Plan::Time | Plan::Kinds => Some(range(Index::Time, Index::Kind, &[])),
            Plan::Authors => {
                let author = filter.authors.as_ref()?.get(subject)?;
                Some(range(Index::Author, Index::AuthorKind, author.as_bytes()))
            }
            Plan::Tags(letter) => {
                let value = filter.tags.get(self.tag)?.values.get(self.value + subject)?;
                Some(range(Index::Tag, Index::TagKind, &keys::tag_prefix(letter, value)))
            }
        }
    }

    /// The number of one of so many sources that stand for all: spread over the ids, authors or values, and over the ranges
    /// of each, because those of one kind are nothing like those of another.
    pub(super) fn sample(&self, number: usize, count: usize) -> usize {
        let subjects = self.ranges.checked_div(self.each).unwrap_or_default();
        if count >= self.ranges {
            return number;
        }
        number * subjects / count * self.each + number % self.each
    }

    /// What is left to look for in the hints of its entries.
    pub(super) fn sieve(&self, filter: &Filter) -> Sieve {
        Sieve::new(filter, Given { author: self.plan == Plan::Authors, kind: self.split == Split::Kinds })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ids => f.write_str("ids"),
            Self::Time => f.write_str("time"),
            Self::Kinds => f.write_str("kinds"),
            Self::Authors => f.write_str("authors"),
            Self::Tags(letter) => write!(f, "tag {}", char::from(*letter)),
        }
    }
}

#[cfg(test)]
mod tests;
