//! Index keys. All of them end in a [`Position`], so that every index hands events out in the order of NIP-01.
//! The layouts are drawn in docs/storage.md; LMDB takes keys of up to 511 bytes, these have at most 92.

use std::ops::Range;

use chappe_protocol::{Address, EventHead, EventId, Kind, PublicKey, Timestamp};
use sha2::{Digest, Sha256};

use crate::hint::Hint;
use crate::record::RecordView;
use crate::store::Seq;
use crate::tables::Index;

/// Bytes of a time, inverted so that a newer one sorts first.
const TIME_BYTES: usize = size_of::<u64>();
/// Bytes of a position: inverted time, then id.
const POSITION_BYTES: usize = TIME_BYTES + EventId::BYTES;

/// The longest tag value that stands in a key as it is, after a byte that says its length.
const PLAIN_BYTES_MAX: u8 = 48;
/// Instead of a length: 32 bytes follow, whose lowercase hex is the value (ids and keys, mostly).
const MARK_HEX: u8 = 0xF0;
/// Instead of a length: 32 bytes follow, the SHA-256 of a longer value.
const MARK_HASH: u8 = 0xF1;

/// Kinds that many events with tags are of: notes, follow lists, reposts, reactions, gift wraps, zap receipts. Their tags are
/// in `by_tag_kind` alone, and who asks for a tag without kinds looks there for each of these, too. What is in this list is
/// part of the layout.
pub(crate) const COMMON_KINDS: [Kind; 6] = [Kind(1), Kind(3), Kind(6), Kind(7), Kind(1059), Kind(9735)];

/// How far a reader of an index has come: up to here, this included. An event that was removed and came again has two
/// numbers.
pub(crate) type Mark = (Position, Seq);

/// An event's place in the order of answers: newest first, equal times by lowest id (NIP-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position([u8; POSITION_BYTES]);

impl Position {
    pub(crate) fn of(head: &EventHead<'_>) -> Self {
        Self::new(head.created_at, *head.id.as_bytes())
    }

    /// Not after any event of this time.
    pub(crate) fn first_at(time: Timestamp) -> Self {
        Self::new(time, [0; EventId::BYTES])
    }

    /// Not before any event of this time.
    pub(crate) fn last_at(time: Timestamp) -> Self {
        Self::new(time, [u8::MAX; EventId::BYTES])
    }

    /// The end of an index key.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        key.last_chunk().copied().map(Self)
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp(!self.0.first_chunk().copied().map_or(0, u64::from_be_bytes))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; POSITION_BYTES] {
        &self.0
    }

    pub(crate) fn id(&self) -> &[u8] {
        self.0.split_at(TIME_BYTES).1
    }

    fn new(time: Timestamp, id: [u8; EventId::BYTES]) -> Self {
        let mut bytes = [0; POSITION_BYTES];
        let (time_place, id_place) = bytes.split_at_mut(TIME_BYTES);
        time_place.copy_from_slice(&(!time.0).to_be_bytes());
        id_place.copy_from_slice(&id);
        Self(bytes)
    }
}

impl Index {
    /// Whether its keys end in a position. Then its entries have hints, too.
    pub(crate) const fn has_positions(self) -> bool {
        !matches!(self, Self::Id | Self::Expiration | Self::Head)
    }

    /// A key without its position. The keys of three indexes have none and stay whole.
    pub(crate) fn prefix(self, key: &[u8]) -> &[u8] {
        match self {
            Self::Id | Self::Expiration | Self::Head => key,
            Self::Time | Self::Author | Self::AuthorKind | Self::Kind | Self::Tag | Self::TagKind => {
                key.split_last_chunk::<POSITION_BYTES>().map_or(key, |(prefix, _)| prefix)
            }
        }
    }

    /// The two parts of a prefix: who or what it is about, and the kind that follows (0 in an index without kinds).
    pub(crate) fn split_prefix(self, prefix: &[u8]) -> (&[u8], u16) {
        match self {
            Self::AuthorKind | Self::Kind | Self::TagKind => prefix
                .split_last_chunk()
                .map_or((prefix, 0), |(subject, kind)| (subject, u16::from_be_bytes(*kind))),
            Self::Id | Self::Time | Self::Author | Self::Tag | Self::Expiration | Self::Head => (prefix, 0),
        }
    }
}

/// What keys of one range start with: all of them but the position. Never allocates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Prefix {
    bytes: [u8; PREFIX_BYTES_MAX],
    length: u8,
}

/// A letter, the longest form of a value, a kind.
const PREFIX_BYTES_MAX: usize = 1 + 1 + PLAIN_BYTES_MAX as usize + size_of::<Kind>();

impl Prefix {
    /// The parts one after the other. Together they are no longer than what keys start with.
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        let (mut bytes, mut end) = ([0; PREFIX_BYTES_MAX], 0);
        for part in parts {
            if let Some(place) = bytes.get_mut(end..end + part.len()) {
                place.copy_from_slice(part);
                end += part.len();
            }
        }
        // Bounded by the array above.
        Self { bytes, length: u8::try_from(end).unwrap_or(u8::MAX) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// When an event expires, by its key in `by_expiration`.
pub(crate) fn expiration_of_key(key: &[u8]) -> u64 {
    key.first_chunk().copied().map_or(u64::MAX, u64::from_be_bytes)
}

/// Appends a tag value so that no value's form is the start of another's.
fn append_value(out: &mut Vec<u8>, value: &[u8]) {
    if let Ok(bytes) = EventId::from_hex(value) {
        out.push(MARK_HEX);
        out.extend_from_slice(bytes.as_bytes());
        return;
    }
    match u8::try_from(value.len()) {
        Ok(length) if length <= PLAIN_BYTES_MAX => {
            out.push(length);
            out.extend_from_slice(value);
        }
        _ => {
            out.push(MARK_HASH);
            out.extend_from_slice(&Sha256::digest(value));
        }
    }
}

/// What the entries of all events with this tag start with.
pub(crate) fn tag_prefix(letter: u8, value: &[u8]) -> Vec<u8> {
    let mut prefix = Vec::with_capacity(2 + value.len().min(usize::from(PLAIN_BYTES_MAX)));
    prefix.push(letter);
    append_value(&mut prefix, value);
    prefix
}

/// What the entries of all events of this kind start with, after what `prefix` says about them.
pub(crate) fn with_kind(mut prefix: Vec<u8>, kind: Kind) -> Vec<u8> {
    prefix.extend_from_slice(&kind.0.to_be_bytes());
    prefix
}

/// The key of the current version at an address, and of an address's tombstone.
pub(crate) fn address_key(address: &Address<'_>) -> Vec<u8> {
    let mut key = with_kind(address.pubkey.as_bytes().to_vec(), address.kind);
    append_value(&mut key, address.d);
    key
}

/// The key of an id's tombstone: it binds only events of the deleter, or gift wraps to them.
pub(crate) fn deleted_id_key(id: &EventId, deleter: &PublicKey) -> [u8; EventId::BYTES + PublicKey::BYTES] {
    let mut key = [0; EventId::BYTES + PublicKey::BYTES];
    let (id_place, deleter_place) = key.split_at_mut(EventId::BYTES);
    id_place.copy_from_slice(id.as_bytes());
    deleter_place.copy_from_slice(deleter.as_bytes());
    key
}

/// The inclusive upper bound of an `expiration` scan: everything that is due.
pub(crate) fn expired_until(now: Timestamp) -> [u8; TIME_BYTES + EventId::BYTES] {
    let mut key = [u8::MAX; TIME_BYTES + EventId::BYTES];
    let (time_place, _) = key.split_at_mut(TIME_BYTES);
    time_place.copy_from_slice(&now.0.to_be_bytes());
    key
}

/// All index keys of one record, sorted and free of doubles. Its memory is used again for the next record.
#[derive(Debug, Default)]
pub(crate) struct RecordKeys {
    bytes: Vec<u8>,
    entries: Vec<(Index, Range<usize>)>,
    hint: Hint,
}

impl RecordKeys {
    /// Replaces the keys by those of this record.
    pub(crate) fn fill(&mut self, record: &RecordView<'_>) {
        self.bytes.clear();
        self.entries.clear();
        self.hint = Hint::of(record);
        let head = record.head();
        let position = Position::of(&head);
        let (pubkey, kind) = (head.pubkey.as_bytes().as_slice(), head.kind.0.to_be_bytes());
        let position = position.as_bytes().as_slice();
        self.push(Index::Id, &[head.id.as_bytes()]);
        self.push(Index::Time, &[position]);
        self.push(Index::Author, &[pubkey, position]);
        self.push(Index::AuthorKind, &[pubkey, &kind, position]);
        self.push(Index::Kind, &[&kind, position]);
        let is_common = COMMON_KINDS.contains(&head.kind);
        for (letter, value) in head.tags.indexed() {
            let tag = tag_prefix(letter, value);
            if !is_common {
                self.push(Index::Tag, &[&tag, position]);
            }
            self.push(Index::TagKind, &[&tag, &kind, position]);
        }
        if let Some(at) = record.expiration() {
            self.push(Index::Expiration, &[&at.0.to_be_bytes(), head.id.as_bytes()]);
        }
        if let Some(address) = head.address() {
            self.push(Index::Head, &[&address_key(&address)]);
        }
        let Self { bytes, entries, .. } = self;
        entries.sort_unstable_by(|(a_index, a), (b_index, b)| {
            a_index.cmp(b_index).then_with(|| bytes.get(a.clone()).cmp(&bytes.get(b.clone())))
        });
        entries.dedup_by(|(a_index, a), (b_index, b)| {
            a_index == b_index && bytes.get(a.clone()) == bytes.get(b.clone())
        });
    }

    /// Each index the record is in, and the key it has there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Index, &[u8])> {
        self.entries.iter().filter_map(|(index, range)| Some((*index, self.bytes.get(range.clone())?)))
    }

    /// What the entries say beside their keys.
    pub(crate) const fn hint(&self) -> Hint {
        self.hint
    }

    /// How long all keys are together.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.iter().map(|(_, range)| range.len()).sum()
    }

    fn push(&mut self, index: Index, parts: &[&[u8]]) {
        let start = self.bytes.len();
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.entries.push((index, start..self.bytes.len()));
    }
}

#[cfg(test)]
mod tests;
