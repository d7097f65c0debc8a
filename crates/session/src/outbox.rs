//! Messages for the client, put together and not yet sent.

use chappe_buffers::{Buffer, Pool};

/// Text messages in the order in which to send them, in one pooled run of bytes.
///
/// It is full from [`Outbox::FULL_BYTES`] on: then no stored or live event is added until it is [cleared](Self::clear).
/// Short answers still go in; the session bounds their number.
pub struct Outbox {
    pool: Pool,
    bytes: Option<Buffer>,
    /// Where each message ends.
    ends: Vec<usize>,
}

/// How many ends are remembered without keeping memory for more.
const ENDS_KEPT: usize = 16;

impl Outbox {
    /// From this many bytes on the outbox is full. It exceeds them by one message at most.
    pub const FULL_BYTES: usize = 64 * 1024;

    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, bytes: None, ends: Vec::new() }
    }

    /// The messages: each is UTF-8 JSON, whole.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = self.bytes.as_deref().map_or(b"".as_slice(), Vec::as_slice);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| bytes.get(start..end).unwrap_or_default())
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets all messages: they are sent. The memory goes back to the pool.
    pub fn clear(&mut self) {
        self.bytes = None;
        self.ends.clear();
        self.ends.shrink_to(ENDS_KEPT);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.bytes.as_ref().is_none_or(|bytes| bytes.len() < Self::FULL_BYTES)
    }

    /// Adds one message, which `append` writes.
    pub(crate) fn message(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        let bytes = self.bytes.get_or_insert_with(|| self.pool.take());
        append(bytes);
        self.ends.push(bytes.len());
    }
}
