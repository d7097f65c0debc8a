//! A part for each thread.

use std::array;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads can count without meeting. More of them share parts, which is still right.
const PARTS: usize = 16;

/// The same thing several times, each in cache lines of its own. Processors fetch lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Part<T>(T);

/// What threads write to without meeting.
#[derive(Debug)]
pub(crate) struct Parts<T>([Part<T>; PARTS]);

/// How many threads have asked for a part. It only spreads them, so it is nobody's state.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PARTS;
}

impl<T> Parts<T> {
    pub(crate) fn new(mut make: impl FnMut() -> T) -> Self {
        Self(array::from_fn(|_| Part(make())))
    }

    /// This thread's part. A thread that is ending takes the first.
    pub(crate) fn mine(&self) -> &T {
        let place = PLACE.try_with(|place| *place).unwrap_or_default();
        let Self([first, ..]) = self;
        let Part(part) = self.0.get(place).unwrap_or(first);
        part
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|Part(part)| part)
    }
}
