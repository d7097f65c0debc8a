//! The bounded queue in front of the writer thread.

use std::sync::Arc;
use std::time::Duration;

use chappe_counters::{Reading, Stopwatch};
use chappe_protocol::{EventId, Timestamp};
use chappe_store::{Placement, Record};
use parking_lot::{Condvar, Mutex};

use crate::{Failure, Inbox, Outcome, Ticket};

/// An event on its way to the store.
pub(crate) struct Job {
    pub(crate) record: Record,
    pub(crate) placement: Placement,
    pub(crate) received_at: Timestamp,
    pub(crate) ticket: Ticket,
    pub(crate) publisher: Arc<Inbox>,
    /// See [`Queue::read_stopwatch`].
    pub(crate) queued_at: Reading,
    /// Held until the job is answered and told.
    pub(crate) _room: Room,
}

/// Events on their way to the store, bounded by the bytes of the messages that brought them.
pub(crate) struct Queue {
    bytes_max: usize,
    stopwatch: Stopwatch,
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    /// Held by every [`Room`] that is out: queued, being written, or not yet used.
    bytes: usize,
    /// Who found no room, to be woken when some is given back.
    waiting: Vec<Arc<Inbox>>,
    sweep_at: Option<Timestamp>,
    eviction: Option<Eviction>,
    /// Whether the last work was to write: then an eviction has its turn.
    has_written: bool,
    stopping: bool,
}

/// Events that are to make room, and who is told how many have gone.
pub(crate) struct Eviction {
    pub(crate) ids: Vec<EventId>,
    pub(crate) done: Evicted,
}

/// Is told how many events were removed, or why none was. Dropped untold when the writer ends.
pub type Evicted = Box<dyn FnOnce(Result<usize, Failure>) + Send>;

/// What the writer has to do next.
pub(crate) enum Work {
    Write(Vec<Job>),
    Evict(Eviction),
    Sweep(Timestamp),
    /// There is none for now.
    Rest,
    Stop,
}

/// A place in the queue for one message; given back when dropped.
pub struct Room {
    queue: Arc<Queue>,
    bytes: usize,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize, stopwatch: Stopwatch) -> Arc<Self> {
        Arc::new(Self { bytes_max, stopwatch, state: Mutex::default(), filled: Condvar::new() })
    }

    /// The moment, for a job that is about to be queued.
    pub(crate) fn read_stopwatch(&self) -> Reading {
        self.stopwatch.read()
    }

    /// Jobs that are queued and not taken up, and the bytes of all messages that have a place.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.jobs.len(), state.bytes)
    }

    /// Whether somebody still takes up what is queued.
    pub(crate) fn is_served(&self) -> bool {
        !self.state.lock().stopping
    }

    /// A message of any size gets a place in an empty queue, so that a small bound slows down and never locks out.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize, asker: &Arc<Inbox>) -> Option<Room> {
        let mut state = self.state.lock();
        let after = state.bytes.saturating_add(bytes);
        if state.bytes > 0 && after > self.bytes_max {
            if !state.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, asker)) {
                state.waiting.push(Arc::clone(asker));
            }
            return None;
        }
        state.bytes = after;
        Some(Room { queue: Arc::clone(self), bytes })
    }

    /// A place for a message that must not be asked to wait: it had one and gave it back while it waited elsewhere, or it
    /// is the relay's own. So the bound is exceeded by what waits elsewhere and the relay's own few events, at most.
    pub(crate) fn readmit(self: &Arc<Self>, bytes: usize) -> Room {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_add(bytes);
        drop(state);
        Room { queue: Arc::clone(self), bytes }
    }

    /// Queues the job, or answers it at once when the writer is gone.
    pub(crate) fn push(&self, job: Job) -> Result<(), Outcome> {
        let mut state = self.state.lock();
        if state.stopping {
            drop(state);
            return Err(Outcome::Failed(Failure::Stopping));
        }
        state.jobs.push(job);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    pub(crate) fn ask_for_sweep(&self, now: Timestamp) {
        self.state.lock().sweep_at = Some(now);
        self.filled.notify_one();
    }

    /// Only one at a time is asked for: another takes its place.
    pub(crate) fn ask_to_evict(&self, eviction: Eviction) {
        self.state.lock().eviction = Some(eviction);
        self.filled.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.state.lock().stopping = true;
        self.filled.notify_one();
    }

    /// Waits for work, so long at most. Everything that has queued comes at once; writing goes before sweeping, and both
    /// before the end. Evictions and writing take turns, so that events which come without a pause do not keep room from being made for them.
    pub(crate) fn next(&self, spent: Vec<Job>, patience: Option<Duration>) -> Work {
        debug_assert!(spent.is_empty(), "all jobs of the last batch are answered");
        let mut state = self.state.lock();
        loop {
            if state.has_written || state.jobs.is_empty() {
                state.has_written = false;
                if let Some(eviction) = state.eviction.take() {
                    return Work::Evict(eviction);
                }
            }
            if !state.jobs.is_empty() {
                state.has_written = true;
                return Work::Write(std::mem::replace(&mut state.jobs, spent));
            }
            if state.stopping {
                return Work::Stop;
            }
            if let Some(now) = state.sweep_at.take() {
                return Work::Sweep(now);
            }
            match patience {
                None => self.filled.wait(&mut state),
                Some(patience) if self.filled.wait_for(&mut state, patience).timed_out() => {
                    return Work::Rest;
                }
                Some(_) => {}
            }
        }
    }
}

impl Room {
    /// How large the message is that it was reserved for.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.bytes = state.bytes.saturating_sub(self.bytes);
        // Waking all at the half-way mark lets the writer build a batch instead of trading places one by one.
        let woken = if state.bytes <= self.queue.bytes_max / 2 {
            std::mem::take(&mut state.waiting)
        } else {
            Vec::new()
        };
        drop(state);
        for inbox in woken {
            inbox.wake();
        }
    }
}

#[cfg(test)]
mod tests;
