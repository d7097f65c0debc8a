//! Counting how often the heap is asked for memory.

#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// How often this thread has asked for memory. Other threads of the test runner do not disturb it.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and a count for [`allocations`]. A test installs it with `#[global_allocator]`.
#[derive(Debug)]
pub struct CountingAllocator;

/// How many allocations `work` makes on this thread. Always 0 where [`CountingAllocator`] is not installed, so a test
/// shows first that something known to allocate is counted.
pub fn allocations(work: impl FnOnce()) -> u64 {
    let before = allocations_so_far();
    work();
    allocations_so_far() - before
}

/// How often this thread has allocated, for work that does not fit into one call.
#[must_use]
pub fn allocations_so_far() -> u64 {
    ALLOCATIONS.get()
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call is handed on to the system's allocator unchanged; counting allocates nothing, because the counter
// is a constant-initialised `Cell` without a destructor.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract, and all memory came from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `realloc`'s contract, and all memory came from the system's allocator.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}
