use super::*;

const BOUNDS: Bounds = Bounds { buffers_max: 3, capacity_bytes_max: 1_024 };

fn counts(taken: u64, created: u64, kept: usize) -> Counts {
    Counts { taken, created, kept }
}

#[test]
fn a_buffer_comes_back_empty_and_is_lent_again() {
    let pool = Pool::new(BOUNDS);
    let mut first = pool.take();
    first.extend_from_slice(b"secret");
    let place = first.as_ptr();
    drop(first);
    assert_eq!(pool.counts(), counts(1, 1, 1));
    let second = pool.take();
    assert!(second.is_empty());
    assert_eq!(second.as_ptr(), place, "the same memory");
    assert_eq!(pool.counts(), counts(2, 1, 0));
}

#[test]
fn only_what_is_within_the_bounds_is_kept() {
    for (case, capacity, buffers, kept) in [
        ("untouched", 0, 1, 0),
        ("small", 1, 1, 1),
        ("at the bound", 1_024, 1, 1),
        ("a giant", 1_025, 1, 0),
        ("as many as fit", 10, 3, 3),
        ("one too many", 10, 4, 3),
    ] {
        let pool = Pool::new(BOUNDS);
        let lent: Vec<Buffer> = (0..buffers)
            .map(|_| {
                let mut buffer = pool.take();
                buffer.reserve_exact(capacity);
                assert_eq!(buffer.capacity(), capacity, "the allocator gives what was asked for");
                buffer
            })
            .collect();
        drop(lent);
        assert_eq!(pool.counts(), counts(buffers, buffers, kept), "{case}");
    }
}

#[test]
fn a_pool_that_keeps_nothing_still_lends() {
    let pool = Pool::new(Bounds { buffers_max: 0, capacity_bytes_max: usize::MAX });
    for _ in 0..2 {
        pool.take().push(1);
    }
    assert_eq!(pool.counts(), counts(2, 2, 0));
}

#[test]
fn a_buffer_outlives_its_pool() {
    let pool = Pool::new(BOUNDS);
    let mut buffer = pool.take();
    drop(pool);
    buffer.push(1);
    assert_eq!(buffer.as_slice(), [1]);
}

#[test]
fn the_ceiling_is_number_times_capacity() {
    assert_eq!(BOUNDS.kept_bytes_max(), 3_072);
    let endless = Bounds { buffers_max: 2, capacity_bytes_max: usize::MAX };
    assert_eq!(endless.kept_bytes_max(), usize::MAX);
}

#[test]
fn threads_never_share_a_buffer_and_never_see_old_bytes() {
    const THREADS: u8 = 8;
    const ROUNDS: u64 = 2_000;
    let pool = Pool::new(BOUNDS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let pool = pool.clone();
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let mut buffer = pool.take();
                    assert!(buffer.is_empty());
                    buffer.resize(1 + usize::try_from(round).unwrap() % 1_500, thread);
                    std::thread::yield_now();
                    assert!(buffer.iter().all(|&byte| byte == thread));
                }
            });
        }
    });
    let Counts { taken, created, kept } = pool.counts();
    assert_eq!(taken, u64::from(THREADS) * ROUNDS);
    assert!(created < taken && kept <= BOUNDS.buffers_max, "{created} {kept}");
    assert!(pool.stock.idle().iter().all(|bytes| bytes.is_empty() && bytes.capacity() <= 1_024));
}
