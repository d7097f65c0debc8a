//! An allocator that counts, by what the thread does that asks.

#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Connections, as a thread of the runtime.
    Serving,
    /// Commits, and telling who listens.
    Writing,
    /// Anything else.
    Elsewhere,
}

/// How many allocations there were, by role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) serving: u64,
    pub(crate) writing: u64,
    pub(crate) elsewhere: u64,
}

/// How many allocations of a thread go by until it is asked for its name: it has none while it is being started.
const NAMED_AFTER: u64 = 16;

thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
    static ROLE: Cell<Role> = const { Cell::new(Role::Elsewhere) };
    /// While something is found out or remembered, what that takes does not count.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

static SERVING: AtomicU64 = AtomicU64::new(0);
static WRITING: AtomicU64 = AtomicU64::new(0);
static ELSEWHERE: AtomicU64 = AtomicU64::new(0);
static REMEMBER_EVERY: AtomicU64 = AtomicU64::new(0);
static SITES: Mutex<Vec<Backtrace>> = Mutex::new(Vec::new());

/// So many are remembered.
const SITES_MAX: usize = 2_000;

/// The system's allocator, and a count.
pub(crate) struct Counted;

impl Role {
    fn of_this_thread() -> Self {
        match std::thread::current().name() {
            Some(name) if name.starts_with("tokio") => Self::Serving,
            Some(name) if name == "writer" || name.starts_with("teller") => Self::Writing,
            Some(_) | None => Self::Elsewhere,
        }
    }

    const fn counter(self) -> &'static AtomicU64 {
        match self {
            Self::Serving => &SERVING,
            Self::Writing => &WRITING,
            Self::Elsewhere => &ELSEWHERE,
        }
    }
}

impl Counts {
    pub(crate) fn now() -> Self {
        let count = |role: Role| role.counter().load(Ordering::Relaxed);
        Self {
            serving: count(Role::Serving),
            writing: count(Role::Writing),
            elsewhere: count(Role::Elsewhere),
        }
    }

    pub(crate) const fn since(&self, earlier: &Self) -> Self {
        Self {
            serving: self.serving - earlier.serving,
            writing: self.writing - earlier.writing,
            elsewhere: self.elsewhere - earlier.elsewhere,
        }
    }

    pub(crate) const fn sum(&self) -> u64 {
        self.serving + self.writing + self.elsewhere
    }
}

/// From now on every so many-th allocation of a serving thread is remembered; 0: none.
pub(crate) fn remember_every(many: u64) {
    REMEMBER_EVERY.store(many, Ordering::Relaxed);
}

/// Prints where the remembered allocations were made.
pub(crate) fn print_sites() {
    remember_every(0);
    let sites = std::mem::take(&mut *SITES.lock().unwrap_or_else(PoisonError::into_inner));
    let mut texts: HashMap<String, usize> = HashMap::new();
    for site in sites {
        *texts.entry(site.to_string()).or_default() += 1;
    }
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    for (text, count) in texts {
        println!("{count} times:\n{text}");
    }
}

fn count() {
    if BUSY.get() {
        return;
    }
    let mine = MINE.get() + 1;
    MINE.set(mine);
    if mine == NAMED_AFTER {
        BUSY.set(true);
        ROLE.set(Role::of_this_thread());
        BUSY.set(false);
    }
    let role = ROLE.get();
    role.counter().fetch_add(1, Ordering::Relaxed);
    let every = REMEMBER_EVERY.load(Ordering::Relaxed);
    if role == Role::Serving && every > 0 && mine.is_multiple_of(every) {
        remember();
    }
}

#[cold]
fn remember() {
    BUSY.set(true);
    let site = Backtrace::force_capture();
    let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    if sites.len() < SITES_MAX {
        sites.push(site);
    }
    drop(sites);
    BUSY.set(false);
}

// SAFETY: every call is handed on to the system's allocator unchanged. What counting allocates itself is not counted
// again, so it ends.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is the system's.
        unsafe { System.alloc_zeroed(layout) }
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
