use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::*;

fn read(ring: &Ring, offset: u64) -> Option<(u64, Vec<u8>)> {
    let mut into = [0; 64];
    let piece = ring.read_from(offset, &mut into)?;
    assert_eq!(piece.end(), piece.start + piece.bytes.len() as u64);
    Some((piece.start, piece.bytes.to_vec()))
}

#[test]
fn reads_start_where_they_are_asked_to_or_at_the_oldest_byte() {
    let ring = Ring::new(8);
    assert_eq!((ring.written(), ring.oldest(), read(&ring, 0)), (0, 0, None));
    let rows: [(&str, u64, u64, &str); 7] = [
        // written, from, starts at, reads
        ("abc", 0, 0, "abc"),
        ("", 1, 1, "bc"),
        ("defgh", 0, 0, "abcdefgh"),
        ("i", 0, 1, "bcdefghi"),
        ("jkl", 6, 6, "ghijkl"),
        // Larger than the ring.
        ("0123456789", 3, 14, "23456789"),
        ("01234567", 21, 22, "01234567"),
    ];
    for (block, offset, start, bytes) in rows {
        ring.write(block.as_bytes());
        assert_eq!(read(&ring, offset), Some((start, bytes.as_bytes().to_vec())), "{block}");
    }
    assert_eq!((ring.written(), ring.oldest(), ring.bytes_max()), (30, 22, 8));
    assert_eq!((read(&ring, 29), read(&ring, 30)), (Some((29, b"7".to_vec())), None));
    assert_eq!((read(&ring, 31), read(&ring, u64::MAX)), (None, None), "never reached");
}

#[test]
fn a_read_takes_as_much_as_fits() {
    let ring = Ring::new(1 << 20);
    ring.write(&vec![7; 100_000]);
    assert_eq!(ring.read_from(0, &mut []), None);
    let mut small = [0; 3];
    assert_eq!(ring.read_from(99_998, &mut small).map(|piece| piece.bytes.len()), Some(2));
    assert_eq!(ring.read_from(5, &mut small), Some(Piece { start: 5, bytes: &[7, 7, 7] }));
    let mut large = vec![0; 100_000];
    assert_eq!(ring.read_from(0, &mut large).map(|piece| piece.bytes.len()), Some(Ring::PIECE_BYTES_MAX));
}

#[test]
fn a_history_is_one_run_up_to_now() {
    let ring = Ring::new(50_000);
    let mut all = b"before".to_vec();
    assert_eq!((ring.history_from(0, &mut all), all.as_slice()), (None, b"before".as_slice()));
    let bytes: Vec<u8> = (0..70_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    bytes.chunks(999).for_each(|block| ring.write(block));
    assert_eq!(ring.history_from(100, &mut all), Some(20_000));
    assert!(all.starts_with(b"before") && all.ends_with(&bytes[20_000..]) && all.len() == 50_006);
    let mut end = Vec::new();
    assert_eq!((ring.history_from(69_990, &mut end), end.as_slice()), (Some(69_990), &bytes[69_990..]));
    assert_eq!(ring.history_from(70_000, &mut end), None);
}

#[test]
fn a_ring_of_nothing_only_counts() {
    let ring = Ring::new(0);
    ring.write(b"abc");
    let mut history = Vec::new();
    assert_eq!((ring.written(), ring.oldest(), read(&ring, 0)), (3, 3, None));
    assert_eq!(ring.history_from(0, &mut history), None);
}

#[test]
fn memory_comes_with_the_first_write_and_goes_with_the_owner() {
    let ring = Ring::new(1_000);
    let memory = || lock(&ring.shared.state).circle.memory_bytes();
    assert_eq!(memory(), 0);
    ring.write(b"");
    assert_eq!(memory(), 0);
    ring.write(b"abc");
    assert_eq!(memory(), 1_000);
    ring.close();
    assert_eq!((memory(), read(&ring, 0), ring.written(), ring.oldest()), (0, None, 3, 3));
    ring.write(b"too late");
    assert_eq!((memory(), ring.written()), (0, 3));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(wait: &mut Wait, bell: &Arc<Bell>) -> Poll<News> {
    let waker = Waker::from(Arc::clone(bell));
    std::pin::Pin::new(wait).poll(&mut Context::from_waker(&waker))
}

#[test]
fn who_waits_is_woken_once_by_what_comes_next() {
    let ring = Ring::new(8);
    let (first, second) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let rings = || (first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst));
    let mut wait = ring.wait_beyond(0);
    assert!(poll(&mut wait, &first).is_pending());
    assert!(poll(&mut wait, &second).is_pending(), "the last waker counts");
    ring.write(b"");
    assert_eq!(rings(), (0, 0));
    ring.write(b"a");
    ring.write(b"b");
    assert_eq!(rings(), (0, 1));
    assert_eq!(poll(&mut wait, &second), Poll::Ready(News::Written));
    assert_eq!(poll(&mut ring.wait_beyond(1), &second), Poll::Ready(News::Written));

    // Woken, and yet nothing for it: it waits on.
    let mut far = ring.wait_beyond(3);
    assert!(poll(&mut far, &first).is_pending());
    ring.write(b"c");
    assert!(poll(&mut far, &first).is_pending());
    ring.write(b"d");
    assert_eq!((rings(), poll(&mut far, &first)), ((2, 1), Poll::Ready(News::Written)));

    let mut last = ring.wait_beyond(4);
    assert!(poll(&mut last, &second).is_pending());
    ring.close();
    assert_eq!((rings(), poll(&mut last, &second)), ((2, 2), Poll::Ready(News::Closed)));
    assert_eq!(poll(&mut ring.wait_beyond(0), &second), Poll::Ready(News::Closed));
}

#[test]
fn who_waits_no_longer_is_forgotten() {
    let ring = Ring::new(8);
    let bells: Vec<Arc<Bell>> = (0..3).map(|_| Arc::default()).collect();
    let mut waits: Vec<Wait> = (0..3).map(|_| ring.wait_beyond(0)).collect();
    for _ in 0..100 {
        for (wait, bell) in waits.iter_mut().zip(&bells) {
            assert!(poll(wait, bell).is_pending());
        }
    }
    drop(waits.remove(1));
    let held: Vec<usize> = bells.iter().map(Arc::strong_count).collect();
    assert_eq!(held, [2, 1, 2], "one waker for each that waits");
    ring.write(b"a");
    let woken: Vec<usize> = bells.iter().map(|bell| bell.0.load(Ordering::SeqCst)).collect();
    assert_eq!(woken, [1, 0, 1]);
}

#[test]
fn who_is_woken_may_write() {
    struct Echo(Ring);
    impl Wake for Echo {
        fn wake(self: Arc<Self>) {
            self.0.write(b"woken");
        }
    }
    let ring = Ring::new(16);
    let waker = Waker::from(Arc::new(Echo(ring.clone())));
    let mut wait = ring.wait_beyond(0);
    assert!(std::pin::Pin::new(&mut wait).poll(&mut Context::from_waker(&waker)).is_pending());
    ring.write(b"a");
    assert_eq!(ring.written(), 6);
}

/// Runs a future on this thread, as any runtime would.
fn block_on(mut wait: Wait) -> News {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match std::pin::Pin::new(&mut wait).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(news) => return news,
            Poll::Pending => thread::park(),
        }
    }
}

/// What was written is a run of blocks `[writer, length, counter, counter, ...]`.
#[test]
fn readers_follow_many_writers_without_loss_or_repetition() {
    const BLOCKS: usize = 3_000;
    let ring = Ring::new(1 << 20);
    let start = Barrier::new(6);
    let follow = |start: &Barrier| {
        start.wait();
        let (mut seen, mut piece, mut next) = (Vec::new(), vec![0; 1_000], 0);
        while block_on(ring.wait_beyond(next)) == News::Written {
            while let Some(piece) = ring.read_from(next, &mut piece) {
                assert_eq!(piece.start, next, "the ring holds all of it");
                seen.extend_from_slice(piece.bytes);
                next = piece.end();
            }
        }
        seen
    };
    let readers = thread::scope(|scope| {
        let (start, follow, ring) = (&start, &follow, &ring);
        let readers = [0, 1].map(|_| scope.spawn(move || follow(start)));
        let writers = [0, 1, 2, 3_u8].map(|writer| {
            scope.spawn(move || {
                start.wait();
                let mut rng = chappe_testkit::Rng::new(u64::from(writer));
                for counter in 0..BLOCKS {
                    let length = u8::try_from(rng.within(1..30)).unwrap();
                    let mut block = vec![counter.to_le_bytes()[0]; usize::from(length)];
                    block.splice(0..0, [writer, length]);
                    ring.write(&block);
                }
            })
        });
        for writer in writers {
            writer.join().unwrap();
        }
        // They read to the end before they hear of it.
        let readers_behind = || ring.shared.state.lock().unwrap().waiting.count() < 2;
        while readers_behind() {
            thread::yield_now();
        }
        ring.close();
        readers.map(|reader| reader.join().unwrap())
    });
    assert_eq!(readers[0], readers[1]);
    let (mut rest, mut counters) = (readers[0].as_slice(), [0_usize; 4]);
    while let [writer, length, after @ ..] = rest {
        let (block, after) = after.split_at(usize::from(*length));
        let counter = &mut counters[usize::from(*writer)];
        assert!(block.iter().all(|byte| *byte == counter.to_le_bytes()[0]), "a block in one piece, in order");
        *counter += 1;
        rest = after;
    }
    assert_eq!((rest, counters), (b"".as_slice(), [BLOCKS; 4]));
}

#[test]
fn a_reader_that_is_too_slow_learns_what_it_missed() {
    let ring = Ring::new(1_000);
    thread::scope(|scope| {
        scope.spawn(|| (0..20_000_u64).for_each(|number| ring.write(&number.to_le_bytes())));
        let (mut next, mut got, mut missed, mut piece) = (0, 0, 0, [0; 96]);
        while next < 160_000 {
            let Some(piece) = ring.read_from(next, &mut piece) else { continue };
            assert!(piece.start >= next && piece.start % 8 == 0);
            for (number, word) in (piece.start / 8..).zip(piece.bytes.chunks(8)) {
                assert_eq!(word, number.to_le_bytes());
            }
            missed += piece.start - next;
            got += piece.bytes.len() as u64;
            next = piece.end();
        }
        assert_eq!(got + missed, 160_000);
    });
}
