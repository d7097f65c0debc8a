//! An event as it lies on disk. The layout is drawn in docs/storage.md.

use std::sync::Arc;

use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Tags, TagsWriter, Timestamp};

// Where each field starts. Numbers are little-endian.
const ID: usize = 0;
const PUBKEY: usize = ID + EventId::BYTES;
const CREATED_AT: usize = PUBKEY + PublicKey::BYTES;
const EXPIRATION: usize = CREATED_AT + size_of::<u64>();
const TAGS_BYTES: usize = EXPIRATION + size_of::<u64>();
const KIND: usize = TAGS_BYTES + size_of::<u64>();
/// The indexed tags follow the fixed part, and the wire form follows them.
const TAGS: usize = KIND + size_of::<u16>();

/// The `expiration` of an event that never expires.
const NEVER: u64 = u64::MAX;

/// An event ready to be stored and sent: what the indexes need, and its wire form. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(Arc<[u8]>);

/// A record, read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordView<'a> {
    id: &'a [u8; EventId::BYTES],
    pubkey: &'a [u8; PublicKey::BYTES],
    created_at: u64,
    expiration: u64,
    kind: u16,
    tags: &'a [u8],
    json: &'a [u8],
}

impl Record {
    /// Makes the record of an event. `json` is what will be served for it, byte by byte; the store never looks inside.
    ///
    /// Keeps of the tags what an index or a rule of the store needs: single-letter ones, their first two strings.
    #[must_use]
    pub fn new(event: &Event<'_>, json: &[u8]) -> Self {
        let bytes_max = TAGS + event.head.tags.as_packed().len() + json.len();
        Self::put_together(event, &mut Vec::with_capacity(bytes_max), |bytes| bytes.extend_from_slice(json))
    }

    /// The same, of a JSON that `append_json` writes. It is put together in `bytes`, which keep their memory and lose
    /// their content, so that the one thing allocated is the record itself, in its exact size.
    #[must_use]
    pub fn put_together(
        event: &Event<'_>,
        bytes: &mut Vec<u8>,
        append_json: impl FnOnce(&mut Vec<u8>),
    ) -> Self {
        let head = &event.head;
        bytes.clear();
        bytes.extend_from_slice(head.id.as_bytes());
        bytes.extend_from_slice(head.pubkey.as_bytes());
        bytes.extend_from_slice(&head.created_at.0.to_le_bytes());
        bytes.extend_from_slice(&head.expiration().map_or(NEVER, |at| at.0).to_le_bytes());
        bytes.extend_from_slice(&[0; size_of::<u64>()]);
        bytes.extend_from_slice(&head.kind.0.to_le_bytes());
        append_indexed(bytes, head.tags);
        let tags_bytes = (bytes.len() - TAGS) as u64;
        if let Some(place) = bytes.get_mut(TAGS_BYTES..KIND) {
            place.copy_from_slice(&tags_bytes.to_le_bytes());
        }
        append_json(bytes);
        Self(bytes.as_slice().into())
    }

    /// The fields.
    #[must_use]
    pub fn view(&self) -> RecordView<'_> {
        // Only `new` makes records, and what it makes parses.
        RecordView::parse(&self.0).unwrap_or(RecordView::NOTHING)
    }

    /// All of it, as it lies on disk.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A tag without a value is kept too: a first `["d"]` decides that the address is the empty one.
fn append_indexed(out: &mut Vec<u8>, tags: Tags<'_>) {
    let mut writer = TagsWriter::new(out);
    for tag in tags.iter().filter(|tag| matches!(tag.name(), [letter] if letter.is_ascii_alphabetic())) {
        writer.begin_tag();
        // Two strings that came out of a packed tag fit into one.
        let fits = tag.strings().take(2).all(|string| writer.string(string)) && writer.end_tag();
        debug_assert!(fits, "a part of a tag is smaller than the tag");
    }
}

impl<'a> RecordView<'a> {
    const NOTHING: Self = Self {
        id: &[0; EventId::BYTES],
        pubkey: &[0; PublicKey::BYTES],
        created_at: 0,
        expiration: NEVER,
        kind: 0,
        tags: &[],
        json: &[],
    };

    /// The record's bytes without the wire form: a record itself, with an empty one.
    pub(crate) fn without_json(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(..bytes.len().saturating_sub(self.json.len())).unwrap_or_default()
    }

    /// Reads what [`Record::new`] wrote; nothing when the bytes end too early.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let tags_bytes = usize::try_from(u64::from_le_bytes(*array_at(bytes, TAGS_BYTES)?)).ok()?;
        let (tags, json) = bytes.get(TAGS..)?.split_at_checked(tags_bytes)?;
        Some(Self {
            id: array_at(bytes, ID)?,
            pubkey: array_at(bytes, PUBKEY)?,
            created_at: u64::from_le_bytes(*array_at(bytes, CREATED_AT)?),
            expiration: u64::from_le_bytes(*array_at(bytes, EXPIRATION)?),
            kind: u16::from_le_bytes(*array_at(bytes, KIND)?),
            tags,
            json,
        })
    }

    /// The event's head. **Its tags are the indexed ones only**, without strings after the second: enough for filters
    /// and addresses, but `expiration` and `-` are not among them (see [`Self::expiration`]).
    #[must_use]
    pub const fn head(&self) -> EventHead<'a> {
        EventHead {
            id: EventId::from_bytes(*self.id),
            pubkey: PublicKey::from_bytes(*self.pubkey),
            created_at: Timestamp(self.created_at),
            kind: Kind(self.kind),
            tags: Tags::from_packed(self.tags),
        }
    }

    /// When the event stops being served (NIP-40).
    #[must_use]
    pub fn expiration(&self) -> Option<Timestamp> {
        (self.expiration != NEVER).then_some(Timestamp(self.expiration))
    }

    /// Whether the event is gone: from the second that its expiration names (NIP-40).
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration().is_some_and(|at| at <= now)
    }

    /// How many bytes the record has on disk.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        TAGS + self.tags.len() + self.json.len()
    }

    /// The wire form, served by copy.
    #[must_use]
    pub const fn json(&self) -> &'a [u8] {
        self.json
    }
}

fn array_at<const N: usize>(bytes: &[u8], start: usize) -> Option<&[u8; N]> {
    bytes.get(start..)?.first_chunk()
}

#[cfg(test)]
mod tests;
