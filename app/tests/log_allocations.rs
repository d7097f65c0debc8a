//! Logging a line asks the heap for nothing: this test's process has the log to itself.

use chappe_app::Log;
use chappe_app::config;
use chappe_testkit::{CountingAllocator, allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_line_of_the_log_allocates_nothing() {
    let _log = Log::install(&config::Log { history_bytes: 10_240, ..config::Log::default() });
    let mut number = 0;
    let mut work = || {
        number += 1;
        tracing::warn!(target: "chappe_store", number, text = "such as it is", "a line");
        tracing::info!(target: "chappe_app::plugins", plugin = "ask.py", "{} of {number}", "another");
        tracing::debug!(target: "chappe_store", number, "not logged");
    };
    assert!(allocations(&mut work) > 0, "the first line makes room, and is counted");
    assert_eq!((0..500).map(|_| allocations(&mut work)).sum::<u64>(), 0);
}
