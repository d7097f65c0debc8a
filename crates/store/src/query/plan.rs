//! The ways in which a filter can be answered: from which index, and from which ranges of it.

use std::fmt;

use chappe_protocol::{EventId, Filter, Kind, TagMode};

use crate::hint::{Given, Sieve};
use crate::keys::{self, Prefix};
use crate::tables::Index;

/// Up to so many index ranges, one is opened for each pair of a kind and an author or tag value. Above, kinds are
/// looked at in the entries instead.
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
    /// Each kind has a range of its own.
    by_kind: bool,
}

/// The ways to answer a filter, those by narrow ranges first. At least one, and the first alone if it is by ids.
pub(super) fn ways(filter: &Filter) -> Vec<Way> {
    if let Some(ids) = &filter.ids {
        return vec![Way { plan: Plan::Ids, ranges: ids.len(), tag: 0, value: 0, by_kind: false }];
    }
    let kinds = filter.kinds.as_deref();
    let way = |plan, subjects: usize, (tag, value)| {
        let pairs =
            kinds.map(|kinds| kinds.len().saturating_mul(subjects)).filter(|&pairs| pairs <= PAIRS_MAX);
        Way { plan, ranges: pairs.unwrap_or(subjects), tag, value, by_kind: pairs.is_some() }
    };
    let mut ways = Vec::new();
    for (place, tag) in filter.tags.iter().enumerate() {
        let plan = Plan::Tags(tag.letter);
        match tag.mode {
            TagMode::Any => ways.push(way(plan, tag.values.len(), (place, 0))),
            TagMode::All => {
                let values = 0..tag.values.len().min(ALL_VALUES_MAX);
                ways.extend(values.map(|value| way(plan, 1, (place, value))));
            }
        }
    }
    ways.extend(filter.authors.as_ref().map(|authors| way(Plan::Authors, authors.len(), (0, 0))));
    ways.extend(kinds.filter(|kinds| kinds.len() <= PAIRS_MAX).map(|_| way(Plan::Kinds, 1, (0, 0))));
    ways.push(Way { plan: Plan::Time, ranges: 1, tag: 0, value: 0, by_kind: false });
    ways
}

impl Way {
    /// Whether it reads only what has one of the filter's ids, authors or tag values.
    pub(super) const fn is_narrow(&self) -> bool {
        matches!(self.plan, Plan::Ids | Plan::Authors | Plan::Tags(_))
    }

    /// The source with this number.
    pub(super) fn source(&self, filter: &Filter, number: usize) -> Option<Source> {
        let kinds = filter.kinds.as_deref().filter(|_| self.by_kind).unwrap_or_default();
        let (subject, kind) = match number.checked_div(kinds.len()) {
            Some(subject) => (subject, kinds.get(number - subject * kinds.len()).copied()),
            None => (number, None),
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

    /// All sources.
    pub(super) fn sources(&self, filter: &Filter) -> impl Iterator<Item = Source> {
        (0..self.ranges).filter_map(|number| self.source(filter, number))
    }

    /// What is left to look for in the hints of its entries.
    pub(super) fn sieve(&self, filter: &Filter) -> Sieve {
        Sieve::new(filter, Given { author: self.plan == Plan::Authors, kind: self.by_kind })
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
