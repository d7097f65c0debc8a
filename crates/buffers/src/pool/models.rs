//! Every order in which threads may meet at the shared tier, tried by loom. See docs/testing.md for the command.
//!
//! A thread's cache is opened by hand here: loom's threads are not the system's, and share its thread-locals.

use loom::thread;

use super::cache::Cache;
use super::*;

const KIB: usize = 1 << 10;
/// A kibibyte of cache for each of two threads, and one or two that all share.
const BOUNDS: Bounds = Bounds { kept_bytes_max: 4 * KIB, thread_bytes_max: 4 * KIB };
const SHARED_ONLY: Bounds = Bounds { kept_bytes_max: KIB, thread_bytes_max: 0 };

/// Takes so many buffers at once and gives them back.
fn borrow(cache: &mut Cache, many: usize) {
    let mut held: Vec<Buffer> = (0..many).map(|_| cache.take(Class::Small, KIB)).collect();
    for buffer in &mut held {
        assert!(buffer.is_empty());
        buffer.push(7);
        cache.give_back(buffer);
    }
}

/// What must hold when nobody is at work any more and all caches have gone.
fn check_at_rest(stock: &Arc<Stock>, taken: u64) {
    let snapshot = Snapshot::of(stock);
    let small = snapshot.classes[0];
    assert_eq!((small.taken(), small.in_use, small.bytes_in_use, snapshot.threads), (taken, 0, 0, 0));
    assert_eq!(small.returned + small.discarded, taken);
    assert_eq!(
        small.created,
        small.kept + small.discarded + small.trimmed,
        "none is lost, none is there twice"
    );
    check_ceiling(stock);
}

fn check_ceiling(stock: &Stock) {
    assert!(Snapshot::of(stock).bytes_kept() <= stock.bounds().kept_bytes_max as u64);
}

fn with_two_threads(
    bounds: Bounds,
    one: impl Fn(&Arc<Stock>) + Send + Sync + Copy + 'static,
    other: impl Fn(&Arc<Stock>) + Send + Sync + Copy + 'static,
    last: impl Fn(&Arc<Stock>) + Send + Sync + 'static,
) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound.get_or_insert(2);
    model.check(move || {
        let stock = Arc::new(Stock::new(bounds));
        let there = Arc::clone(&stock);
        let thread = thread::spawn(move || one(&there));
        other(&stock);
        thread.join().unwrap();
        last(&stock);
    });
}

#[test]
fn two_threads_without_a_cache_share_what_there_is() {
    let work = |stock: &Arc<Stock>| borrow(&mut Cache::open(stock), 2);
    with_two_threads(SHARED_ONLY, work, work, |stock| check_at_rest(stock, 4));
}

#[test]
fn a_cache_that_goes_gives_back_what_it_was_granted() {
    let work = |stock: &Arc<Stock>| borrow(&mut Cache::open(stock), 1);
    with_two_threads(BOUNDS, work, work, |stock| {
        check_at_rest(stock, 2);
        // As much as the first that came.
        let cache = Cache::open(stock);
        assert_eq!(cache.grant(), 2 * KIB);
        drop(cache);
        check_at_rest(stock, 2);
    });
}

#[test]
fn a_tick_and_a_snapshot_may_come_at_any_time() {
    let work = |stock: &Arc<Stock>| borrow(&mut Cache::open(stock), 2);
    let look = |stock: &Arc<Stock>| {
        stock.tick();
        check_ceiling(stock);
    };
    with_two_threads(SHARED_ONLY, work, look, |stock| check_at_rest(stock, 2));
}

#[test]
fn a_buffer_may_come_back_in_another_thread() {
    loom::model(|| {
        let stock = Arc::new(Stock::new(BOUNDS));
        let mut cache = Cache::open(&stock);
        let mut buffer = cache.take(Class::Small, 0);
        let there = Arc::clone(&stock);
        let thread = thread::spawn(move || Cache::open(&there).give_back(&mut buffer));
        borrow(&mut cache, 1);
        drop(cache);
        thread.join().unwrap();
        check_at_rest(&stock, 2);
    });
}

#[test]
fn nothing_stays_on_the_shelves_of_a_pool_that_goes_meanwhile() {
    let work = |stock: &Arc<Stock>| borrow(&mut Cache::open(stock), 1);
    with_two_threads(
        BOUNDS,
        work,
        |stock| stock.close(),
        |stock| {
            check_at_rest(stock, 1);
            assert_eq!(Snapshot::of(stock).bytes_kept(), 0);
        },
    );
}
