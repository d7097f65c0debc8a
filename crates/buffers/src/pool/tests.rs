use std::sync::Barrier;
use std::thread;

use super::*;

const KIB: usize = 1 << 10;
/// Room for a thread of its own, and as much for the shelves.
const BOUNDS: Bounds = Bounds { kept_bytes_max: 4 << 20, thread_bytes_max: 1 << 20 };
/// No thread keeps anything.
const SHARED_ONLY: Bounds = Bounds { kept_bytes_max: 1 << 20, thread_bytes_max: 0 };

fn class(pool: &Pool, class: Class) -> ClassSnapshot {
    let snapshot = pool.snapshot();
    *snapshot.classes.iter().find(|one| one.class == class).unwrap()
}

#[test]
fn a_buffer_comes_with_the_room_that_was_asked_for() {
    let pool = Pool::new(BOUNDS);
    let rows = [
        (0, KIB, Class::Small),
        (1, KIB, Class::Small),
        (KIB, KIB, Class::Small),
        (KIB + 1, 16 * KIB, Class::Medium),
        (16 * KIB, 16 * KIB, Class::Medium),
        (16 * KIB + 1, 256 * KIB, Class::Large),
        (256 * KIB, 256 * KIB, Class::Large),
        (256 * KIB + 1, 256 * KIB + 1, Class::Direct),
        (5 << 20, 5 << 20, Class::Direct),
    ];
    for (asked, capacity, of) in rows {
        let before = class(&pool, of);
        let buffer = pool.take_for(asked);
        assert_eq!((buffer.len(), buffer.capacity()), (0, capacity), "{asked}");
        let after = class(&pool, of);
        assert_eq!((after.taken(), after.in_use), (before.taken() + 1, 1), "{asked}");
        assert_eq!(after.bytes_in_use, capacity as u64, "{asked}");
    }
    assert_eq!(pool.take().capacity(), KIB);
    assert_eq!(pool.snapshot().bytes_in_use(), 0);
}

#[test]
fn what_comes_back_is_lent_again_empty() {
    for bounds in [BOUNDS, SHARED_ONLY] {
        let pool = Pool::new(bounds);
        let mut first = pool.take_for(100);
        first.extend_from_slice(b"a secret");
        let memory = first.as_ptr();
        drop(first);
        let second = pool.take_for(100);
        assert_eq!((second.as_ptr(), second.as_slice()), (memory, b"".as_slice()), "{bounds:?}");
        let counts = class(&pool, Class::Small);
        assert_eq!((counts.created, counts.returned, counts.taken()), (1, 1, 2), "{bounds:?}");
        let thread = u64::from(bounds.thread_bytes_max > 0);
        assert_eq!((counts.from_thread, counts.from_shared), (thread, 1 - thread), "{bounds:?}");
    }
}

#[test]
fn a_buffer_that_grew_is_kept_as_what_it_has_become() {
    let rows = [
        // capacity when it comes back, the class that keeps it, outgrown
        (KIB, Some(Class::Small), 0),
        (15 * KIB, Some(Class::Small), 0),
        (16 * KIB, Some(Class::Medium), 1),
        (255 * KIB, Some(Class::Medium), 1),
        (256 * KIB, Some(Class::Large), 1),
        (256 * KIB + 1, None, 0),
        (4 << 20, None, 0),
        // The borrower has put another vector in its place.
        (100, None, 0),
        (0, None, 0),
    ];
    for bounds in [Bounds { thread_bytes_max: 2 << 20, ..BOUNDS }, SHARED_ONLY] {
        for (capacity, kept_in, outgrown) in rows {
            let pool = Pool::new(bounds);
            let mut buffer = pool.take();
            *buffer = Vec::with_capacity(capacity);
            drop(buffer);
            let small = class(&pool, Class::Small);
            assert_eq!((small.in_use, small.bytes_in_use, small.outgrown), (0, 0, outgrown), "{capacity}");
            let kept = u64::from(kept_in.is_some());
            assert_eq!((small.returned, small.discarded), (kept, 1 - kept), "{capacity}");
            for one in pool.snapshot().classes {
                let here = u64::from(Some(one.class) == kept_in);
                assert_eq!((one.kept, one.bytes_kept), (here, here * capacity as u64), "{capacity} {one:?}");
            }
        }
    }
}

#[test]
fn a_larger_buffer_stands_in_before_one_is_made_but_not_a_giant() {
    for bounds in [BOUNDS, SHARED_ONLY] {
        let pool = Pool::new(bounds);
        drop(pool.take_for(256 * KIB));
        let (small, large) = (pool.take(), pool.take_for(16 * KIB));
        assert_eq!((small.capacity(), large.capacity()), (KIB, 256 * KIB), "one step at most: {bounds:?}");
        drop(pool.take_for(10 * KIB));
        let medium = pool.take();
        assert_eq!(medium.capacity(), 16 * KIB, "{bounds:?}");
        assert_eq!(pool.snapshot().classes.map(|one| one.created), [1, 1, 1, 0]);
    }
}

#[test]
fn making_room_moves_to_a_larger_buffer_of_the_pool() {
    let pool = Pool::new(BOUNDS);
    let mut buffer = pool.take();
    let text = b"what was written before stays ".repeat(30);
    buffer.extend_from_slice(&text);
    for (more, capacity) in [(10, KIB), (KIB, 16 * KIB), (100 * KIB, 256 * KIB), (300 * KIB, 300 * KIB)] {
        buffer.make_room(more);
        assert!(buffer.capacity() >= capacity && buffer.capacity() - buffer.len() >= more, "{more}");
        assert_eq!(*buffer, text, "{more}");
    }
    let [small, medium, large, direct] = pool.snapshot().classes;
    assert_eq!((small.kept, medium.kept, large.kept), (1, 1, 0));
    assert_eq!((small.in_use, medium.in_use, large.in_use, direct.in_use), (0, 0, 1, 0));
    drop(buffer);
    let large = class(&pool, Class::Large);
    assert_eq!((large.in_use, large.discarded, large.kept), (0, 1, 0), "a giant is not kept");
}

#[test]
fn nothing_is_kept_beyond_the_ceiling() {
    let rows = [
        // bounds, size, kept at most
        (Bounds { kept_bytes_max: 0, thread_bytes_max: 1 << 20 }, KIB, 0),
        (Bounds { kept_bytes_max: KIB - 1, thread_bytes_max: 1 << 20 }, KIB, 0),
        (Bounds { kept_bytes_max: 8 * KIB, thread_bytes_max: 0 }, KIB, 8),
        (Bounds { kept_bytes_max: 8 * KIB, thread_bytes_max: usize::MAX }, KIB, 5),
        (Bounds { kept_bytes_max: 100 * KIB, thread_bytes_max: 10 * KIB }, 16 * KIB, 5),
        (Bounds { kept_bytes_max: 1 << 20, thread_bytes_max: 1 << 20 }, 256 * KIB, 3),
        (Bounds { kept_bytes_max: usize::MAX, thread_bytes_max: usize::MAX }, KIB, 100),
    ];
    for (bounds, size, kept) in rows {
        let pool = Pool::new(bounds);
        drop((0..100).map(|_| pool.take_for(size)).collect::<Vec<_>>());
        let [small, medium, large, _] = pool.snapshot().classes;
        assert_eq!(small.kept + medium.kept + large.kept, kept, "{bounds:?}");
        assert!(pool.snapshot().bytes_kept() <= bounds.kept_bytes_max as u64, "{bounds:?}");
        let ended = [small, medium, large].map(|one| one.discarded + one.trimmed).iter().sum::<u64>();
        assert_eq!(ended, 100 - kept, "{bounds:?}");
    }
}

#[test]
fn a_thread_that_comes_is_granted_its_part_even_of_a_full_pool() {
    let pool = Pool::new(Bounds { kept_bytes_max: 256 * KIB, thread_bytes_max: 64 * KIB });
    // All that may lie outside this thread's cache.
    drop((0..1_000).map(|_| pool.take()).collect::<Vec<_>>());
    assert!(pool.snapshot().bytes_kept() > 200 * KIB as u64);
    let ceiling = pool.snapshot().kept_bytes_max;
    for _ in 0..3 {
        thread::scope(|scope| {
            scope.spawn(|| {
                drop((0..1_000).map(|_| pool.take()).collect::<Vec<_>>());
                assert!(pool.snapshot().bytes_kept() <= ceiling, "{:?}", pool.snapshot());
            });
        });
    }
    assert!(pool.snapshot().bytes_kept() <= ceiling);
}

#[test]
fn an_idle_pool_shrinks_with_each_tick_and_a_busy_one_does_not() {
    for bounds in [BOUNDS, SHARED_ONLY] {
        let pool = Pool::new(bounds);
        drop((0..200).map(|_| pool.take()).collect::<Vec<_>>());
        let peak = pool.snapshot().bytes_kept();
        assert_eq!(peak, 200 * KIB as u64);
        pool.tick();
        pool.settle();
        assert_eq!(pool.snapshot().bytes_kept(), peak, "the last of the peak is not a tick ago");
        // Ten are needed all the time.
        for _ in 0..20 {
            pool.tick();
            drop((0..10).map(|_| pool.take()).collect::<Vec<_>>());
        }
        let small = class(&pool, Class::Small);
        assert!((10..=11).contains(&small.kept), "{small:?}");
        assert_eq!((small.created, small.trimmed), (200, 200 - small.kept));
        for _ in 0..12 {
            pool.tick();
            pool.settle();
        }
        assert_eq!(pool.snapshot().bytes_kept(), 0, "{bounds:?}");
    }
}

#[test]
fn trimming_frees_all_at_once() {
    let pool = Pool::new(BOUNDS);
    drop((0..100).map(|_| (pool.take(), pool.take_for(16 * KIB))).collect::<Vec<_>>());
    assert!(pool.snapshot().bytes_kept() > 1 << 20);
    pool.trim();
    let [small, medium, ..] = pool.snapshot().classes;
    assert_eq!((small.kept, medium.kept, small.trimmed, medium.trimmed), (0, 0, 100, 100));
    assert_eq!(pool.take().capacity(), KIB, "and it goes on");
}

#[test]
fn a_buffer_may_come_back_in_another_thread_or_when_the_pool_has_gone() {
    let pool = Pool::new(BOUNDS);
    let (here, there) = (pool.take(), pool.take());
    thread::scope(|scope| scope.spawn(move || drop(there)).join().unwrap());
    let small = class(&pool, Class::Small);
    assert_eq!((small.in_use, small.kept, small.returned), (1, 1, 1));
    assert_eq!((pool.snapshot().threads, small.bytes_kept), (1, KIB as u64), "the other thread has ended");
    let stock = Arc::clone(&pool.owner.stock);
    let held = pool.take();
    drop((pool.clone(), pool, held));
    assert!(stock.is_closed());
    drop(here);
    let sums = stock.sums();
    assert_eq!((sums.counters.of(Class::Small).kept, sums.counters.of(Class::Small).in_use()), (0, 0));
    // The cache of this thread goes when the next pool comes.
    drop(Pool::new(BOUNDS).take());
    assert_eq!(Arc::strong_count(&stock), 1, "nothing is left of the pool");
}

#[test]
fn a_buffer_may_outlive_the_caches_of_its_thread() {
    struct Last(std::cell::RefCell<Option<Buffer>>);
    thread_local! {
        static LAST: Last = const { Last(std::cell::RefCell::new(None)) };
    }
    let pool = Pool::new(BOUNDS);
    for cache_first in [true, false] {
        let pool = pool.clone();
        let work = move || {
            // What a thread first touches, it destroys last, or first: either way must do.
            if cache_first {
                drop(pool.take());
            }
            LAST.with(|last| *last.0.borrow_mut() = None);
            let buffer = pool.take();
            LAST.with(|last| *last.0.borrow_mut() = Some(buffer));
        };
        thread::spawn(work).join().unwrap();
    }
    let small = class(&pool, Class::Small);
    assert_eq!((small.in_use, pool.snapshot().threads), (0, 0));
    assert_eq!(small.kept, small.created - small.discarded - small.trimmed);
}

#[test]
fn several_pools_of_one_thread_keep_to_themselves() {
    let pools = [Pool::new(BOUNDS), Pool::new(SHARED_ONLY), Pool::new(BOUNDS)];
    for (pool, many) in pools.iter().zip([1_usize, 2, 3]) {
        drop((0..many).map(|_| pool.take()).collect::<Vec<_>>());
    }
    assert_eq!(pools.each_ref().map(|pool| class(pool, Class::Small).kept), [1, 2, 3]);
}

#[test]
fn threads_that_hand_buffers_on_allocate_none_after_a_while() {
    let pool = Pool::new(BOUNDS);
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Buffer>(8);
    thread::scope(|scope| {
        scope.spawn(|| receiver.into_iter().for_each(drop));
        for _ in 0..10_000 {
            sender.send(pool.take()).unwrap();
        }
        drop(sender);
    });
    let small = class(&pool, Class::Small);
    assert_eq!((small.taken(), small.returned, small.in_use), (10_000, 10_000, 0));
    assert!(small.created < 100, "{small:?}");
    assert!(small.from_thread > 8_000, "a lock for every tenth, not for each: {small:?}");
}

#[test]
fn threads_at_once_lose_nothing_and_keep_to_the_ceiling() {
    let pool = Pool::new(Bounds { kept_bytes_max: 1 << 20, thread_bytes_max: 128 * KIB });
    let start = Barrier::new(5);
    let work = |seed| {
        start.wait();
        let mut rng = chappe_testkit::Rng::new(seed);
        let mut held = std::collections::VecDeque::new();
        for _ in 0..5_000 {
            held.push_back(pool.take_for(*rng.pick(&[100, 1_000, 10_000, 100_000, 300_000])));
            held.truncate(rng.below(12));
        }
    };
    let work = &work;
    thread::scope(|scope| {
        let threads = [0, 1, 2, 3].map(|seed| scope.spawn(move || work(seed)));
        start.wait();
        for _ in 0..200 {
            pool.tick();
            let snapshot = pool.snapshot();
            assert!(snapshot.bytes_kept() <= snapshot.kept_bytes_max, "{snapshot:?}");
        }
        // The scope alone does not wait for the caches to go.
        for thread in threads {
            thread.join().unwrap();
        }
    });
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.taken(), snapshot.bytes_in_use(), snapshot.threads), (20_000, 0, 0));
    for one in snapshot.classes {
        assert_eq!(one.taken(), one.returned + one.discarded, "{one:?}");
        assert!((1..=48).contains(&one.in_use_peak), "{one:?}");
    }
    let made: u64 = snapshot.classes.iter().map(|one| one.created).sum();
    let ended: u64 = snapshot.classes.iter().map(|one| one.kept + one.discarded + one.trimmed).sum();
    assert_eq!(made, ended, "no buffer is lost and none is there twice");
}

#[test]
fn a_snapshot_tells_rates_and_what_has_happened_since_another() {
    let pool = Pool::new(BOUNDS);
    let new = pool.snapshot();
    assert_eq!((new.hit_rate(), new.thread_hit_rate(), new.classes[0].hit_rate()), (None, None, None));
    for _ in 0..4 {
        drop(pool.take());
    }
    let warm = pool.snapshot();
    assert_eq!((warm.hit_rate(), warm.classes[0].hit_rate()), (Some(0.75), Some(0.75)));
    let held: Vec<Buffer> = (0..3).map(|_| pool.take()).collect();
    let since = pool.snapshot().since(&warm);
    assert_eq!((since.taken(), since.hit_rate(), since.classes[0].created), (3, Some(1.0 / 3.0), 2));
    assert_eq!((since.classes[0].in_use, since.classes[0].in_use_peak), (3, 3));
    drop(held);
    let last = pool.snapshot().classes[0];
    assert_eq!((last.in_use, last.in_use_peak, last.kept), (0, 3, 3));
    assert_eq!(last.hit_rate(), Some(4.0 / 7.0));
}

#[test]
fn crossed_lines_are_warned_of() {
    let pool = Pool::new(BOUNDS);
    // Seven loans, three of them new.
    (0..4).for_each(|_| drop(pool.take()));
    let _held: Vec<Buffer> = (0..3).map(|_| pool.take()).collect();
    let snapshot = pool.snapshot();
    let (low, many) = (
        Warning::LowHitRate { hit_percent: 57, hit_percent_min: 58 },
        Warning::ManyBytesInUse { bytes_in_use: 3 * 1_024, bytes_in_use_max: 3 * 1_024 - 1 },
    );
    let rows = [
        (0, 0, u64::MAX, vec![]),
        (57, 0, 3 * 1_024, vec![]),
        (58, 7, 3 * 1_024, vec![low]),
        (58, 8, 3 * 1_024, vec![]),
        (58, 0, 3 * 1_024 - 1, vec![low, many]),
    ];
    for (hit_percent_min, taken_min, bytes_in_use_max, expected) in rows {
        let thresholds = Thresholds { hit_percent_min, taken_min, bytes_in_use_max };
        assert_eq!(snapshot.warnings(&thresholds), expected, "{thresholds:?}");
    }
    assert!(low.to_string().contains("57 %") && many.to_string().contains("3072 bytes"));
    let nothing = Thresholds { hit_percent_min: 100, taken_min: 0, bytes_in_use_max: 0 };
    assert_eq!(Pool::new(BOUNDS).snapshot().warnings(&nothing), [], "no loans, no rate");
}

#[test]
fn what_leaves_the_crate_may_be_sent_and_shared() {
    fn sent_and_shared<T: Send + Sync + 'static>() {}
    sent_and_shared::<Pool>();
    sent_and_shared::<Buffer>();
    sent_and_shared::<Snapshot>();
    let pool = Pool::new(BOUNDS);
    let mut buffer = pool.take();
    buffer.extend_from_slice(b"abc");
    assert_eq!(buffer.as_ref(), b"abc");
    assert!(format!("{buffer:?} {pool:?}").contains("capacity: 1024"));
}
