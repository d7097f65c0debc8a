//! Messages for the client, put together and not yet sent.

use chappe_buffers::{Buffer, Class, Pool};
use chappe_frames::{append_text_with, texts};
use chappe_protocol::SubscriptionId;
use chappe_store::RecordView;

use crate::compressor::{Compression, Effort};

/// Messages in the order in which to send them, as WebSocket frames in one pooled run of bytes: what a message needs around
/// itself is written with it, so that nobody has to copy it once more, and many leave in one call of the system.
///
/// It is full from [`Outbox::FULL_BYTES`] on: then no stored or live event is added until enough is
/// [sent](Self::mark_sent). Short answers still go in; the session bounds their number.
pub struct Outbox {
    pool: Pool,
    bytes: Option<Buffer>,
    /// How many of them are sent.
    sent: usize,
    /// None where the client takes no compressed messages. In a box, so that such a connection does not hold the room for it.
    compression: Option<Box<Compression>>,
}

impl Outbox {
    /// From this many bytes on the outbox is full. It exceeds them by one message at most.
    pub const FULL_BYTES: usize = 64 * 1024;

    pub(crate) const fn new(pool: Pool) -> Self {
        Self { pool, bytes: None, sent: 0, compression: None }
    }

    pub(crate) fn compress(&mut self, compression: Compression) {
        self.compression = Some(Box::new(compression));
    }

    /// What is to be sent, as WebSocket frames.
    #[must_use]
    pub fn frames(&self) -> &[u8] {
        self.bytes.as_ref().and_then(|bytes| bytes.get(self.sent..)).unwrap_or_default()
    }

    /// The messages themselves, for who has no WebSocket and no compression and has sent nothing yet: each is UTF-8 JSON,
    /// whole.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        texts(self.frames())
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames().is_empty()
    }

    /// Takes note that so many more bytes are sent. When all are, the memory goes back to the pool.
    pub fn mark_sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes);
        if self.is_empty() {
            self.clear();
        }
    }

    /// Forgets everything: it is sent, or nobody wants it.
    pub fn clear(&mut self) {
        self.bytes = None;
        self.sent = 0;
        if let Some(compression) = &mut self.compression {
            compression.tell();
        }
    }

    /// Adds a frame that is no message, such as a ping, which `append` writes.
    pub fn control(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        append(self.bytes.get_or_insert_with(|| self.pool.take()));
    }

    pub(crate) fn has_room(&self) -> bool {
        self.frames().len() < Self::FULL_BYTES
    }

    /// Takes the memory for so many bytes of messages, if there are none yet: what begins too small has to be moved as it
    /// grows. For many it begins with what all large buffers have in common; those grow once, and stay that large in the
    /// pool.
    pub(crate) fn expect(&mut self, bytes: usize) {
        let bytes = bytes.min(Class::Medium.capacity_bytes_min());
        self.bytes.get_or_insert_with(|| self.pool.take_for(bytes));
    }

    /// Adds one message, which `append` writes.
    pub(crate) fn message(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        let Self { pool, bytes, compression, .. } = self;
        let out = bytes.get_or_insert_with(|| pool.take());
        match compression {
            Some(compression) => compression.append(out, pool, append),
            None => append_text_with(out, append),
        }
    }

    /// Adds an EVENT message.
    ///
    /// # Errors
    ///
    /// [`chappe_store::Error::Corrupt`] when its wire form cannot be read. Nothing is added then.
    pub(crate) fn event(
        &mut self,
        subscription: &SubscriptionId,
        record: &RecordView<'_>,
    ) -> Result<Effort, chappe_store::Error> {
        let Self { pool, bytes, compression, .. } = self;
        let out = bytes.get_or_insert_with(|| pool.take());
        let compressed = compression
            .as_mut()
            .and_then(|compression| compression.append_event(out, pool, subscription, record));
        if let Some(effort) = compressed {
            return Ok(effort);
        }
        let (start, mut read) = (out.len(), Ok(()));
        append_text_with(out, |out| {
            read = chappe_codec::append_event_message(out, subscription, |out| record.append_json(out));
        });
        if read.is_err() {
            out.truncate(start);
        }
        read.map(|()| Effort::Copied)
    }
}
