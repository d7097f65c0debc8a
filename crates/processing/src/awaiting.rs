//! An event that waits outside the queue for what others say about it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::Check;
use chappe_protocol::{PublicKey, Timestamp};
use chappe_store::{Placement, Record};

use crate::audience::Audience;
use crate::queue::{Job, Queue};
use crate::{Failure, Inbox, Outcome, Rejection, Ticket};

/// A permitted event about which somebody else has the last word. Whoever holds it says the word, once.
///
/// Dropped without a word it fails: an event that nobody decided about is not let through.
pub struct Awaiting {
    pub(crate) record: Record,
    /// Nothing for an ephemeral event.
    pub(crate) placement: Option<Placement>,
    pub(crate) received_at: Timestamp,
    pub(crate) ticket: Ticket,
    pub(crate) publisher: Arc<Inbox>,
    /// What it takes up of the queue once it is there.
    pub(crate) bytes: usize,
    pub(crate) delay: Duration,
    pub(crate) checks: Vec<Check>,
    pub(crate) signed_in: Vec<PublicKey>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) audience: Arc<Audience>,
    pub(crate) decided: bool,
}

impl Awaiting {
    /// The event.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// When the relay was sent it.
    #[must_use]
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// How long it is to be held back before anybody is asked.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// Who is to be asked, one after the other: the first no is the answer, and nobody after it is asked.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The keys that its publisher has signed in with; none for a stranger.
    #[must_use]
    pub fn signed_in(&self) -> &[PublicKey] {
        &self.signed_in
    }

    /// Where it came from; nothing for an event that came over no connection.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What it holds of the memory while it waits, in bytes, as good as one can tell.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let keys = size_of::<PublicKey>().saturating_mul(self.signed_in.len());
        let checks = size_of::<Check>().saturating_mul(self.checks.len());
        size_of::<Self>().saturating_add(self.record.bytes_held()).saturating_add(keys).saturating_add(checks)
    }

    /// Lets it go on: to the writer, or, ephemeral, to its audience. It may come up against what the store says.
    pub fn accept(mut self) {
        self.decided = true;
        let Some(placement) = self.placement else {
            let heard = self.audience.tell(&self.record);
            return self.answer(if heard { Outcome::Heard } else { Outcome::Unheard });
        };
        let job = Job {
            record: self.record.clone(),
            placement,
            received_at: self.received_at,
            ticket: self.ticket,
            publisher: Arc::clone(&self.publisher),
            queued_at: self.queue.read_stopwatch(),
            _room: self.queue.readmit(self.bytes),
        };
        if let Err(outcome) = self.queue.push(job) {
            self.answer(outcome);
        }
    }

    /// Refuses it, for this reason: see [`Rejection::refusal`] for what becomes of the text.
    pub fn reject(mut self, text: &str) {
        self.decided = true;
        self.answer(Outcome::Rejected(Rejection::new(text)));
    }

    /// Lets its publisher believe that it was stored. It is not, and nobody else hears of it.
    pub fn shadow(mut self) {
        self.decided = true;
        self.answer(Outcome::Shadowed);
    }

    /// Refuses it because the check gave no answer.
    pub fn fail(self) {
        drop(self);
    }

    fn answer(&self, outcome: Outcome) {
        if let Some(waker) = self.publisher.put_outcome(self.ticket, outcome) {
            waker.wake();
        }
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        if !self.decided {
            self.answer(Outcome::Failed(Failure::Check));
        }
    }
}

impl fmt::Debug for Awaiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaiting").field("id", &self.record.view().head().id).finish_non_exhaustive()
    }
}
