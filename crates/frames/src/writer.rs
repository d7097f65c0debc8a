//! Frames for a client, at the end of a buffer.

use crate::close::REASON_BYTES_MAX;
use crate::head::{Head, Outgoing, SHORT_BYTES_MAX};

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

/// Appends a frame whose payload is written by `append`.
pub(crate) fn append_with(out: &mut Vec<u8>, what: Outgoing, append: impl FnOnce(&mut Vec<u8>)) {
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
}

/// Appends a close frame. Of the reason, as much is sent as fits into [`REASON_BYTES_MAX`].
pub fn append_close(out: &mut Vec<u8>, code: u16, reason: &str) {
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

#[cfg(test)]
mod tests;
