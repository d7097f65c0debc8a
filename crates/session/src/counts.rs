//! What all conversations together did.

mod words;

use std::borrow::Cow;

use chappe_authorization::{AskDenied, Denied};
use chappe_counters::{Counters, Histogram, Spans, Stopwatch, Sums};
use chappe_processing::Outcome;
use chappe_protocol::{Prefix, Refusal};

use crate::replies::Reply;
pub use words::{Accepted, Limit, Message, Request, Sent};

/// What is counted in all sessions of a relay. Nothing is decided by it.
pub struct Counts {
    pub(crate) stopwatch: Stopwatch,
    pub(crate) spans: Spans,
    pub(crate) validating: Histogram,
    pub(crate) authorizing: Histogram,
    pub(crate) delivering: Histogram,
    answering: [Histogram; Request::ALL.len()],
    messages: Counters<{ Message::ALL.len() }>,
    accepted: Counters<{ Accepted::ALL.len() }>,
    refused: Counters<{ Prefix::ALL.len() }>,
    requests_refused: Counters<{ Prefix::ALL.len() }>,
    /// Accepted and refused ones.
    sign_ins: Counters<2>,
    limited: Counters<{ Limit::ALL.len() }>,
    sent: Counters<{ Sent::ALL.len() }>,
}

/// What has been counted so far, since the relay started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// How long it took to hold an event against the rules, its id and its signature.
    pub validating: Sums,
    /// How long it took to decide whether a valid event may be written.
    pub authorizing: Sums,
    /// How long live events waited between being matched and standing among what a client is sent.
    pub delivering: Sums,
    /// How long requests took from their turn to their EOSE or count, the time included in which the client did not read.
    pub answering: [(Request, Sums); Request::ALL.len()],
    /// Messages that clients sent and that had their turn.
    pub messages: [(Message, u64); Message::ALL.len()],
    /// Events that were answered by `OK true`.
    pub accepted: [(Accepted, u64); Accepted::ALL.len()],
    /// Events that were answered by `OK false`.
    pub refused: [(Prefix, u64); Prefix::ALL.len()],
    /// REQs and COUNTs that were answered by CLOSED.
    pub requests_refused: [(Prefix, u64); Prefix::ALL.len()],
    /// AUTHs that were accepted.
    pub sign_ins_accepted: u64,
    /// AUTHs that were refused.
    pub sign_ins_refused: u64,
    /// Events and requests that were too many.
    pub limited: [(Limit, u64); Limit::ALL.len()],
    /// Events that clients were sent.
    pub sent: [(Sent, u64); Sent::ALL.len()],
}

impl Counts {
    /// With nothing counted yet. Durations are read from this stopwatch; single events' stages are noted there.
    #[must_use]
    pub fn new(stopwatch: Stopwatch, spans: Spans) -> Self {
        Self {
            stopwatch,
            spans,
            validating: Histogram::new(),
            authorizing: Histogram::new(),
            delivering: Histogram::new(),
            answering: Request::ALL.map(|_| Histogram::new()),
            messages: Counters::new(),
            accepted: Counters::new(),
            refused: Counters::new(),
            requests_refused: Counters::new(),
            sign_ins: Counters::new(),
            limited: Counters::new(),
            sent: Counters::new(),
        }
    }

    /// What was counted, over all threads.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let [sign_ins_accepted, sign_ins_refused] = self.sign_ins.sums();
        let [req, count] = &self.answering;
        Snapshot {
            validating: self.validating.sums(),
            authorizing: self.authorizing.sums(),
            delivering: self.delivering.sums(),
            answering: [(Request::Req, req.sums()), (Request::Count, count.sums())],
            messages: named(Message::ALL, self.messages.sums()),
            accepted: named(Accepted::ALL, self.accepted.sums()),
            refused: named(Prefix::ALL, self.refused.sums()),
            requests_refused: named(Prefix::ALL, self.requests_refused.sums()),
            sign_ins_accepted,
            sign_ins_refused,
            limited: named(Limit::ALL, self.limited.sums()),
            sent: named(Sent::ALL, self.sent.sums()),
        }
    }

    pub(crate) fn message(&self, message: Message) {
        self.messages.count(message as usize);
    }

    /// Counts what became of an event, and says what to answer.
    pub(crate) fn answer(&self, outcome: Outcome) -> Reply {
        let accepted = Accepted::of(&outcome);
        let reply = outcome.answer().map(Cow::Borrowed);
        match (&reply, accepted) {
            (Ok(_), Some(accepted)) => self.accept(accepted),
            (Err(refusal), _) => self.refuse(refusal),
            (Ok(_), None) => {}
        }
        reply
    }

    pub(crate) fn accept(&self, accepted: Accepted) {
        self.accepted.count(accepted as usize);
    }

    pub(crate) fn refuse(&self, refusal: &Refusal) {
        self.refused.count(refusal.prefix as usize);
    }

    pub(crate) fn refuse_request(&self, refusal: &Refusal) {
        self.requests_refused.count(refusal.prefix as usize);
    }

    pub(crate) fn deny(&self, denied: &Denied) {
        if let Some(limit) = Limit::of(denied) {
            self.limited.count(limit as usize);
        }
    }

    pub(crate) fn deny_request(&self, denied: &AskDenied) {
        if let Some(limit) = Limit::of_request(denied) {
            self.limited.count(limit as usize);
        }
    }

    pub(crate) fn sign_in(&self, reply: &Reply) {
        self.sign_ins.count(usize::from(reply.is_err()));
    }

    pub(crate) fn send(&self, sent: Sent, events: u64) {
        self.sent.add(sent as usize, events);
    }

    pub(crate) const fn answering(&self, request: Request) -> &Histogram {
        let [req, count] = &self.answering;
        match request {
            Request::Req => req,
            Request::Count => count,
        }
    }
}

impl Default for Counts {
    /// With a stopwatch that stands.
    fn default() -> Self {
        Self::new(Stopwatch::standing(), Spans::default())
    }
}

fn named<K, const N: usize>(names: [K; N], values: [u64; N]) -> [(K, u64); N] {
    let mut values = values.into_iter();
    // There are as many values as names.
    names.map(|name| (name, values.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
