//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use chappe_counters::{Reading, Stopwatch};
use chappe_protocol::Timestamp;
use chappe_store::{Return, Store, Write, Written};

use crate::audience::Audience;
use crate::counts::Counts;
use crate::herald::Herald;
use crate::pace::{Pace, Pacer};
use crate::queue::{Eviction, Job, Queue, Work};
use crate::{AfterSave, Failure, Outcome};

/// How many expired events one sweep removes before the writer looks for new ones again.
const SWEPT_AT_ONCE: usize = 500;

/// Runs until the queue is stopped and empty.
fn run(mut writer: Writer, queue: &Queue) {
    let _refuse_on_unwind = RefuseOnDrop(queue);
    let mut jobs = Vec::new();
    loop {
        let work = queue.next(jobs, writer.pacer.patience());
        if !matches!(work, Work::Write(_)) {
            writer.let_go();
        }
        jobs = match work {
            Work::Write(batch) => writer.write(batch),
            Work::Evict(eviction) => {
                evict(&writer.store, eviction);
                Vec::new()
            }
            Work::Sweep(now) => {
                sweep(&writer.store, queue, now);
                Vec::new()
            }
            Work::Rest => Vec::new(),
            Work::Stop => return,
        };
    }
}

/// What the thread works with.
struct Writer {
    store: Arc<Store>,
    audience: Arc<Audience>,
    counts: Arc<Counts>,
    after_save: AfterSave,
    health: Health,
    herald: Herald,
    pacer: Pacer,
    /// Runs, whatever is counted: it bounds how long the pacer holds anybody back.
    stopwatch: Stopwatch,
    /// When the last commit was told, by it.
    told_last_at: Reading,
}

/// If the thread dies of a panic, what has queued and what comes after is refused instead of waiting for ever.
struct RefuseOnDrop<'a>(&'a Queue);

impl Drop for RefuseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
        loop {
            match self.0.next(Vec::new(), None) {
                Work::Write(batch) => {
                    let refused = vec![Err(Failure::Stopping); batch.len()];
                    answer(&batch, &refused);
                }
                Work::Evict(_) | Work::Rest => {}
                Work::Sweep(_) | Work::Stop => return,
            }
        }
    }
}

impl Writer {
    /// Commits the batch, has the hook see it, tells the subscribers, then answers the publishers: whoever hears an OK
    /// can rely on what follows from the event being in force, and on the event being on its way to everyone who
    /// listens, each of whom is woken soon. Gives the emptied batch back for reuse.
    fn write(&mut self, mut batch: Vec<Job>) -> Vec<Job> {
        let outcomes = self.commit(&batch);
        let seqs = || outcomes.iter().map(|result| result.as_ref().ok().and_then(stored_seq));
        if let Some(seq) = seqs().flatten().max() {
            self.audience.advance_to(seq);
        }
        let stored = || batch.iter().zip(seqs()).filter_map(|(job, seq)| seq.map(|_| job));
        if let Some(oldest) = stored().map(|job| job.record.view().head().created_at).min() {
            self.counts.note_stored(oldest);
        }
        stored().for_each(|job| self.call_hook(job));
        let stored = batch.iter().zip(seqs()).filter_map(|(job, seq)| Some((seq?, job.record.clone())));
        let pace = self.pace(seqs().flatten().count());
        let Counts { stopwatch, matching, .. } = &*self.counts;
        let begun_at = stopwatch.read();
        self.herald.tell(stored, pace);
        matching.observe(stopwatch.read().since(begun_at));
        answer(&batch, &outcomes);
        batch.clear();
        batch
    }

    /// How to tell a commit of so many events now.
    fn pace(&mut self, events: usize) -> Pace {
        let now = self.stopwatch.read();
        let passed = now.since(std::mem::replace(&mut self.told_last_at, now));
        self.pacer.pace(events, passed)
    }

    /// Wakes whoever is held back: no commit follows for now.
    fn let_go(&mut self) {
        self.pacer.let_go();
        self.herald.let_go();
    }

    /// Commits the batch, and takes note of how that went.
    fn commit(&mut self, batch: &[Job]) -> Vec<Result<Written, Failure>> {
        let Counts { stopwatch, spans, waiting, committing, batched, .. } = &*self.counts;
        let taken_at = stopwatch.read();
        for job in batch {
            waiting.observe(taken_at.since(job.queued_at));
        }
        let outcomes = commit(&self.store, &mut self.health, batch);
        let committed_at = stopwatch.read();
        let took = committed_at.since(taken_at);
        committing.observe(took);
        for job in batch.iter().filter(|_| spans.is_on()) {
            let id = job.record.view().head().id;
            spans.observe(id.as_bytes(), "wait", job.queued_at, taken_at);
            spans.observe(id.as_bytes(), "commit", taken_at, committed_at);
        }
        tracing::trace!(events = batch.len(), microseconds = took.as_micros(), "committed");
        batched.add(0, batch.len() as u64);
        self.counts.note_storing(self.health.has_failed());
        outcomes
    }

    /// What the hook is for can be made up for later; what waits for this thread cannot. So its panic ends here.
    fn call_hook(&self, job: &Job) {
        let view = job.record.view();
        if catch_unwind(AssertUnwindSafe(|| (self.after_save)(&view))).is_err() {
            tracing::error!(id = %view.head().id, "the hook for stored events panicked; the event is stored");
        }
    }
}

const fn stored_seq(written: &Written) -> Option<chappe_store::Seq> {
    match written {
        Written::Stored(seq) => Some(*seq),
        Written::Duplicate | Written::Superseded | Written::Deleted => None,
    }
}

/// One transaction for all. When that fails, one for each, so that an event which cannot be stored takes no other
/// down with it.
fn commit(store: &Store, health: &mut Health, batch: &[Job]) -> Vec<Result<Written, Failure>> {
    match write_all(store, health, batch) {
        Ok(written) => {
            health.recovered();
            written.into_iter().map(Ok).collect()
        }
        Err(failure) if batch.len() == 1 => vec![Err(failure)],
        Err(_) => {
            let mut one = |job| write_all(store, health, std::slice::from_ref(job));
            batch.iter().map(|job| one(job)?.first().copied().ok_or(Failure::Store)).collect()
        }
    }
}

fn write_all(store: &Store, health: &mut Health, batch: &[Job]) -> Result<Vec<Written>, Failure> {
    let now = batch.iter().map(|job| job.received_at).max().unwrap_or(Timestamp(0));
    let writes: Vec<_> =
        batch.iter().map(|job| Write { record: &job.record, placement: job.placement }).collect();
    store.write(&writes, now).map_err(|error| health.failed(&error))
}

/// How the last batch went. Told to the log when it changes: a full store would else fill the log as well.
#[derive(Default)]
struct Health(Option<Failure>);

impl Health {
    fn failed(&mut self, error: &chappe_store::Error) -> Failure {
        let failure = Failure::from(error);
        // A low disk is told by who looks at the disk, whether events come or not.
        if self.0.replace(failure) != Some(failure) && failure != Failure::LowDisk {
            tracing::error!(%error, "events are refused: they cannot be stored");
        }
        failure
    }

    const fn has_failed(&self) -> bool {
        self.0.is_some()
    }

    fn recovered(&mut self) {
        if self.0.take().is_some_and(|failure| failure != Failure::LowDisk) {
            tracing::info!("events are stored again");
        }
    }
}

fn answer(batch: &[Job], outcomes: &[Result<Written, Failure>]) {
    // Woken only when all is told: a task that wakes for the first of its outcomes would have to wake again for each.
    let wakers: Vec<Waker> = batch
        .iter()
        .zip(outcomes)
        .filter_map(|(job, result)| {
            let outcome = result.map_or_else(Outcome::Failed, Outcome::from);
            job.publisher.put_outcome(job.ticket, outcome)
        })
        .collect();
    wakers.into_iter().for_each(Waker::wake);
}

fn evict(store: &Store, eviction: Eviction) {
    let removed = store.remove(&eviction.ids, Return::Allowed);
    (eviction.done)(removed.map_err(|error| {
        tracing::error!(%error, "could not make room");
        Failure::from(&error)
    }));
}

fn sweep(store: &Store, queue: &Queue, now: Timestamp) {
    match store.sweep_expired(now, SWEPT_AT_ONCE) {
        Ok(0) => {}
        Ok(events) => {
            tracing::debug!(events, "removed expired events");
            if events == SWEPT_AT_ONCE {
                queue.ask_for_sweep(now);
            }
        }
        Err(error) => tracing::error!(%error, "could not remove expired events"),
    }
}

/// Starts the thread.
///
/// # Errors
///
/// When the system has no thread left.
pub(crate) fn start(
    (store, queue, audience, counts): (Arc<Store>, Arc<Queue>, Arc<Audience>, Arc<Counts>),
    after_save: AfterSave,
    herald: Herald,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let writer = Writer {
        store,
        audience,
        counts,
        after_save,
        health: Health::default(),
        herald,
        pacer: Pacer::default(),
        stopwatch: Stopwatch::running(),
        told_last_at: Reading::default(),
    };
    std::thread::Builder::new().name("writer".into()).spawn(move || run(writer, &queue))
}
