//! The way of a REQ, COUNT and CLOSE.

use std::sync::Arc;

use chappe_authorization::{Access, can_see, may_ask, narrow};
use chappe_codec::Scratch;
use chappe_management::OwnEvent;
use chappe_processing::{Live, Spent};
use chappe_protocol::{Filter, Kind, Prefix, Refusal, SubscriptionId, Timestamp};
use chappe_routing::Desk;
use chappe_store::Ask;

use crate::hyperloglog::HyperLogLog;
use crate::open::Open;
use crate::session::Turn;
use crate::stored::Running;
use crate::{Outbox, Sent, Services, Session};

/// What the relay keeps for each value of an open subscription beside the value itself: its place in lists and in the
/// index of live filters.
const VALUE_BYTES: usize = 64;

fn matches_any(filters: &[Filter], event: &OwnEvent) -> bool {
    let mut scratch = Scratch::new();
    let decoded = chappe_codec::decode_event(event.json(), &mut scratch);
    decoded.is_ok_and(|event| filters.iter().any(|filter| filter.matches(&event.head)))
}

fn value_count(filter: &Filter) -> usize {
    fn count<T>(list: Option<&Vec<T>>) -> usize {
        list.map_or(0, Vec::len)
    }
    let tags = filter.tags.iter().map(|tag| tag.values.len()).sum::<usize>();
    count(filter.ids.as_ref()) + count(filter.authors.as_ref()) + count(filter.kinds.as_ref()) + tags
}

impl Session {
    /// Opens a subscription and starts on its stored events. One of the same name is replaced.
    pub(crate) fn request(
        &mut self,
        id: SubscriptionId,
        filters: Vec<Filter>,
        bytes: usize,
        now: Timestamp,
    ) -> Turn {
        self.forget(&id);
        let bytes =
            filters.iter().map(value_count).sum::<usize>().saturating_mul(VALUE_BYTES).saturating_add(bytes);
        if let Err(refusal) = self.may_open(&filters, bytes, now) {
            return self.refuse(&id, &refusal);
        }
        let invite = match self.invite(&filters, now) {
            Ok(invite) => invite,
            Err(refusal) => return self.refuse(&id, &refusal),
        };
        let filters: Arc<[Filter]> = filters.into();
        let (token, hand_over) = self.services.processor.subscribe(Arc::clone(&filters), &self.inbox);
        self.open.push(Open { id: id.clone(), token, hand_over, bytes });
        self.inbox.account().subscribe(self.open.len());
        let asks = self.asks(filters.to_vec());
        if let Some(invite) = invite {
            let event = |out: &mut Vec<u8>| out.extend_from_slice(invite.json());
            self.outbox.message(|out| chappe_codec::append_event_message(out, &id, event));
        }
        let Services { limits, counts, .. } = &*self.services;
        let begun_at = counts.stopwatch.read();
        self.running = Some(Running::stored(id, token, asks, hand_over, (limits, begun_at)));
        Turn::Taken
    }

    /// Starts counting.
    pub(crate) fn count(&mut self, id: SubscriptionId, filters: Vec<Filter>, now: Timestamp) -> Turn {
        if let Err(refusal) = self.may_query(&filters, now) {
            return self.refuse(&id, &refusal);
        }
        let hyperloglog = HyperLogLog::for_filters(&filters);
        let begun_at = self.services.counts.stopwatch.read();
        self.running = Some(Running::count(id, self.asks(filters), hyperloglog, begun_at));
        Turn::Taken
    }

    /// What to look for, and where: what the viewer may not see is not even read where the filters tell.
    fn asks(&self, filters: Vec<Filter>) -> Vec<Ask> {
        let access = self.services.access();
        let narrowed = |filter: Filter| {
            let within = narrow(&access, &self.peer.viewer, &filter);
            Ask { filter, within }
        };
        filters.into_iter().map(narrowed).collect()
    }

    /// The invite that is made for whoever asks for one (NIP-43). Refused where nothing else was asked for.
    fn invite(&self, filters: &[Filter], now: Timestamp) -> Result<Option<OwnEvent>, Refusal> {
        let asks = |filter: &Filter| {
            let kinds = filter.kinds.as_deref().unwrap_or_default();
            kinds.contains(&Kind::INVITE) && filter.limit != Some(0) && !filter.is_never()
        };
        if self.services.desks.membership == Desk::Closed || !filters.iter().any(asks) {
            return Ok(None);
        }
        let asks_only = filters.iter().all(|filter| filter.kinds.as_deref() == Some(&[Kind::INVITE]));
        match self.services.management.invite_for(&self.peer.viewer, now) {
            Ok(invite) => Ok(Some(invite).filter(|invite| matches_any(filters, invite))),
            Err(refusal) if asks_only => Err(refusal),
            Err(_) => Ok(None),
        }
    }

    /// Ends a subscription. NIP-01 has no answer to CLOSE.
    pub(crate) fn end(&mut self, id: &SubscriptionId) -> Turn {
        self.forget(id);
        Turn::Taken
    }

    pub(crate) fn forget(&mut self, id: &SubscriptionId) {
        if let Some(open) = self.open.remove(id) {
            self.services.processor.unsubscribe(open.token);
            self.inbox.account().subscribe(self.open.len());
        }
    }

    fn may_query(&self, filters: &[Filter], now: Timestamp) -> Result<(), Refusal> {
        let filters_max = self.services.limits.filters_max;
        if filters.len() > filters_max {
            return Err(Refusal::new(
                Prefix::Invalid,
                format!("at most {filters_max} filters are answered at once"),
            ));
        }
        let access = self.services.access();
        let counted = self.services.management.meters().count_request(&access, &self.peer, now);
        counted.inspect_err(|denied| self.services.counts.deny_request(denied))?;
        Ok(may_ask(&access, &self.peer.viewer, filters)?)
    }

    fn may_open(&self, filters: &[Filter], bytes: usize, now: Timestamp) -> Result<(), Refusal> {
        self.may_query(filters, now)?;
        let limits = &self.services.limits;
        if self.open.len() >= limits.subscriptions_max {
            let text = format!(
                "at most {} subscriptions are open at once, close one first",
                limits.subscriptions_max
            );
            return Err(Refusal::new(Prefix::RateLimited, text));
        }
        if self.open.bytes().saturating_add(bytes) > limits.subscription_bytes_max {
            let text = "the open subscriptions have too many filter values, close one first";
            return Err(Refusal::new(Prefix::RateLimited, text));
        }
        Ok(())
    }

    /// Sends live events while there is room, each to whom it is meant for and only if they may see it.
    pub(crate) fn send_live(&mut self) {
        self.backlog.refill(&self.inbox);
        if self.backlog.is_empty() || !self.outbox.has_room() {
            return;
        }
        let holding = self.running.as_ref().and_then(Running::token);
        let access = self.services.access();
        let mut released_bytes = 0;
        self.outbox.expect(self.backlog.bytes(Outbox::FULL_BYTES));
        // Once for all that leaves together, and only if something does.
        let (mut sent_at, mut sent) = (None, 0);
        while self.outbox.has_room() {
            let Some(live) = self.backlog.next(holding) else { break };
            // The writer tells subscribers first, and the OK is on its heels. Publishers expect it before the event.
            if self.replies.awaits(&live.record.view().head().id) {
                self.backlog.put_back(live);
                break;
            }
            if self.send_one(&access, &live) {
                let counts = &self.services.counts;
                let sent_at = *sent_at.get_or_insert_with(|| counts.stopwatch.read());
                counts.delivering.observe(sent_at.since(live.told_at));
                if counts.spans.is_on() {
                    let id = live.record.view().head().id;
                    counts.spans.observe(id.as_bytes(), "deliver", live.told_at, sent_at);
                }
                sent += 1;
            }
            released_bytes += live.bytes();
        }
        self.services.counts.send(Sent::Live, sent);
        self.inbox.account().spend(Spent::EventsSent, sent);
        self.inbox.release(released_bytes);
        if self.outbox.is_empty() {
            // Nobody could see anything of it: no memory is kept for what is not there.
            self.outbox.clear();
        }
    }

    /// Says whether there was somebody to send it to.
    fn send_one(&mut self, access: &Access, live: &Live) -> bool {
        // Closed or replaced since, or already found in the store.
        let Some(open) = self.open.by_token(live.token) else { return false };
        if live.seq.is_some_and(|seq| seq <= open.hand_over) {
            return false;
        }
        let record = live.record.view();
        // It comes from memory, where all are plain and can be read.
        can_see(access, &self.peer.viewer, &record.head()) && self.outbox.event(&open.id, &record).is_ok()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for open in self.open.iter() {
            self.services.processor.unsubscribe(open.token);
        }
    }
}
