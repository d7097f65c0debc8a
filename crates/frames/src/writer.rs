//! Frames for a client, at the end of a buffer.

use crate::close::REASON_BYTES_MAX;
use crate::head::{Head, LENGTH_IN_2, LENGTH_IN_8, Outgoing, SHORT_BYTES_MAX};

/// The head of a message between 126 bytes and 64 KiB, as most have.
const USUAL_HEAD_BYTES: usize = 4;

/// Appends a text message, which has to be UTF-8.
pub fn append_text(out: &mut Vec<u8>, message: &[u8]) {
    append(out, Outgoing::Text, &[message]);
}

/// Appends a text message that is written by `append` to the end of the buffer, which it may not shorten. The message is
/// not copied unless it is very short or very long, so that its head has another size than most.
pub fn append_text_with(out: &mut Vec<u8>, append: impl FnOnce(&mut Vec<u8>)) {
    append_with(out, Outgoing::Text, append);
}

/// Appends a frame whose payload is written by `append`, and says where that begins.
pub(crate) fn append_with(out: &mut Vec<u8>, what: Outgoing, append: impl FnOnce(&mut Vec<u8>)) -> usize {
    let start = out.len();
    let begin = start + USUAL_HEAD_BYTES;
    out.extend_from_slice(&[0; USUAL_HEAD_BYTES]);
    append(out);
    let payload_bytes = out.len().saturating_sub(begin);
    let head = Head::new(what, payload_bytes);
    let head = head.as_ref();
    let to = start + head.len();
    if to != begin {
        out.resize(out.len().max(to + payload_bytes), 0);
        out.copy_within(begin..begin + payload_bytes, to);
        out.truncate(to + payload_bytes);
    }
    if let Some(room) = out.get_mut(start..to) {
        room.copy_from_slice(head);
    }
    to
}

/// Appends a close frame: with a code and a reason, of which as much is sent as fits into [`REASON_BYTES_MAX`], or empty, as
/// the answer to an empty one.
pub fn append_close(out: &mut Vec<u8>, why: Option<(u16, &str)>) {
    let Some((code, reason)) = why else { return append(out, Outgoing::Close, &[]) };
    let cut = reason.floor_char_boundary(REASON_BYTES_MAX);
    let reason = reason.get(..cut).unwrap_or_default();
    append(out, Outgoing::Close, &[&code.to_be_bytes(), reason.as_bytes()]);
}

/// Appends an empty ping.
pub fn append_ping(out: &mut Vec<u8>) {
    append(out, Outgoing::Ping, &[]);
}

/// Appends the answer to a ping: its payload, of which 125 bytes are the most there can be.
pub fn append_pong(out: &mut Vec<u8>, payload: &[u8]) {
    append(out, Outgoing::Pong, &[payload.get(..SHORT_BYTES_MAX).unwrap_or(payload)]);
}

/// Appends a frame whose payload comes in parts.
fn append(out: &mut Vec<u8>, what: Outgoing, parts: &[&[u8]]) {
    let bytes = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(Head::new(what, bytes).as_ref());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The text messages among frames that were written here, for who has no WebSocket to send them over. Compressed ones are
/// left out.
pub fn texts(frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = frames;
    let frames = std::iter::from_fn(move || {
        let (what, payload, behind) = split_frame(rest)?;
        rest = behind;
        Some((what, payload))
    });
    frames.filter(|(first, _)| *first == Outgoing::Text.first_byte()).map(|(_, payload)| payload)
}

/// The first byte of the first frame, its payload, and what comes behind it.
fn split_frame(frames: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[first, short], rest) = frames.split_first_chunk()?;
    let (length, rest) = match short {
        LENGTH_IN_2 => {
            rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?
        }
        LENGTH_IN_8 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        length => (length.into(), rest),
    };
    let (payload, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((first, payload, behind))
}

#[cfg(test)]
mod tests;
