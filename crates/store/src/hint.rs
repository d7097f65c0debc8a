//! What an index entry says of its event beside its key, so that most entries that do not match cost no record.
//! The layout is drawn in docs/storage.md.

use chappe_protocol::{Filter, Kind, PublicKey, TagFilter, TagMode};

use crate::record::RecordView;

/// Eight bytes: a mark that something is known, 15 bits made of the author, the kind, and a set of tags in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Hint(pub(crate) u64);

const KNOWN: u64 = 1 << 63;
const AUTHOR_BITS: u32 = 15;
const AUTHOR_SHIFT: u32 = 48;
const KIND_SHIFT: u32 = 32;

/// So much of a tag's value decides its bit.
const VALUE_BYTES: usize = 48;

impl Hint {
    /// Says nothing: entries from before there were hints.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(record: &RecordView<'_>) -> Self {
        let head = record.head();
        let tags = head.tags.indexed().fold(0, |bits, (letter, value)| bits | tag_bit(letter, value));
        let author = u64::from(author_bits(&head.pubkey)) << AUTHOR_SHIFT;
        Self(KNOWN | author | u64::from(head.kind.0) << KIND_SHIFT | u64::from(tags))
    }

    const fn author(self) -> u16 {
        (self.0 >> AUTHOR_SHIFT) as u16 & ((1 << AUTHOR_BITS) - 1)
    }

    #[expect(clippy::cast_possible_truncation, reason = "these 16 bits are the kind")]
    pub(crate) const fn kind(self) -> Kind {
        Kind((self.0 >> KIND_SHIFT) as u16)
    }

    #[expect(clippy::cast_possible_truncation, reason = "these 32 bits are the tags")]
    const fn tags(self) -> u32 {
        self.0 as u32
    }
}

/// Spreads over all bits what keys with a beginning that was searched for have in common.
const fn spread(bits: u64) -> u64 {
    bits.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn author_bits(author: &PublicKey) -> u16 {
    let last = author.as_bytes().last_chunk().copied().map_or(0, u64::from_be_bytes);
    (spread(last) >> (u64::BITS - AUTHOR_BITS)) as u16
}

fn tag_bit(letter: u8, value: &[u8]) -> u32 {
    let start = u64::from(letter) ^ (value.len() as u64) << 8;
    let bits = value.iter().take(VALUE_BYTES).fold(start, |bits, &byte| {
        // FNV-1a: short, and the same for ever.
        (bits ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    1 << (spread(bits) >> (u64::BITS - 5))
}

/// What the hint of a matching event can be.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    authors: Option<AuthorSet>,
    kinds: Option<Vec<Kind>>,
    /// All of these bits.
    all: u32,
    /// One bit at least of each.
    any: Vec<u32>,
}

/// A bit for each number that authors can have.
#[derive(Debug)]
struct AuthorSet(Box<[u64; 1 << (AUTHOR_BITS - 6)]>);

/// What the entries that are to be sieved have in common anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) author: bool,
    pub(crate) kind: bool,
}

impl Sieve {
    /// Lets everything through that this filter matches.
    pub(crate) fn new(filter: &Filter, given: Given) -> Self {
        let mut sieve = Self {
            authors: filter.authors.as_deref().filter(|_| !given.author).map(AuthorSet::new),
            kinds: filter.kinds.clone().filter(|_| !given.kind),
            all: 0,
            any: Vec::new(),
        };
        for TagFilter { letter, mode, values } in &filter.tags {
            let bits = values.iter().fold(0, |bits, value| bits | tag_bit(*letter, value));
            match mode {
                TagMode::All => sieve.all |= bits,
                TagMode::Any => sieve.any.push(bits),
            }
        }
        sieve
    }

    pub(crate) fn passes(&self, hint: Hint) -> bool {
        hint == Hint::NONE
            || (self.kinds.as_ref().is_none_or(|kinds| kinds.binary_search(&hint.kind()).is_ok())
                && self.authors.as_ref().is_none_or(|authors| authors.has(hint.author()))
                && self.all & !hint.tags() == 0
                && self.any.iter().all(|any| any & hint.tags() != 0))
    }
}

impl AuthorSet {
    fn new(authors: &[PublicKey]) -> Self {
        let mut set = Box::new([0; 1 << (AUTHOR_BITS - 6)]);
        for author in authors {
            let bits = author_bits(author);
            if let Some(word) = set.get_mut(usize::from(bits >> 6)) {
                *word |= 1 << (bits & 63);
            }
        }
        Self(set)
    }

    fn has(&self, author: u16) -> bool {
        self.0.get(usize::from(author >> 6)).is_some_and(|word| word >> (author & 63) & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
