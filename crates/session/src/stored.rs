//! Answers from the store, slice by slice.

use std::ops::ControlFlow;
use std::time::Duration;

use chappe_authorization::can_see;
use chappe_counters::Reading;
use chappe_processing::Spent;
use chappe_protocol::{Prefix, Refusal, SubscriptionId, Timestamp};
use chappe_store::{Ask, Completeness, Progress, Query, QueryBounds, RecordView, Seq, Step};
use chappe_subscriptions::Token;

use crate::compressor::Effort;
use crate::hyperloglog::HyperLogLog;
use crate::slow;
use crate::{Limits, Request, Sent, Session};

/// The request that is being answered from the store.
pub(crate) struct Running {
    id: SubscriptionId,
    query: Query,
    purpose: Purpose,
    begun_at: Reading,
    /// How long it was worked on.
    worked: Duration,
}

enum Purpose {
    /// A REQ: events, EOSE, and then live ones to this token.
    Subscribe(Token),
    /// A COUNT.
    Count { events: u64, hyperloglog: Option<Box<HyperLogLog>> },
}

/// What one slice may cost, so that other connections get their turn: some hundred microseconds.
const STEP: Step = Step { events_max: 200, scans_max: 2_000 };

/// Events that one slice compresses: each costs as much as ten or twenty that are copied.
const COMPRESSED_MAX: u64 = 50;

impl Running {
    pub(crate) fn stored(
        id: SubscriptionId,
        token: Token,
        asks: Vec<Ask>,
        newest: Seq,
        (limits, begun_at): (&Limits, Reading),
    ) -> Self {
        let bounds = QueryBounds { default_limit: limits.limit_default, limit_max: limits.limit_max, newest };
        let (query, worked) = (chappe_store::query(asks, bounds), Duration::ZERO);
        Self { id, query, purpose: Purpose::Subscribe(token), begun_at, worked }
    }

    /// Without a hand-over: nothing comes live after a COUNT, so a version that replaces another meanwhile counts.
    pub(crate) fn count(
        id: SubscriptionId,
        asks: Vec<Ask>,
        hyperloglog: Option<Box<HyperLogLog>>,
        begun_at: Reading,
    ) -> Self {
        let query = chappe_store::count(asks, Seq(u64::MAX));
        let purpose = Purpose::Count { events: 0, hyperloglog };
        Self { id, query, purpose, begun_at, worked: Duration::ZERO }
    }

    pub(crate) const fn id(&self) -> &SubscriptionId {
        &self.id
    }

    /// The subscription whose live events have to wait for its EOSE.
    pub(crate) const fn token(&self) -> Option<Token> {
        match self.purpose {
            Purpose::Subscribe(token) => Some(token),
            Purpose::Count { .. } => None,
        }
    }
}

impl Session {
    /// Sends the next slice of the running query, if there is one and there is room.
    pub(crate) fn continue_running(&mut self, now: Timestamp) {
        if !self.outbox.has_room() {
            return;
        }
        let Some(mut running) = self.running.take() else { return };
        match self.slice(&mut running, now) {
            Ok(Progress::More) => self.running = Some(running),
            Ok(Progress::Done(completeness)) => self.finish(running, completeness),
            Err(error) => {
                tracing::error!(%error, "could not read the store");
                self.backlog.stop_holding();
                self.refuse(&running.id, &Refusal::new(Prefix::Error, "the relay could not read its store"));
            }
        }
    }

    /// Ends the running query without an answer.
    pub(crate) fn stop_running(&mut self) {
        if let Some(running) = self.running.take() {
            slow::tell(self.number(), &running.query, running.worked, self.services.slow_query);
        }
        self.backlog.stop_holding();
    }

    fn slice(&mut self, running: &mut Running, now: Timestamp) -> Result<Progress, chappe_store::Error> {
        let Self { services, outbox, peer, inbox, .. } = self;
        let Running { id, query, purpose, worked, .. } = running;
        let began_at = services.counts.stopwatch.read();
        let mut sent = 0;
        let access = services.access();
        let mut see = |record: &RecordView<'_>| can_see(&access, &peer.viewer, &record.head());
        let (mut compressed, mut unread) = (0, None);
        let mut each = |record: RecordView<'_>| match purpose {
            Purpose::Subscribe(_) => {
                match outbox.event(id, &record) {
                    Ok(effort) => compressed += u64::from(effort == Effort::Compressed),
                    Err(error) => {
                        unread = Some(error);
                        return ControlFlow::Break(());
                    }
                }
                sent += 1;
                if outbox.has_room() && compressed < COMPRESSED_MAX {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            }
            Purpose::Count { events, hyperloglog } => {
                *events += 1;
                if let Some(hyperloglog) = hyperloglog {
                    hyperloglog.add(&record.head().pubkey);
                }
                ControlFlow::Continue(())
            }
        };
        let progress = query.advance(&services.store, now, STEP, &mut see, &mut each);
        services.counts.send(Sent::Stored, sent);
        inbox.account().spend(Spent::EventsSent, sent);
        let time = services.counts.stopwatch.read().since(began_at);
        inbox.account().work(time);
        *worked += time;
        unread.map_or(progress, Err)
    }

    fn finish(&mut self, running: Running, completeness: Completeness) {
        let Running { id, query, purpose, begun_at, worked } = running;
        slow::tell(self.number(), &query, worked, self.services.slow_query);
        let counts = &self.services.counts;
        let request = match purpose {
            Purpose::Subscribe(_) => {
                let hint = match completeness {
                    Completeness::Finished => Some(chappe_codec::Completeness::Finish),
                    Completeness::MoreStored => Some(chappe_codec::Completeness::More),
                    Completeness::Unknown => None,
                };
                self.outbox.message(|out| chappe_codec::append_eose(out, &id, hint));
                self.backlog.stop_holding();
                Request::Req
            }
            Purpose::Count { events, hyperloglog } => {
                let registers = hyperloglog.as_ref().map(|hyperloglog| hyperloglog.registers());
                self.outbox.message(|out| chappe_codec::append_count(out, &id, events, registers));
                Request::Count
            }
        };
        counts.answering(request).observe(counts.stopwatch.read().since(begun_at));
    }
}
