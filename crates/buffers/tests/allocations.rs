//! What is used again asks the heap for nothing.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chappe_buffers::{Bounds, Pool, Ring};
use chappe_testkit::{CountingAllocator, allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_warm_pool_allocates_nothing_for_its_borrowers() {
    let rows = [
        ("in the thread", Bounds { kept_bytes_max: 8 << 20, thread_bytes_max: 2 << 20 }),
        ("from what all share", Bounds { kept_bytes_max: 8 << 20, thread_bytes_max: 0 }),
    ];
    for (tier, bounds) in rows {
        let pool = Pool::new(bounds);
        // More than a thread keeps, so that buffers move between the tiers, and one that grows.
        let mut held = Vec::with_capacity(200);
        let mut work = || {
            held.extend((0..100).map(|_| pool.take()));
            held.extend((0..20).map(|_| pool.take_for(10_000)));
            held.push(pool.take_for(100_000));
            held.clear();
            let mut grows = pool.take();
            for _ in 0..100 {
                grows.make_room(600);
                grows.extend_from_slice(&[7; 600]);
            }
        };
        assert!(allocations(&mut work) > 120, "the first time fills it, and is counted: {tier}");
        assert_eq!((0..100).map(|_| allocations(&mut work)).sum::<u64>(), 0, "{tier}");
    }
}

#[test]
fn a_ring_allocates_at_its_first_write_only() {
    let ring = Ring::new(10_000);
    assert_eq!(allocations(|| ring.write(b"the first")), 1);
    let mut into = [0; 512];
    let mut next = 0;
    let mut work = || {
        ring.write(&[7; 300]);
        while let Some(piece) = ring.read_from(next, &mut into) {
            next = piece.end();
        }
        let mut context = Context::from_waker(Waker::noop());
        let mut wait = pin!(ring.wait_beyond(next));
        assert!(wait.as_mut().poll(&mut context).is_pending());
        ring.write(b"x");
        assert!(matches!(wait.as_mut().poll(&mut context), Poll::Ready(_)));
    };
    assert_eq!(allocations(&mut work), 1, "the list of those who wait");
    assert_eq!((0..1_000).map(|_| allocations(&mut work)).sum::<u64>(), 0);
}
