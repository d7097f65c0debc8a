//! Compressed messages (RFC 7692, section 7.2), each on its own.
//!
//! The states of compression are large (some 300 kB to compress, 40 kB to decompress) and are needed for microseconds, so
//! they are lent: as many exist as threads compress at the same time.
//!
//! What many clients are sent differs at its beginning only. DEFLATE is a series of blocks, so the beginning is a block
//! that holds its bytes as they are, and what follows is compressed once for all ([`Shared`]): it refers to nothing
//! before itself, and begins and ends at a whole byte.

mod idle;
mod inflater;
mod tally;

use std::ops::DerefMut;
use std::sync::Arc;

use flate2::{Compress, Compression, FlushCompress};

use self::idle::Idle;
pub use self::inflater::Inflater;
pub use self::tally::{Compressed, Tally};
use crate::extension::Agreement;
use crate::head::Outgoing;
use crate::writer::{append_text, append_with};

/// Twice as fast as the usual 6, and the messages of Nostr are hardly longer (docs/decisions/0014).
const LEVEL: u32 = 2;

/// What a flush ends with, and what is not sent of it (RFC 7692, section 7.2.1).
const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];

/// More than compression can add to a message that it does not shorten: some bytes, and 5 for each block of 64 KiB.
const ADDED_BYTES: usize = 64;

/// What stands before a block of bytes as they are (RFC 1951, section 3.2.4).
const STORED_HEAD_BYTES: usize = 5;

/// Compresses messages. A clone shares the states.
#[derive(Debug, Clone)]
pub struct Deflater {
    idle: Arc<Idle<Compress>>,
    message_bytes_min: usize,
}

/// The end of a message, compressed once for all whose message ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    deflated: Box<[u8]>,
    plain_bytes: usize,
}

impl Deflater {
    /// Leaves messages of less than `message_bytes_min` as they are, and keeps at most `states_max` states: as many as there
    /// are threads.
    #[must_use]
    pub fn new(message_bytes_min: usize, states_max: usize) -> Self {
        Self { idle: Arc::new(Idle::new(states_max)), message_bytes_min }
    }

    /// The least bytes of a message, or of the end of one, that is compressed.
    #[must_use]
    pub const fn message_bytes_min(&self) -> usize {
        self.message_bytes_min
    }

    /// Appends a text message, compressed where that makes it shorter and the client can take it.
    pub fn append_text(&self, out: &mut Vec<u8>, agreement: Agreement, message: &[u8]) {
        if self.append_deflated(out, agreement, message).is_none() {
            append_text(out, message);
        }
    }

    /// The same for a message that is written by `append` to the end of the buffer, which it may not shorten. One that is
    /// too short to be compressed costs no more than without compression; for others `buffer` is asked for an empty one.
    ///
    /// Says what compression made of it, if anything.
    pub fn append_text_with<B: DerefMut<Target = Vec<u8>>>(
        &self,
        out: &mut Vec<u8>,
        agreement: Agreement,
        buffer: impl FnOnce() -> B,
        append: impl FnOnce(&mut Vec<u8>),
    ) -> Option<Compressed> {
        let start = out.len();
        let payload = append_with(out, Outgoing::Text, append);
        let written = out.get(payload..).unwrap_or_default();
        if !self.takes(agreement, written) {
            return None;
        }
        let mut message = buffer();
        message.extend_from_slice(written);
        out.truncate(start);
        let compressed = self.append_deflated(out, agreement, &message);
        if compressed.is_none() {
            append_text(out, &message);
        }
        compressed
    }

    /// Whether a message may be compressed.
    const fn takes(&self, agreement: Agreement, message: &[u8]) -> bool {
        message.len() >= self.message_bytes_min && agreement.reaches(message.len())
    }

    /// Appends a message compressed. Nothing, when it may not be, or would not get shorter.
    fn append_deflated(&self, out: &mut Vec<u8>, agreement: Agreement, message: &[u8]) -> Option<Compressed> {
        if !self.takes(agreement, message) {
            return None;
        }
        let (start, mut is_whole) = (out.len(), false);
        let payload = append_with(out, Outgoing::DeflatedText, |out| is_whole = self.deflate(message, out));
        let deflated_bytes = out.len() - payload;
        if !is_whole || deflated_bytes >= message.len() {
            out.truncate(start);
            return None;
        }
        Some(Compressed::one(message.len(), deflated_bytes))
    }

    /// Compresses the end of a message for [`append_shared`]. None when it is too short for it, or gets no shorter.
    #[must_use]
    pub fn share(&self, end: &[u8]) -> Option<Shared> {
        if end.len() < self.message_bytes_min {
            return None;
        }
        let mut deflated = Vec::new();
        let is_whole = self.deflate(end, &mut deflated);
        let is_of_use = is_whole && deflated.len() + STORED_HEAD_BYTES < end.len();
        is_of_use.then(|| Shared { deflated: deflated.into(), plain_bytes: end.len() })
    }

    /// Appends the bytes, compressed without reference to anything before them, and without the tail. Says whether that
    /// was possible.
    fn deflate(&self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let mut state = self.idle.take_or(|| Compress::new(Compression::new(LEVEL), false));
        state.reset();
        let mut rest = bytes;
        loop {
            out.reserve(rest.len() / 2 + ADDED_BYTES);
            let before = state.total_in();
            if state.compress_vec(rest, out, FlushCompress::Sync).is_err() {
                return false;
            }
            rest = behind(rest, state.total_in() - before);
            // A flush is complete when it leaves room.
            if rest.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
        self.idle.give_back(state);
        let is_whole = out.ends_with(TAIL);
        out.truncate(out.len() - if is_whole { TAIL.len() } else { 0 });
        is_whole
    }
}

impl Shared {
    /// What it takes in memory, in bytes.
    #[must_use]
    pub const fn len_bytes(&self) -> usize {
        self.deflated.len()
    }
}

/// Appends a text message: its beginning as `append` writes it to the end of the buffer, at most 65,535 bytes, its end
/// compressed before. Says what compression made of it; nothing, and appends nothing, when the client cannot take that.
pub fn append_shared(
    out: &mut Vec<u8>,
    agreement: Agreement,
    append: impl FnOnce(&mut Vec<u8>),
    end: &Shared,
) -> Option<Compressed> {
    if !agreement.reaches(end.plain_bytes) {
        return None;
    }
    let (start, mut beginning) = (out.len(), None);
    let payload = append_with(out, Outgoing::DeflatedText, |out| {
        beginning = append_stored(out, append);
        out.extend_from_slice(&end.deflated);
    });
    let Some(beginning) = beginning else {
        out.truncate(start);
        return None;
    };
    Some(Compressed::one(beginning + end.plain_bytes, out.len() - payload))
}

/// A block that holds the bytes that `append` writes as they are, at a whole byte, and is not the last one (RFC 1951,
/// section 3.2.4). Says how many they are, unless they are too many.
fn append_stored(out: &mut Vec<u8>, append: impl FnOnce(&mut Vec<u8>)) -> Option<usize> {
    let start = out.len();
    out.extend_from_slice(&[0; STORED_HEAD_BYTES]);
    append(out);
    let bytes = out.len() - start - STORED_HEAD_BYTES;
    let [low, high] = u16::try_from(bytes).ok()?.to_le_bytes();
    out.get_mut(start..start + STORED_HEAD_BYTES)?.copy_from_slice(&[0, low, high, !low, !high]);
    Some(bytes)
}

fn behind(bytes: &[u8], taken: u64) -> &[u8] {
    usize::try_from(taken).ok().and_then(|taken| bytes.get(taken..)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
