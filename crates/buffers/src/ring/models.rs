//! Every order in which writers, readers and those who wait may meet, tried by loom. A wake-up that is lost shows as a
//! deadlock. See docs/testing.md for the command.

use loom::future::block_on;
use loom::thread;

use super::*;

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound.get_or_insert(2);
    model.check(check);
}

/// Reads so many bytes, waiting for each piece.
fn follow(ring: &Ring, bytes: u64) -> Vec<u8> {
    let (mut seen, mut piece) = (Vec::new(), [0; 8]);
    while (seen.len() as u64) < bytes {
        let next = seen.len() as u64;
        assert_eq!(block_on(ring.wait_beyond(next)), News::Written);
        let piece = ring.read_from(next, &mut piece).unwrap();
        assert_eq!(piece.start, next);
        seen.extend_from_slice(piece.bytes);
    }
    seen
}

#[test]
fn who_waits_hears_of_each_write() {
    model(|| {
        let ring = Ring::new(8);
        let written = ring.clone();
        let writer = thread::spawn(move || {
            written.write(b"ab");
            written.write(b"c");
        });
        assert_eq!(follow(&ring, 3), b"abc");
        writer.join().unwrap();
    });
}

#[test]
fn blocks_of_two_writers_stay_whole() {
    model(|| {
        let ring = Ring::new(4);
        let written = ring.clone();
        let writer = thread::spawn(move || written.write(b"ab"));
        ring.write(b"cd");
        let mut early = [0; 4];
        let early = ring.read_from(0, &mut early).unwrap();
        assert!([b"cd".as_slice(), b"abcd", b"cdab"].contains(&early.bytes));
        writer.join().unwrap();
        let mut all = Vec::new();
        assert_eq!(ring.history_from(0, &mut all), Some(0));
        assert!(all == b"abcd" || all == b"cdab");
    });
}

#[test]
fn two_who_wait_are_both_woken() {
    model(|| {
        let ring = Ring::new(4);
        let other = ring.clone();
        let reader = thread::spawn(move || block_on(other.wait_beyond(0)));
        let written = ring.clone();
        let writer = thread::spawn(move || written.write(b"a"));
        assert_eq!(block_on(ring.wait_beyond(0)), News::Written);
        assert_eq!(reader.join().unwrap(), News::Written);
        writer.join().unwrap();
    });
}

#[test]
fn who_waits_hears_when_it_is_closed() {
    model(|| {
        let ring = Ring::new(4);
        let owner = ring.clone();
        let closer = thread::spawn(move || {
            owner.write(b"a");
            owner.close();
        });
        let news = block_on(ring.wait_beyond(0));
        let read = ring.read_from(0, &mut [0; 4]).is_some();
        assert!(news == News::Written || !read);
        assert_eq!(block_on(ring.wait_beyond(1)), News::Closed);
        closer.join().unwrap();
    });
}

#[test]
fn a_history_has_no_gap_even_when_a_writer_overtakes_it() {
    model(|| {
        // The byte at offset n is n % 251. A block is more than a piece: written between two pieces, it overtakes.
        let block: Vec<u8> = (0..251).cycle().take(80 * 251).collect();
        let ring = Ring::new(2 * Ring::PIECE_BYTES_MAX);
        ring.write(&block);
        ring.write(&block);
        let (written, more) = (ring.clone(), block.clone());
        let writer = thread::spawn(move || written.write(&more));
        let mut history = Vec::new();
        let start = ring.history_from(0, &mut history).unwrap();
        let first = usize::try_from(start % 251).unwrap();
        assert!(history.iter().eq(block.iter().cycle().skip(first).take(history.len())), "from {start}");
        assert!(start + history.len() as u64 >= 2 * block.len() as u64, "as far as it was at the call");
        writer.join().unwrap();
    });
}
