//! Compressed messages (RFC 7692, section 7.2), each on its own.
//!
//! The states of compression are large (some 300 kB to compress, 40 kB to decompress) and are needed for microseconds, so
//! they are lent: as many exist as threads compress at the same time.
//!
//! What many clients are sent differs at its beginning only. DEFLATE is a series of blocks, so the beginning is a block
//! that holds its bytes as they are, and what follows is compressed once for all ([`Shared`]): it refers to nothing
//! before itself, and begins and ends at a whole byte.

mod idle;

use std::sync::Arc;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use self::idle::Idle;
use crate::Violation;
use crate::extension::Agreement;
use crate::head::Outgoing;
use crate::writer::{append_text, append_with};

/// Twice as fast as the usual 6, and the messages of Nostr are hardly longer (docs/decisions/0014).
const LEVEL: u32 = 2;

/// What a flush ends with, and what is not sent of it (RFC 7692, section 7.2.1).
const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];

/// More than compression can add to a message that it does not shorten: some bytes, and 5 for each block of 64 KiB.
const ADDED_BYTES: usize = 64;

/// The longest block of bytes as they are, and what stands before them (RFC 1951, section 3.2.4).
const STORED_BYTES_MAX: usize = u16::MAX as usize;
const STORED_HEAD_BYTES: usize = 5;

/// The least that a message grows by while it is decompressed.
const GROWTH_BYTES_MIN: usize = 1024;

/// How often a message may say that its compression ends and then go on. Once is what some clients do (RFC 7692, section
/// 7.2.3.4).
const ENDS_MAX: usize = 4;

/// Compresses messages. A clone shares the states.
#[derive(Debug, Clone)]
pub struct Deflater {
    idle: Arc<Idle<Compress>>,
    message_bytes_min: usize,
}

/// Decompresses messages. A clone shares the states.
#[derive(Debug, Clone)]
pub struct Inflater {
    idle: Arc<Idle<Decompress>>,
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

    /// Appends a text message, compressed where that makes it shorter and the client can take it.
    pub fn append_text(&self, out: &mut Vec<u8>, agreement: Agreement, message: &[u8]) {
        let start = out.len();
        if message.len() >= self.message_bytes_min && agreement.reaches(message.len()) {
            let mut is_whole = false;
            append_with(out, Outgoing::DeflatedText, |out| is_whole = self.deflate(message, out));
            if is_whole && out.len() - start < message.len() {
                return;
            }
            out.truncate(start);
        }
        append_text(out, message);
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

/// Appends a text message: its `beginning` as it is, its end compressed before. False, and nothing, when the client cannot
/// take that.
#[must_use]
pub fn append_shared(out: &mut Vec<u8>, agreement: Agreement, beginning: &[u8], end: &Shared) -> bool {
    if !agreement.reaches(end.plain_bytes) {
        return false;
    }
    append_with(out, Outgoing::DeflatedText, |out| {
        for block in beginning.chunks(STORED_BYTES_MAX) {
            append_stored(out, block);
        }
        out.extend_from_slice(&end.deflated);
    });
    true
}

/// A block that holds its bytes as they are, at a whole byte, and is not the last one (RFC 1951, section 3.2.4).
fn append_stored(out: &mut Vec<u8>, block: &[u8]) {
    let [low, high, ..] = block.len().to_le_bytes();
    out.extend_from_slice(&[0, low, high, !low, !high]);
    out.extend_from_slice(block);
}

impl Inflater {
    /// Keeps at most `states_max` states: as many as there are threads.
    #[must_use]
    pub fn new(states_max: usize) -> Self {
        Self { idle: Arc::new(Idle::new(states_max)) }
    }

    /// Appends what the bytes are decompressed, up to `bytes_max`.
    pub(crate) fn inflate(
        &self,
        deflated: &[u8],
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<(), Violation> {
        let mut state = self.idle.take_or(|| Decompress::new(false));
        state.reset(false);
        let done = inflate(&mut state, deflated, out, bytes_max);
        self.idle.give_back(state);
        done
    }
}

fn inflate(
    state: &mut Decompress,
    deflated: &[u8],
    out: &mut Vec<u8>,
    bytes_max: usize,
) -> Result<(), Violation> {
    let mut ends = 0;
    for part in [deflated, TAIL] {
        let mut rest = part;
        loop {
            make_room(out, rest.len(), bytes_max);
            let (taken_before, length_before) = (state.total_in(), out.len());
            let status =
                state.decompress_vec(rest, out, FlushDecompress::Sync).map_err(|_| Violation::NotDeflate)?;
            let taken = state.total_in() - taken_before;
            rest = behind(rest, taken);
            if out.len() > bytes_max {
                return Err(Violation::TooLong);
            }
            if status == Status::StreamEnd {
                ends += 1;
                if rest.is_empty() {
                    return Ok(());
                }
                if ends > ENDS_MAX {
                    return Err(Violation::NotDeflate);
                }
                state.reset(false);
            } else if rest.is_empty() && out.len() < out.capacity() {
                break;
            } else if taken == 0 && out.len() == length_before {
                // There is room, there is input, and nothing comes of it.
                return Err(Violation::NotDeflate);
            }
        }
    }
    Ok(())
}

/// Has `out` be able to grow, by no more than what was decompressed so far or is likely to come, and not much further than
/// to the bound.
fn make_room(out: &mut Vec<u8>, deflated_bytes: usize, bytes_max: usize) {
    if out.len() < out.capacity() {
        return;
    }
    let likely = out.len().max(deflated_bytes.saturating_mul(2)).max(GROWTH_BYTES_MIN);
    let allowed = bytes_max.saturating_sub(out.len()).saturating_add(1);
    out.reserve_exact(likely.min(allowed));
}

fn behind(bytes: &[u8], taken: u64) -> &[u8] {
    usize::try_from(taken).ok().and_then(|taken| bytes.get(taken..)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
