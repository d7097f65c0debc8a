//! An event as it lies on disk. The layout is drawn in docs/storage.md.

use std::sync::Arc;

use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Tags, TagsWriter, Timestamp};

use crate::compression::{Compressor, Dictionaries, is_frame, plain_bytes};
use crate::error::Error;

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

/// Where a record is read that needs no wire form, or has a plain one.
static NO_DICTIONARIES: Dictionaries = Dictionaries::new();

/// An event ready to be stored and sent: what the indexes need, and its wire form. Cloning shares the bytes.
///
/// They are as they are going to lie on disk; behind that is the plain wire form, if that is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(Arc<[u8]>);

/// A record, read in place.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    id: &'a [u8; EventId::BYTES],
    pubkey: &'a [u8; PublicKey::BYTES],
    created_at: u64,
    expiration: u64,
    kind: u16,
    tags: &'a [u8],
    /// Plain, or a frame.
    wire: &'a [u8],
    dictionaries: &'a Dictionaries,
}

impl Record {
    /// Makes the record of an event. `json` is what will be served for it, byte by byte; the store never looks inside.
    ///
    /// Keeps of the tags what an index or a rule of the store needs: single-letter ones, their first two strings.
    #[must_use]
    pub fn new(event: &Event<'_>, json: &[u8]) -> Self {
        let bytes_max = TAGS + event.head.tags.as_packed().len() + json.len();
        let bytes = &mut Vec::with_capacity(bytes_max);
        Self::put_together(event, bytes, Compressor::NONE, |bytes| bytes.extend_from_slice(json))
    }

    /// The same, of a JSON that `append_json` writes, to be kept compressed where that pays. It is put together in `bytes`,
    /// which keep their memory and lose their content, so that the one thing allocated is the record itself, in its exact
    /// size.
    #[must_use]
    pub fn put_together(
        event: &Event<'_>,
        bytes: &mut Vec<u8>,
        compressor: Compressor<'_>,
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
        let wire = bytes.len();
        append_json(bytes);
        Self::finish(bytes, wire, compressor)
    }

    /// The same of a record that was put together before, compressed already or not; `stored` is it as it lies on disk.
    pub(crate) fn kept_anew(
        view: RecordView<'_>,
        stored: &[u8],
        bytes: &mut Vec<u8>,
        compressor: Compressor<'_>,
    ) -> Result<Self, Error> {
        bytes.clear();
        bytes.extend_from_slice(view.without_wire(stored));
        let wire = bytes.len();
        view.append_json(bytes)?;
        Ok(Self::finish(bytes, wire, compressor))
    }

    /// Makes a record of these bytes, in which the wire form begins here.
    fn finish(bytes: &mut Vec<u8>, wire: usize, compressor: Compressor<'_>) -> Self {
        if let Some(frame) = compressor.append(bytes, wire) {
            // The frame takes the place of what it was made from.
            bytes.get_mut(wire..).unwrap_or_default().rotate_right(frame);
        }
        Self(bytes.as_slice().into())
    }

    /// The fields, with the plain wire form; and how many of the bytes go to disk.
    fn parts(&self) -> (RecordView<'_>, usize) {
        // Only `finish` makes records, and what it makes parses.
        let view = RecordView::parse(&self.0).unwrap_or_else(RecordView::nothing);
        if !is_frame(view.wire) {
            return (view, self.0.len());
        }
        // The frame says how long what is behind it is.
        let json = view.wire.len().saturating_sub(plain_bytes(view.wire).unwrap_or_default());
        let (frame, json) = view.wire.split_at_checked(json).unwrap_or_default();
        (RecordView { wire: json, ..view }, TAGS + view.tags.len() + frame.len())
    }

    /// The fields. Their wire form is the plain one.
    #[must_use]
    pub fn view(&self) -> RecordView<'_> {
        self.parts().0
    }

    /// All of it, as it lies on disk.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.get(..self.parts().1).unwrap_or_default()
    }

    /// The wire form, served by copy.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        self.view().wire
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub fn bytes_held(&self) -> usize {
        self.0.len()
    }

    /// Bytes of the compressed wire form, if that is kept.
    pub(crate) fn frame_bytes(&self) -> Option<usize> {
        let (view, kept) = self.parts();
        (kept < self.0.len()).then(|| kept - (TAGS + view.tags.len()))
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
    const fn nothing() -> Self {
        Self {
            id: &[0; EventId::BYTES],
            pubkey: &[0; PublicKey::BYTES],
            created_at: 0,
            expiration: NEVER,
            kind: 0,
            tags: &[],
            wire: &[],
            dictionaries: &NO_DICTIONARIES,
        }
    }

    /// The record's bytes without the wire form: a record itself, with an empty one.
    pub(crate) fn without_wire<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(..TAGS + self.tags.len()).unwrap_or_default()
    }

    /// Reads what [`Record::new`] wrote, for who asks for no wire form that is compressed; nothing when the bytes end too early.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Self::parse_by(bytes, &NO_DICTIONARIES)
    }

    /// The same with the dictionaries of the store that it is from.
    pub(crate) fn parse_by(bytes: &'a [u8], dictionaries: &'a Dictionaries) -> Option<Self> {
        let tags_bytes = usize::try_from(u64::from_le_bytes(*array_at(bytes, TAGS_BYTES)?)).ok()?;
        let (tags, wire) = bytes.get(TAGS..)?.split_at_checked(tags_bytes)?;
        Some(Self {
            id: array_at(bytes, ID)?,
            pubkey: array_at(bytes, PUBKEY)?,
            created_at: u64::from_le_bytes(*array_at(bytes, CREATED_AT)?),
            expiration: u64::from_le_bytes(*array_at(bytes, EXPIRATION)?),
            kind: u16::from_le_bytes(*array_at(bytes, KIND)?),
            tags,
            wire,
            dictionaries,
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
        TAGS + self.tags.len() + self.wire.len()
    }

    /// Whether all but the wire form is the same.
    #[must_use]
    pub fn has_head_of(&self, other: &RecordView<'_>) -> bool {
        let numbers = |view: &RecordView<'_>| (view.created_at, view.expiration, view.kind);
        (self.id, self.pubkey, self.tags) == (other.id, other.pubkey, other.tags)
            && numbers(self) == numbers(other)
    }

    /// The wire form as it is kept: the plain one, or what it was compressed to.
    #[must_use]
    pub const fn wire(&self) -> &'a [u8] {
        self.wire
    }

    /// The wire form where it lies; nothing when it is compressed.
    #[must_use]
    pub fn plain(&self) -> Option<&'a [u8]> {
        (!is_frame(self.wire)).then_some(self.wire)
    }

    /// How many bytes the wire form has when it is served.
    #[must_use]
    pub fn json_bytes(&self) -> usize {
        // One that does not say it is damaged, as whoever reads it will find.
        self.plain().map_or_else(|| plain_bytes(self.wire).unwrap_or(self.wire.len()), <[u8]>::len)
    }

    /// Appends the wire form as it is served. Costs a copy, or some ten times that when it is compressed.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when it cannot be decompressed; nothing is appended then.
    pub fn append_json(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self.plain() {
            Some(json) => out.extend_from_slice(json),
            None => self.dictionaries.decompress(self.wire, out)?,
        }
        Ok(())
    }

    /// The wire form as it is served: where it lies, or decompressed in this room, which loses its content then.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when it cannot be decompressed.
    pub fn json<'r>(&self, room: &'r mut Vec<u8>) -> Result<&'r [u8], Error>
    where
        'a: 'r,
    {
        if let Some(json) = self.plain() {
            return Ok(json);
        }
        room.clear();
        self.dictionaries.decompress(self.wire, room)?;
        Ok(room)
    }
}

fn array_at<const N: usize>(bytes: &[u8], start: usize) -> Option<&[u8; N]> {
    bytes.get(start..)?.first_chunk()
}

#[cfg(test)]
mod tests;
