//! Once the memory is warm, messages come in and go out without touching the heap.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use chappe_frames::{
    Deflater, Incoming, Inflater, Reader, append_ping, append_shared, append_text, append_text_with,
    negotiate,
};
use chappe_testkit::{CountingAllocator, allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MESSAGE: &[u8] = &[b'x'; 600];

/// A masked frame of 600 bytes, its mask being zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[first, 0x80 | 126, high, low, 0, 0, 0, 0], payload].concat()
}

#[test]
fn reading_allocates_nothing() {
    let frames = frame(0x81, MESSAGE).repeat(20);
    let mut reader = Reader::new(1_000, None);
    let (mut buffer, mut scratch) = (Vec::with_capacity(16 << 10), Vec::new());
    let mut heard = 0;
    let mut read = |times: usize| {
        for _ in 0..times {
            // In pieces that end within a frame.
            for piece in frames.chunks(1_500) {
                buffer.extend_from_slice(piece);
                let mut unread = buffer.as_mut_slice();
                while let Some(incoming) = reader.next(&mut unread, &mut scratch).unwrap() {
                    assert_eq!(incoming, Incoming::Text(MESSAGE));
                    heard += 1;
                }
                let rest = unread.len();
                buffer.drain(..buffer.len() - rest);
            }
        }
    };
    assert_eq!(allocations(|| read(100)), 0);
    assert_eq!(heard, 2_000);
}

#[test]
fn compressed_messages_allocate_nothing() {
    let agreement = negotiate(["permessage-deflate"]).unwrap().unwrap();
    let (deflater, inflater) = (Deflater::new(100, 1), Inflater::new(1));
    let shared = deflater.share(MESSAGE).unwrap();
    let mut reader = Reader::new(1_000, Some(inflater));
    let (mut out, mut lent, mut frames, mut scratch) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut work = || {
        out.clear();
        deflater.append_text(&mut out, agreement, MESSAGE);
        let beginning = |out: &mut Vec<u8>| out.extend_from_slice(br#"["EVENT","sub","#);
        assert!(append_shared(&mut out, agreement, beginning, &shared).is_some());
        let message = |out: &mut Vec<u8>| out.extend_from_slice(MESSAGE);
        lent.clear();
        assert!(deflater.append_text_with(&mut out, agreement, || &mut lent, message).is_some());
        frames.clear();
        frames.extend_from_slice(&[out[0], out[1] | 0x80, 0, 0, 0, 0]);
        frames.extend_from_slice(&out[2..]);
        let heard = reader.next(&mut frames.as_mut_slice(), &mut scratch).unwrap();
        assert_eq!(heard, Some(Incoming::Text(MESSAGE)));
    };
    let cold = allocations(&mut work);
    assert!(cold > 0, "the counter does not count");
    assert_eq!(allocations(|| (0..100).for_each(|_| work())), 0);
}

#[test]
fn writing_allocates_nothing() {
    let mut out = Vec::with_capacity(64 << 10);
    let writing = || {
        for _ in 0..50 {
            append_text(&mut out, MESSAGE);
            append_text_with(&mut out, |out| out.extend_from_slice(&MESSAGE[..50]));
            append_ping(&mut out);
        }
    };
    assert_eq!(allocations(writing), 0);
}
