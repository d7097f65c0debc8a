//! The room's door: what sessions call.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;

use chappe_authorization::{Permit, Source};
use chappe_buffers::Pool;
use chappe_protocol::{EventId, Filter, Timestamp};
use chappe_routing::Route;
use chappe_store::{Compressor, Seq, Store};
use chappe_subscriptions::Token;
use parking_lot::Mutex;

use crate::audience::Audience;
use crate::counts::Counts;
use crate::herald::Herald;
use crate::keeping::{placement, record};
use crate::queue::{Evicted, Eviction, Job, Queue};
use crate::{Awaiting, Checker, Failure, Hooks, Inbox, Outcome, Room, Snapshot, Ticket, writer};

/// Takes permitted events to disk and to subscribers.
pub struct Processor {
    store: Arc<Store>,
    buffers: Pool,
    queue: Arc<Queue>,
    audience: Arc<Audience>,
    checker: Checker,
    counts: Arc<Counts>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// More threads than these do not tell a commit's subscribers: they would wait for each other.
const TELLERS_MAX: usize = 8;

/// More shards than threads, so that the first one tells whether it pays to call the others, and a thread that comes late
/// finds something to do.
const SHARDS_A_TELLER: usize = 2;

/// Whether the outcome is known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// The outcome comes to the publisher's inbox, under its ticket.
    Queued,
    /// The outcome is this.
    Done(Outcome),
}

impl Processor {
    /// Starts the writer thread, and one less than the `cores` to help it when many are to be told. `queue_bytes_max`
    /// bounds the messages whose events wait to be stored; `hooks` are who is called on an event's way.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or the system has no thread left.
    pub fn start(
        store: Arc<Store>,
        buffers: Pool,
        queue_bytes_max: usize,
        cores: NonZeroUsize,
        hooks: Hooks,
    ) -> std::io::Result<Self> {
        let Hooks { after_save, checker, stopwatch, spans } = hooks;
        let last = store.last_seq().map_err(std::io::Error::other)?;
        let counts = Arc::new(Counts::new(stopwatch, spans));
        let tellers = cores.get().min(TELLERS_MAX);
        let audience = Arc::new(Audience::new(SHARDS_A_TELLER * tellers, last, Arc::clone(&counts)));
        let herald = Herald::start(Arc::clone(&audience), tellers - 1)?;
        let queue = Queue::new(queue_bytes_max, stopwatch);
        let parts = (Arc::clone(&store), Arc::clone(&queue), Arc::clone(&audience), Arc::clone(&counts));
        let writer = writer::start(parts, after_save, herald)?;
        Ok(Self { store, buffers, queue, audience, checker, counts, writer: Mutex::new(Some(writer)) })
    }

    /// Whether the event is on disk. Says nothing about events that are still queued: the writer does.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] when the store cannot be read.
    pub fn has(&self, id: &EventId) -> Result<bool, Failure> {
        self.store.contains(id).map_err(|error| {
            tracing::error!(%error, "could not read the store");
            Failure::Store
        })
    }

    /// A place in the queue for a message of this many bytes. Without one, the asker's inbox is signalled when there
    /// is room again.
    #[must_use]
    pub fn reserve(&self, bytes: usize, asker: &Arc<Inbox>) -> Option<Room> {
        self.queue.reserve(bytes, asker)
    }

    /// A place in the queue for an event of the relay's own, which nobody can be asked to send again later. The queue may
    /// exceed its bound by those; they are few.
    #[must_use]
    pub fn admit(&self, bytes: usize) -> Room {
        self.queue.readmit(bytes)
    }

    /// Sends a permitted event on its way. An ephemeral one is delivered at once; any other is on disk when its
    /// outcome says so.
    ///
    /// One that has to wait or to pass external checks first waits outside the queue, and its room is free for others
    /// meanwhile: the checker bounds what waits with it. The checks are told who brought it.
    pub fn process(
        &self,
        permit: &Permit<'_>,
        route: Route,
        received_at: Timestamp,
        room: Room,
        (publisher, ticket): (&Arc<Inbox>, Ticket),
        source: Source<'_>,
    ) -> Submitted {
        let placement = placement(route);
        // What is not stored is not compressed either.
        let compressor = placement.map_or(Compressor::NONE, |_| self.store.compressor());
        // Its JSON, and its tags once more.
        let bytes = room.bytes().saturating_mul(2);
        let record = record(permit, &mut self.buffers.take_for(bytes), compressor);
        if !permit.checks().is_empty() || !permit.delay().is_zero() {
            let peer = match source {
                Source::Client(peer) => Some(peer),
                Source::Operator | Source::Relay => None,
            };
            (self.checker)(Awaiting {
                record,
                placement,
                received_at,
                ticket,
                publisher: Arc::clone(publisher),
                bytes: room.bytes(),
                delay: permit.delay(),
                checks: permit.checks().to_vec(),
                signed_in: peer.map(|peer| peer.viewer.iter().copied().collect()).unwrap_or_default(),
                address: peer.and_then(|peer| peer.address),
                queue: Arc::clone(&self.queue),
                audience: Arc::clone(&self.audience),
                decided: false,
            });
            return Submitted::Queued;
        }
        let Some(placement) = placement else {
            let heard = self.audience.tell(&record);
            return Submitted::Done(if heard { Outcome::Heard } else { Outcome::Unheard });
        };
        let publisher = Arc::clone(publisher);
        let queued_at = self.queue.read_stopwatch();
        let job = Job { record, placement, received_at, ticket, publisher, queued_at, _room: room };
        match self.queue.push(job) {
            Ok(()) => Submitted::Queued,
            Err(outcome) => Submitted::Done(outcome),
        }
    }

    /// Starts delivering new events that match to the inbox.
    ///
    /// The [`Seq`] is the hand-over: events up to it are in the store for a query to find, and may still be delivered
    /// (drop those); events after it will be delivered, and a query may already find them (leave those out).
    pub fn subscribe(&self, filters: Arc<[Filter]>, inbox: &Arc<Inbox>) -> (Token, Seq) {
        let token = self.audience.add(filters, inbox);
        // Read only now: a commit that is not counted here is told after the insertion, so it finds the subscription.
        (token, self.committed())
    }

    /// Stops delivering. What is already in the inbox stays there.
    pub fn unsubscribe(&self, token: Token) {
        self.audience.remove(token);
    }

    /// The last commit that queries can see.
    #[must_use]
    pub fn committed(&self) -> Seq {
        self.audience.committed()
    }

    /// How many subscriptions are open, over all connections.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.audience.len()
    }

    /// How it is doing. Takes the queue's lock for a moment, and adds up what all threads have counted.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (queued_events, queued_bytes) = self.queue.depth();
        let [events_batched] = self.counts.batched.sums();
        let [matches] = self.counts.matches.sums();
        Snapshot {
            waiting: self.counts.waiting.sums(),
            committing: self.counts.committing.sums(),
            matching: self.counts.matching.sums(),
            events_batched,
            matches,
            queued_events: queued_events as u64,
            queued_bytes: queued_bytes as u64,
            subscriptions: self.subscriptions() as u64,
        }
    }

    /// Whether the last batch could be stored, as far as there was one.
    #[must_use]
    pub fn stored_last(&self) -> bool {
        self.counts.stored_last()
    }

    /// Whether there is a writer: not once it is [stopped](Self::stop), or has died of a panic.
    #[must_use]
    pub fn has_writer(&self) -> bool {
        self.queue.is_served()
    }

    /// Has the writer remove events that have expired by `now` (NIP-40), between its batches.
    pub fn sweep_expired(&self, now: Timestamp) {
        self.queue.ask_for_sweep(now);
    }

    /// Has the writer remove these events between its batches: some hundred at most, because OKs wait meanwhile. They may come
    /// again. Ask for the next ones when these are `done`.
    pub fn evict(&self, ids: Vec<EventId>, done: Evicted) {
        self.queue.ask_to_evict(Eviction { ids, done });
    }

    /// The time of the oldest event that was stored since this was asked last, if any was.
    #[must_use]
    pub fn take_oldest_stored(&self) -> Option<Timestamp> {
        self.counts.take_oldest_stored()
    }

    /// Commits what has queued, refuses what comes after, and ends the writer thread. Blocks until that is done.
    pub fn stop(&self) {
        self.queue.stop();
        let writer = self.writer.lock().take();
        if writer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer thread ended by a panic");
        }
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
