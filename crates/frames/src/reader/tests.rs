//! The rules of RFC 6455 for what a client sends, one table each.

use super::*;
use crate::deflate::Deflater;
use crate::extension::negotiate;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length.to_le_bytes()[0]),
        length @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    let start = frame.len();
    frame.extend_from_slice(payload);
    unmask(&mut frame[start..], MASK, 0);
    frame
}

/// What was heard, to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

fn heard(incoming: Incoming<'_>) -> Heard {
    match incoming {
        Incoming::Text(text) => Heard::Text(text.to_vec()),
        Incoming::Binary(bytes) => Heard::Binary(bytes.to_vec()),
        Incoming::Ping(payload) => Heard::Ping(payload.to_vec()),
        Incoming::Pong(payload) => Heard::Pong(payload.to_vec()),
        Incoming::Close(Close { code, reason }) => Heard::Close(code, reason.to_owned()),
    }
}

/// What a connection does: has bytes come in pieces, and keeps what is left.
fn read_in(pieces: &[&[u8]], mut reader: Reader) -> (Vec<Heard>, Result<(), Violation>) {
    let (mut buffer, mut scratch, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let mut unread = buffer.as_mut_slice();
        loop {
            match reader.next(&mut unread, &mut scratch) {
                Ok(Some(incoming)) => all.push(heard(incoming)),
                Ok(None) => break,
                Err(violation) => return (all, Err(violation)),
            }
        }
        let rest = unread.len();
        buffer.drain(..buffer.len() - rest);
    }
    (all, Ok(()))
}

fn reader() -> Reader {
    Reader::new(100_000, Some(Inflater::new(1)))
}

/// The same however the bytes are cut.
#[track_caller]
fn check(bytes: &[u8], expected: &[Heard], end: Result<(), Violation>) {
    assert_eq!(read_in(&[bytes], reader()), (expected.to_vec(), end), "{bytes:x?}");
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read_in(&single, reader()), (expected.to_vec(), end), "{bytes:x?} byte by byte");
    for cut in 0..bytes.len() {
        let (front, back) = bytes.split_at(cut);
        assert_eq!(read_in(&[front, back], reader()), (expected.to_vec(), end), "{bytes:x?} cut at {cut}");
    }
}

fn text(text: &str) -> Heard {
    Heard::Text(text.as_bytes().to_vec())
}

#[test]
fn messages_and_control_frames() {
    type Frames = [(u8, &'static [u8])];
    let rows: &[(&Frames, &[Heard])] = &[
        // Section 5.7: an unfragmented and a fragmented message, a ping and its answer.
        (&[(0x81, b"Hello")], &[text("Hello")]),
        (&[(0x01, b"Hel"), (0x80, b"lo")], &[text("Hello")]),
        (
            &[(0x89, b"Hello"), (0x8a, b"Hello")],
            &[Heard::Ping(b"Hello".to_vec()), Heard::Pong(b"Hello".to_vec())],
        ),
        (&[(0x82, &[0xff; 256])], &[Heard::Binary(vec![0xff; 256])]),
        (&[(0x81, b"")], &[text("")]),
        // Section 5.4: in any number of frames, empty ones among them, and control frames between.
        (&[(0x01, b""), (0x00, b""), (0x80, b"")], &[text("")]),
        (
            &[(0x02, b"a"), (0x89, b"!"), (0x00, b"b"), (0x8a, b""), (0x80, b"c")],
            &[Heard::Ping(b"!".to_vec()), Heard::Pong(vec![]), Heard::Binary(b"abc".to_vec())],
        ),
        (
            &[(0x01, b"a"), (0x80, b"b"), (0x81, b"c"), (0x01, b"d"), (0x80, b"e")],
            &[text("ab"), text("c"), text("de")],
        ),
        // A character may be cut between frames.
        (
            &[(0x01, b"\xf0\x9f"), (0x89, b""), (0x00, b"\x98"), (0x80, b"\x80")],
            &[Heard::Ping(vec![]), text("\u{1f600}")],
        ),
        // Section 5.5.1: with and without a body.
        (&[(0x88, b"")], &[Heard::Close(None, String::new())]),
        (&[(0x88, b"\x03\xe8bye")], &[Heard::Close(Some(1000), "bye".to_owned())]),
    ];
    for (frames, expected) in rows {
        let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect();
        check(&bytes, expected, Ok(()));
    }
}

#[test]
fn violations() {
    use Violation::{
        BadClose, BadLength, FragmentedControl, LongControl, NotDeflate, NotUtf8, NothingToContinue,
        ReservedBit, ReservedOpcode, TooLong, UnfinishedMessage, Unmasked,
    };
    let rows: &[(&[&[u8]], Violation)] = &[
        // Section 5.1.
        (&[&[0x81, 0x05, b'H', b'e', b'l', b'l', b'o']], Unmasked),
        // Section 5.2.
        (&[&frame(0x91, b"a")], ReservedBit),
        (&[&frame(0xa1, b"a")], ReservedBit),
        (&[&frame(0x85, b"a")], ReservedOpcode),
        (&[&frame(0x8b, b"")], ReservedOpcode),
        (&[&[0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'a']], BadLength),
        // Section 5.4.
        (&[&frame(0x80, b"a")], NothingToContinue),
        (&[&frame(0x00, b"a")], NothingToContinue),
        (&[&frame(0x01, b"a"), &frame(0x81, b"b")], UnfinishedMessage),
        (&[&frame(0x01, b"a"), &frame(0x02, b"b")], UnfinishedMessage),
        // Section 5.5.
        (&[&frame(0x09, b"a")], FragmentedControl),
        (&[&frame(0x89, &[0; 126])], LongControl),
        (&[&frame(0x88, &[0; 126])], LongControl),
        // Section 5.5.1.
        (&[&frame(0x88, b"\x03")], BadClose),
        (&[&frame(0x88, b"\x03\xed")], BadClose),
        (&[&frame(0x88, b"\x03\xe8\xff")], NotUtf8),
        // Section 8.1.
        (&[&frame(0x81, b"\xff")], NotUtf8),
        (&[&frame(0x81, b"a\xc3")], NotUtf8),
        (&[&frame(0x01, b"\xe2\x82"), &frame(0x80, b"")], NotUtf8),
        (&[&frame(0x01, b"\xe2\x82"), &frame(0x80, b"a")], NotUtf8),
        // RFC 7692, section 6: RSV1 belongs to the first frame of a message with data.
        (&[&frame(0xc9, b"")], ReservedBit),
        (&[&frame(0xc8, b"")], ReservedBit),
        (&[&frame(0x41, b""), &frame(0xc0, b"")], ReservedBit),
        (&[&frame(0xc1, b"\x07")], NotDeflate),
        (&[&frame(0xc1, b"\x00\x01\x00\xfe\xff\xff\x00")], NotUtf8),
        (&[&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa1, 0, 0, 0, 0]], TooLong),
    ];
    for (pieces, violation) in rows {
        let bytes = pieces.concat();
        // What it read before it found the fault is the same in all cases: nothing.
        check(&bytes, &[], Err(*violation));
        let told = [frame(0x81, b"before"), bytes].concat();
        if !matches!(violation, UnfinishedMessage) {
            check(&told, &[text("before")], Err(*violation));
        }
    }
}

#[test]
fn a_fault_is_told_before_the_frame_is_whole() {
    // A megabyte is announced, and after four bytes it is clear that this is no text.
    let mut bytes = vec![0x81, 0xff];
    bytes.extend_from_slice(&90_000_u64.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(b"abc\xff");
    assert_eq!(read_in(&[&bytes], reader()).1, Err(Violation::NotUtf8));
    let between = [frame(0x01, b"\xf0\x9f"), vec![0x00, 0x85, 0, 0, 0, 0, b'a']].concat();
    assert_eq!(read_in(&[&between], reader()).1, Err(Violation::NotUtf8));
}

#[test]
fn a_message_is_as_long_as_it_may_be_and_no_longer() {
    let of = |bytes_max| Reader::new(bytes_max, Some(Inflater::new(1)));
    let (whole, half) = (frame(0x81, &[b'a'; 200]), frame(0x01, &[b'a'; 100]));
    let end = frame(0x80, &[b'a'; 100]);
    let agreement = negotiate(["permessage-deflate"]).unwrap().unwrap();
    let mut out = Vec::new();
    Deflater::new(0, 1).append_text(&mut out, agreement, &[b'a'; 200]);
    let compressed = frame(0xc1, &out[2..]);
    let expected = vec![Heard::Text(vec![b'a'; 200])];
    for pieces in [vec![whole.as_slice()], vec![&half, &end], vec![&compressed]] {
        assert_eq!(read_in(&pieces, of(200)), (expected.clone(), Ok(())));
        assert_eq!(read_in(&pieces, of(199)), (vec![], Err(Violation::TooLong)));
    }
    // Told by the head alone, and control frames have a bound of their own.
    assert_eq!(read_in(&[&whole[..8]], of(199)).1, Err(Violation::TooLong));
    assert_eq!(
        read_in(&[&half, &frame(0x89, &[0; 125])], of(100)),
        (vec![Heard::Ping(vec![0; 125])], Ok(()))
    );
}

#[test]
fn compressed_messages_may_be_fragmented() {
    // RFC 7692, section 7.2.3.1.
    let (first, last) = (frame(0x41, &[0xf2, 0x48, 0xcd]), frame(0x80, &[0xc9, 0xc9, 0x07, 0x00]));
    check(
        &[first.clone(), frame(0x89, b""), last.clone()].concat(),
        &[Heard::Ping(vec![]), text("Hello")],
        Ok(()),
    );
    // Without an agreement it is a reserved bit.
    assert_eq!(read_in(&[&first], Reader::new(100, None)).1, Err(Violation::ReservedBit));
    // Among others that are not compressed.
    let mixed = [frame(0x81, b"a"), first, last, frame(0x81, b"b")].concat();
    check(&mixed, &[text("a"), text("Hello"), text("b")], Ok(()));
}

#[test]
fn what_is_missing_of_a_frame_is_told() {
    let whole = frame(0x81, &[b'a'; 200]);
    let head_bytes = 8;
    for length in 0..whole.len() {
        let mut reader = reader();
        let mut bytes = whole[..length].to_vec();
        let mut unread = bytes.as_mut_slice();
        assert_eq!(reader.next(&mut unread, &mut Vec::new()), Ok(None));
        let expected = (length >= head_bytes).then(|| whole.len() - length);
        assert_eq!(reader.missing_bytes(unread.len()), expected, "{length}");
    }
}

#[test]
fn between_messages_there_is_nothing_but_the_reader() {
    assert!(size_of::<Reader>() <= 72, "{}", size_of::<Reader>());
    let mut reader = reader();
    let mut bytes = [frame(0x01, &[b'a'; 1_000]), frame(0x80, b"")].concat();
    let (mut unread, mut scratch) = (bytes.as_mut_slice(), Vec::new());
    assert!(matches!(reader.next(&mut unread, &mut scratch), Ok(Some(Incoming::Text(_)))));
    assert_eq!(reader.next(&mut unread, &mut scratch), Ok(None));
    assert!(reader.message.is_none() && reader.frame.is_none());
}
