//! Compression that connections share.

mod memory;

use std::fmt;
use std::sync::Arc;

use chappe_buffers::Pool;
use chappe_frames::{Agreement, Compressed, Deflater, Tally, append_shared};
use chappe_protocol::SubscriptionId;
use chappe_store::RecordView;

use self::memory::Memory;

/// Compresses what is sent, and remembers the events that were sent last in their compressed form.
///
/// A live event is compressed once, however many connections take it, and an event that many ask for is too: of all that an
/// EVENT message has, only the subscription id differs between them. What is remembered is found by the event and handed
/// out only to who was about to be sent that event in any case, so deletions and rights need no look at it.
pub struct Compressor {
    deflater: Deflater,
    memory: Memory,
    sent: Tally,
}

/// What the memory of compressed events has in it, and what it was good for so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remembered {
    /// Events in it now.
    pub events: usize,
    /// Bytes that they take, all included.
    pub bytes: usize,
    /// Events that were compressed for it.
    pub compressed: u64,
}

/// Compression as agreed on with one client.
pub(crate) struct Compression {
    agreement: Agreement,
    compressor: Arc<Compressor>,
    /// What the compressor was not told yet: once for many messages, so that threads do not fight for its counters.
    untold: Compressed,
}

/// What it took to write an EVENT message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// A copy.
    Copied,
    /// Some ten times that.
    Compressed,
}

impl Compressor {
    /// Remembers so many bytes of compressed events at most, all that goes with them included. An event that is longer than
    /// one part in 32 of that is sent as it is, so 0 leaves all events as they are.
    #[must_use]
    pub fn new(deflater: Deflater, events_bytes_max: usize) -> Self {
        Self { deflater, memory: Memory::new(events_bytes_max), sent: Tally::default() }
    }

    /// The messages that left compressed so far.
    #[must_use]
    pub fn sent(&self) -> Compressed {
        self.sent.sum()
    }

    /// The memory of compressed events. Looks at all of its parts in turn.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        self.memory.remembered()
    }
}

impl Compression {
    pub(crate) fn new(agreement: Agreement, compressor: Arc<Compressor>) -> Self {
        Self { agreement, compressor, untold: Compressed::default() }
    }

    /// Adds a message, which `append` writes, as a frame.
    pub(crate) fn append(&mut self, out: &mut Vec<u8>, pool: &Pool, append: impl FnOnce(&mut Vec<u8>)) {
        let Self { agreement, compressor, untold } = self;
        let compressed = compressor.deflater.append_text_with(out, *agreement, || pool.take(), append);
        compressed.into_iter().for_each(|compressed| untold.add(compressed));
    }

    /// Adds an EVENT message as a compressed frame. Nothing, where it has to be sent as it is.
    pub(crate) fn append_event(
        &mut self,
        out: &mut Vec<u8>,
        pool: &Pool,
        subscription: &SubscriptionId,
        record: &RecordView<'_>,
    ) -> Option<Effort> {
        let Self { agreement, compressor, untold } = self;
        let Compressor { deflater, memory, .. } = &**compressor;
        let json_bytes = record.json_bytes();
        if json_bytes < deflater.message_bytes_min() || !agreement.reaches(json_bytes + 1) {
            return None;
        }
        let mut effort = Effort::Copied;
        let compress = || {
            effort = Effort::Compressed;
            let mut end = pool.take_for(json_bytes + 1);
            // One that cannot be read is told of by who comes to send it as it is.
            record.append_json(&mut end).ok()?;
            end.push(b']');
            deflater.share(&end)
        };
        let compressed = memory.with(record, compress, |end| {
            let beginning = |out: &mut Vec<u8>| chappe_codec::append_event_prefix(out, subscription);
            append_shared(out, *agreement, beginning, end)
        });
        compressed.map(|compressed| {
            untold.add(compressed);
            effort
        })
    }

    /// Tells the compressor what this connection has compressed.
    pub(crate) fn tell(&mut self) {
        let untold = std::mem::take(&mut self.untold);
        if untold.messages > 0 {
            self.compressor.sent.add(untold);
        }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, remembered) = (self.sent(), self.remembered());
        f.debug_struct("Compressor")
            .field("sent", &sent)
            .field("remembered", &remembered)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
