use flate2::{Compress, Compression, FlushCompress};

use super::*;

const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

/// A server's frame.
fn framed(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        short @ 0..126 => vec![u8::try_from(short).unwrap()],
        length @ 126..0x1_0000 => [&[126][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
        length => [&[127][..], &(length as u64).to_be_bytes()].concat(),
    };
    [&[first][..], &length, payload].concat()
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 100);
    Compress::new(Compression::fast(), false).compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - TAIL.len());
    out
}

#[test]
fn compressed_frames_come_out_plain_however_they_are_cut() {
    let texts = [vec![], vec![b'a'; 5], b"word ".repeat(50), vec![b'b'; 5_000], vec![b'c'; 300_000]];
    let (mut sent, mut expected) = (ANSWER.to_vec(), ANSWER.to_vec());
    for text in &texts {
        sent.extend(framed(0xc1, &deflated(text)));
        sent.extend(framed(0x81, text));
        sent.extend(framed(0x89, b"ping"));
        expected.extend(framed(0x81, text).repeat(2));
        expected.extend(framed(0x89, b"ping"));
    }
    for piece_bytes in [1, 7, 1_000, sent.len()] {
        let (mut inflating, mut heard) = (Inflating::default(), Vec::new());
        for piece in sent.chunks(piece_bytes) {
            inflating.feed(piece).unwrap();
            heard.extend_from_slice(&inflating.plain);
            inflating.taken = inflating.plain.len();
        }
        assert!(heard == expected, "in pieces of {piece_bytes}");
    }
}

#[test]
fn what_cannot_be_decompressed_is_an_error() {
    let mut inflating = Inflating::default();
    inflating.feed(ANSWER).unwrap();
    inflating.feed(&framed(0xc1, &[0x07])).unwrap_err();
    let mut inflating = Inflating::default();
    inflating.feed(ANSWER).unwrap();
    inflating.feed(&framed(0xc1, &deflated(&vec![0; 40 << 20]))).unwrap_err();
}
