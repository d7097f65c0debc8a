//! The way of a REQ, COUNT and CLOSE.

use std::sync::Arc;

use chappe_authorization::may_ask;
use chappe_processing::Live;
use chappe_protocol::{Filter, Prefix, Refusal, SubscriptionId};

use crate::Session;
use crate::open::Open;
use crate::session::Turn;
use crate::stored::Running;

/// What the relay keeps for each value of an open subscription beside the value itself: its place in lists and in the
/// index of live filters.
const VALUE_BYTES: usize = 64;

fn value_count(filter: &Filter) -> usize {
    fn count<T>(list: Option<&Vec<T>>) -> usize {
        list.map_or(0, Vec::len)
    }
    let tags = filter.tags.iter().map(|tag| tag.values.len()).sum::<usize>();
    count(filter.ids.as_ref()) + count(filter.authors.as_ref()) + count(filter.kinds.as_ref()) + tags
}

impl Session {
    /// Opens a subscription and starts on its stored events. One of the same name is replaced.
    pub(crate) fn request(&mut self, id: SubscriptionId, filters: Vec<Filter>, bytes: usize) -> Turn {
        self.forget(&id);
        let bytes =
            filters.iter().map(value_count).sum::<usize>().saturating_mul(VALUE_BYTES).saturating_add(bytes);
        if let Err(refusal) = self.may_open(&filters, bytes) {
            return self.refuse(&id, &refusal);
        }
        let filters: Arc<[Filter]> = filters.into();
        let (token, hand_over) = self.services.processor.subscribe(Arc::clone(&filters), &self.inbox);
        self.open.push(Open { id: id.clone(), token, hand_over, bytes });
        self.running = Some(Running::stored(id, token, &filters, hand_over, &self.services.limits));
        Turn::Taken
    }

    /// Starts counting.
    pub(crate) fn count(&mut self, id: SubscriptionId, filters: Vec<Filter>) -> Turn {
        if let Err(refusal) = self.may_query(&filters) {
            return self.refuse(&id, &refusal);
        }
        self.running = Some(Running::count(id, filters));
        Turn::Taken
    }

    /// Ends a subscription. NIP-01 has no answer to CLOSE.
    pub(crate) fn end(&mut self, id: &SubscriptionId) -> Turn {
        self.forget(id);
        Turn::Taken
    }

    pub(crate) fn forget(&mut self, id: &SubscriptionId) {
        if let Some(open) = self.open.remove(id) {
            self.services.processor.unsubscribe(open.token);
        }
    }

    fn may_query(&self, filters: &[Filter]) -> Result<(), Refusal> {
        let filters_max = self.services.limits.filters_max;
        if filters.len() > filters_max {
            return Err(Refusal::new(
                Prefix::Invalid,
                format!("at most {filters_max} filters are answered at once"),
            ));
        }
        Ok(may_ask(&self.services.access.load(), &self.peer.viewer, filters)?)
    }

    fn may_open(&self, filters: &[Filter], bytes: usize) -> Result<(), Refusal> {
        self.may_query(filters)?;
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
        let holding = self.running.as_ref().and_then(Running::token);
        while self.outbox.has_room() {
            let Some(live) = self.backlog.next(holding) else { return };
            // The writer tells subscribers first, and the OK is on its heels. Publishers expect it before the event.
            if self.replies.awaits(&live.record.view().head().id) {
                self.backlog.put_back(live);
                return;
            }
            self.send_one(&live);
            self.inbox.release(live.bytes());
        }
    }

    fn send_one(&mut self, live: &Live) {
        // Closed or replaced since, or already found in the store.
        let Some(open) = self.open.by_token(live.token) else { return };
        if live.seq.is_some_and(|seq| seq <= open.hand_over) {
            return;
        }
        let record = live.record.view();
        if chappe_authorization::can_see(&self.services.access.load(), &self.peer.viewer, &record.head()) {
            self.outbox.message(|out| chappe_codec::append_event_message(out, &open.id, record.json()));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for open in self.open.iter() {
            self.services.processor.unsubscribe(open.token);
        }
    }
}
