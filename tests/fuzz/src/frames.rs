//! Any bytes as what a client sends over WebSocket.

use std::sync::LazyLock;

use chappe_frames::{Deflater, Incoming, Inflater, Reader, Violation, append_shared, negotiate};

/// The bound of a message, small enough to be reached.
const MESSAGE_BYTES_MAX: usize = 2_000;

static INFLATER: LazyLock<Inflater> = LazyLock::new(|| Inflater::new(1));
static DEFLATER: LazyLock<Deflater> = LazyLock::new(|| Deflater::new(0, 1));

/// What was heard, to compare.
type Heard = Vec<(u8, Vec<u8>)>;

/// The bytes say the same however they are cut, no message is longer than allowed, and text is UTF-8. As a header they are
/// refused or understood, and as a message they survive compression, alone and as what others share.
///
/// The first byte says into pieces of how many bytes the rest is cut.
pub fn frames(bytes: &[u8]) {
    let Some((&cut, rest)) = bytes.split_first() else { return };
    let whole = read(rest, rest.len().max(1));
    let pieces = read(rest, usize::from(cut) + 1);
    assert_eq!(whole, pieces);
    for (kind, message) in &whole.0 {
        assert!(message.len() <= MESSAGE_BYTES_MAX);
        assert!(*kind != b't' || str::from_utf8(message).is_ok());
    }
    if let Ok(Some(agreement)) = str::from_utf8(rest).map_or(Ok(None), |line| negotiate([line])) {
        assert_eq!(
            negotiate([agreement.to_string().as_str()]),
            Ok(Some(agreement)),
            "our answer is no offer"
        );
    }
    come_back(rest, usize::from(cut));
}

fn read(bytes: &[u8], piece_bytes: usize) -> (Heard, Result<(), Violation>) {
    let mut reader = Reader::new(MESSAGE_BYTES_MAX, Some(INFLATER.clone()));
    let (mut heard, mut buffer, mut scratch) = (Heard::new(), Vec::new(), Vec::new());
    for piece in bytes.chunks(piece_bytes) {
        buffer.extend_from_slice(piece);
        let mut unread = buffer.as_mut_slice();
        loop {
            heard.push(match reader.next(&mut unread, &mut scratch) {
                Ok(Some(Incoming::Text(text))) => (b't', text.to_vec()),
                Ok(Some(Incoming::Binary(bytes))) => (b'b', bytes.to_vec()),
                Ok(Some(Incoming::Ping(payload))) => (b'i', payload.to_vec()),
                Ok(Some(Incoming::Pong(payload))) => (b'o', payload.to_vec()),
                Ok(Some(Incoming::Close(close))) => (b'c', close.reason.as_bytes().to_vec()),
                Ok(None) => break,
                Err(violation) => return (heard, Err(violation)),
            });
        }
        let rest = unread.len();
        buffer.drain(..buffer.len() - rest);
    }
    (heard, Ok(()))
}

/// Compresses the bytes and has them read again; a server's frame becomes a client's by a mask of zeros.
fn come_back(message: &[u8], beginning_bytes: usize) {
    let (beginning, end) = message.split_at(beginning_bytes.min(message.len()));
    let Ok(Some(agreement)) = negotiate(["permessage-deflate"]) else { panic!("the plain offer is met") };
    let mut frames = Vec::new();
    DEFLATER.append_text(&mut frames, agreement, message);
    check(&frames, message);
    if let Some(end) = DEFLATER.share(end) {
        frames.clear();
        let append = |out: &mut Vec<u8>| out.extend_from_slice(beginning);
        assert!(append_shared(&mut frames, agreement, append, &end).is_some());
        check(&frames, message);
    }
}

fn check(frame: &[u8], message: &[u8]) {
    let [first, second, rest @ ..] = frame else { panic!("no head") };
    let length = match second {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let (length, payload) = rest.split_at(length);
    // As binary: the bytes need not be UTF-8.
    let mut bytes = [&[first ^ 0x03, second | 0x80], length, &[0; 4], payload].concat();
    let mut scratch = Vec::new();
    let mut reader = Reader::new(usize::MAX, Some(INFLATER.clone()));
    let heard = reader.next(&mut bytes.as_mut_slice(), &mut scratch);
    assert_eq!(heard, Ok(Some(Incoming::Binary(message))));
}
