//! What reaches one connection from the rest of the relay.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use chappe_counters::Reading;
use chappe_protocol::Timestamp;
use chappe_store::{Record, Seq};
use chappe_subscriptions::Token;
use parking_lot::Mutex;

use crate::pace::{HELD_BYTES_MAX, Pace};
use crate::{Account, Outcome};

/// A connection that waits for live events keeps room for so many, whatever came before: 2 KiB, twice.
const LIVE_KEPT: usize = 64;

/// A session's number for an event it has handed over and awaits the outcome of; ascending on each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A new event for one of the connection's subscriptions.
#[derive(Debug, Clone)]
pub struct Live {
    /// The subscription it matched.
    pub token: Token,
    /// Its place in the order of commits; none for an ephemeral event.
    pub seq: Option<Seq>,
    /// The event, shared by all its subscribers.
    pub record: Record,
    /// When it was put in, by the processor's stopwatch.
    pub told_at: Reading,
}

impl Live {
    /// What it counts against [`Inbox::new`]'s bound: the bytes of its JSON.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.record.json().len()
    }
}

/// Why a connection has to end, as the rest of the relay sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// More live events came than may wait for it.
    Overflowed,
    /// Somebody who may do so wants it to.
    Dismissed,
}

/// Why somebody wants a connection to end. It is told to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// In their words; may be empty.
    pub reason: String,
}

/// What is to be done for the session after a live event was put in.
#[derive(Debug)]
pub(crate) enum Call {
    /// Nothing: it is to look, or will be told to, already.
    None,
    /// The waker is to be called, when all of the commit is told.
    Now(Waker),
    /// [`Inbox::signal_held`], when it is held back no longer.
    Later,
}

/// Where outcomes and live events wait for one connection's session.
///
/// Outcomes are as many as the session has events in flight, which it bounds itself. Live events are bounded here, in
/// bytes, from arrival until the session [releases](Inbox::release) them. Past the bound all are dropped and the inbox
/// is [overflowed](Inbox::ending) for good: the session closes the connection.
#[derive(Debug)]
pub struct Inbox {
    live_bytes_max: usize,
    /// Beside it, and not in memory of its own: there is one for each connection.
    account: Account,
    /// Decides, with the first subscription, to which part of the audience its connection belongs.
    shard: OnceLock<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    outcomes: VecDeque<(Ticket, Outcome)>,
    live: VecDeque<Live>,
    live_bytes: usize,
    overflowed: bool,
    signalled: bool,
    /// There are live events that nobody was told to look for yet.
    held: bool,
    /// In a box: hardly any connection has one.
    dismissal: Option<Box<Dismissal>>,
    waker: Option<Waker>,
}

impl State {
    fn wake_later<T>(&mut self, context: &Context<'_>) -> Poll<T> {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Marks that there is something to look at. The first to do so gets the waker to call, outside the lock.
    fn signal(&mut self) -> Option<Waker> {
        self.signalled = true;
        self.waker.take()
    }

    fn ending(&self) -> Option<Ending> {
        match &self.dismissal {
            _ if self.overflowed => Some(Ending::Overflowed),
            Some(_) => Some(Ending::Dismissed),
            None => None,
        }
    }
}

impl Inbox {
    /// An empty inbox that holds at most this many bytes of live events (of their JSON).
    #[must_use]
    pub fn new(live_bytes_max: usize) -> Self {
        Self::of(Account::new(None, Timestamp(0)), live_bytes_max)
    }

    /// The same for a connection that is to be told from others.
    #[must_use]
    pub fn of(account: Account, live_bytes_max: usize) -> Self {
        Self { live_bytes_max, account, shard: OnceLock::new(), state: Mutex::default() }
    }

    /// What the connection takes.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Ready once for all that has arrived since it was last ready; otherwise the task is woken when something does.
    pub fn poll_arrival(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.signalled) {
            return Poll::Ready(());
        }
        state.wake_later(context)
    }

    /// Ready when the connection has to end. Unlike [`Self::poll_arrival`] it leaves an arrival to be noticed later.
    pub fn poll_ending(&self, context: &mut Context<'_>) -> Poll<Ending> {
        let mut state = self.state.lock();
        match state.ending() {
            Some(ending) => Poll::Ready(ending),
            None => state.wake_later(context),
        }
    }

    /// The next outcome, in the order of its arrival.
    pub fn next_outcome(&self) -> Option<(Ticket, Outcome)> {
        self.state.lock().outcomes.pop_front()
    }

    /// Moves the live events that have arrived to the end of `live`. They count against the bound until released.
    pub fn take_live(&self, live: &mut VecDeque<Live>) {
        let mut state = self.state.lock();
        state.held = false;
        if live.is_empty() {
            // Two queues go round, so that what waits is neither copied nor asks for memory.
            std::mem::swap(live, &mut state.live);
        } else {
            live.append(&mut state.live);
        }
        // They do not keep the memory of a busier time.
        let kept = LIVE_KEPT.max(2 * live.len());
        if state.live.capacity() > 2 * kept {
            state.live.shrink_to(kept);
        }
    }

    /// Says that a live event of this many bytes is sent or dropped.
    pub fn release(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.live_bytes = state.live_bytes.saturating_sub(bytes);
    }

    /// Whether, and why, the connection has to end: once it is so, for good.
    pub fn ending(&self) -> Option<Ending> {
        self.state.lock().ending()
    }

    /// Has the connection end. The first reason counts.
    pub fn dismiss(&self, dismissal: Dismissal) {
        self.state.lock().dismissal.get_or_insert_with(|| Box::new(dismissal));
        self.wake();
    }

    /// Why somebody wants the connection to end, if they do.
    pub fn dismissal(&self) -> Option<Dismissal> {
        self.state.lock().dismissal.as_deref().cloned()
    }

    /// The number that stands for its connection where those are dealt out: that of its first subscription.
    pub(crate) fn shard(&self, number: u64) -> u64 {
        *self.shard.get_or_init(|| number)
    }

    /// Puts an outcome in. Call the waker, if one comes back, when all of a batch is told.
    #[must_use]
    pub(crate) fn put_outcome(&self, ticket: Ticket, outcome: Outcome) -> Option<Waker> {
        let mut state = self.state.lock();
        state.outcomes.push_back((ticket, outcome));
        state.signal()
    }

    /// Puts a live event in, or overflows. Whatever the pace, an inbox that holds much, or is more than half full, waits for
    /// nothing.
    #[must_use]
    pub(crate) fn put_live(&self, live: Live, pace: Pace) -> Call {
        let mut state = self.state.lock();
        if state.overflowed {
            return Call::None;
        }
        let bytes = state.live_bytes.saturating_add(live.bytes());
        if bytes > self.live_bytes_max {
            state.overflowed = true;
            state.live = VecDeque::new();
        } else {
            state.live_bytes = bytes;
            state.live.push_back(live);
        }
        if pace == Pace::AtOnce || bytes > HELD_BYTES_MAX.min(self.live_bytes_max / 2) {
            return state.signal().map_or(Call::None, Call::Now);
        }
        let is_told = state.signalled || std::mem::replace(&mut state.held, true);
        if is_told { Call::None } else { Call::Later }
    }

    /// Tells of the live events that were held back, unless they were taken meanwhile. Call the waker, if one comes back.
    #[must_use]
    pub(crate) fn signal_held(&self) -> Option<Waker> {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.held) { state.signal() } else { None }
    }

    /// Wakes the task without bringing anything: there may be room in the queue again.
    pub(crate) fn wake(&self) {
        let waker = self.state.lock().signal();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests;
