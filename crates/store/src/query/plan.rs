//! Which index entries a filter is answered from.

use chappe_protocol::{EventId, Filter, Kind, TagFilter, TagMode, Timestamp};

use crate::keys;
use crate::tables::Index;

/// Up to so many index ranges, one is opened for each pair of a kind and an author or tag value. Above, kinds are
/// looked at in the records instead.
const PAIRS_MAX: usize = 1000;

/// Part of a filter's answer, in the order of answers. Every match of the filter is in one of its sources; what else
/// is in them is sorted out by `Filter::matches`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The event with this id.
    Id(EventId),
    /// The entries of an index that start like this.
    Entries(Index, Box<[u8]>),
}

/// A source, and the times between which it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) source: Source,
    /// `Timestamp(u64::MAX)`: from the newest.
    pub(super) newest: Timestamp,
    pub(super) oldest: Timestamp,
}

/// Where the answer to an [`Ask`](super::Ask) is looked for.
pub(super) fn parts(filter: &Filter, within: &[Filter]) -> Vec<Part> {
    let own = within.is_empty().then_some(filter);
    let mut parts = Vec::new();
    for wider in own.into_iter().chain(within).filter(|wider| !wider.is_never()) {
        let newest = [filter.until, wider.until].into_iter().flatten().min().unwrap_or(Timestamp(u64::MAX));
        let oldest = filter.since.max(wider.since).unwrap_or(Timestamp(0));
        if oldest <= newest {
            parts.extend(sources(wider).into_iter().map(|source| Part { source, newest, oldest }));
        }
    }
    if within.len() > 1 {
        parts.sort_unstable();
        parts.dedup();
    }
    parts
}

/// The sources of a filter. As many as the filter has values, or [`PAIRS_MAX`]: its own size bounds them.
fn sources(filter: &Filter) -> Vec<Source> {
    if let Some(ids) = &filter.ids {
        return ids.iter().copied().map(Source::Id).collect();
    }
    let tags = filter.tags.iter().map(|tag| (tag_cost(tag), Some(tag)));
    let authors = filter.authors.iter().map(|authors| (AUTHOR_COST.saturating_mul(authors.len()), None));
    let kinds = filter.kinds.as_deref();
    match (tags.chain(authors).min_by_key(|&(cost, _)| cost), &filter.authors) {
        (Some((_, Some(tag))), _) => {
            let prefixes = tag_values(tag).iter().map(|value| keys::tag_prefix(tag.letter, value)).collect();
            entries(prefixes, kinds, Index::Tag, Index::TagKind)
        }
        (Some((_, None)), Some(authors)) => {
            let prefixes = authors.iter().map(|author| author.as_bytes().to_vec()).collect();
            entries(prefixes, kinds, Index::Author, Index::AuthorKind)
        }
        (Some((_, None)) | None, _) => entries(vec![Vec::new()], kinds, Index::Time, Index::Kind),
    }
}

fn entries(prefixes: Vec<Vec<u8>>, kinds: Option<&[Kind]>, plain: Index, by_kind: Index) -> Vec<Source> {
    match kinds {
        Some(kinds) if prefixes.len().saturating_mul(kinds.len()) <= PAIRS_MAX => {
            let pairs = prefixes.iter().flat_map(|prefix| kinds.iter().map(|&kind| (prefix.clone(), kind)));
            pairs
                .map(|(prefix, kind)| Source::Entries(by_kind, keys::with_kind(prefix, kind).into()))
                .collect()
        }
        Some(_) | None => prefixes.into_iter().map(|prefix| Source::Entries(plain, prefix.into())).collect(),
    }
}

/// Any one of the values finds the events that must have all of them.
fn tag_values(tag: &TagFilter) -> &[Box<[u8]>] {
    match tag.mode {
        TagMode::Any => &tag.values,
        TagMode::All => tag.values.get(..1).unwrap_or_default(),
    }
}

// A guess at how many events one value stands for. LMDB keeps no counts, and only the order of the guesses matters:
// an id or address is referred to by few events, an author writes more, a popular key or word is in more than that.
const REFERENCE_COST: usize = 50;
const AUTHOR_COST: usize = 1_000;
const MENTION_COST: usize = 2_000;
const WORD_COST: usize = 10_000;

fn tag_cost(tag: &TagFilter) -> usize {
    let each = match tag.letter {
        b'e' | b'E' | b'a' | b'A' | b'q' => REFERENCE_COST,
        b'p' | b'P' => MENTION_COST,
        _ => WORD_COST,
    };
    tag_values(tag).len().saturating_mul(each)
}

#[cfg(test)]
mod tests;
