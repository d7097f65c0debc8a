//! Live events on their way to one client.

use std::collections::VecDeque;

use chappe_processing::{Inbox, Live};
use chappe_subscriptions::Token;

/// What a message has around its event: the head of the frame, `["EVENT",` and the longest subscription id in ASCII.
const ENVELOPE_BYTES: usize = 96;

/// Live events that have left the inbox and are not sent yet. They still count against the inbox's bound.
#[derive(Default)]
pub(crate) struct Backlog {
    ready: VecDeque<Live>,
    /// For the subscription whose stored events are being sent: these come after its EOSE.
    held: VecDeque<Live>,
}

impl Backlog {
    pub(crate) fn refill(&mut self, inbox: &Inbox) {
        inbox.take_live(&mut self.ready);
    }

    /// Whether nothing waits to be sent now.
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// How many bytes the messages take that wait to be sent, about; more than `bytes_max` are not looked at.
    pub(crate) fn bytes(&self, bytes_max: usize) -> usize {
        let mut sum = 0_usize;
        for live in &self.ready {
            sum = sum.saturating_add(live.bytes()).saturating_add(ENVELOPE_BYTES);
            if sum >= bytes_max {
                return bytes_max;
            }
        }
        sum
    }

    /// The next event that may be sent, while the subscription `holding` is still at its stored events.
    pub(crate) fn next(&mut self, holding: Option<Token>) -> Option<Live> {
        loop {
            let live = self.ready.pop_front()?;
            if Some(live.token) != holding {
                return Some(live);
            }
            self.held.push_back(live);
        }
    }

    /// Makes this the next event after all.
    pub(crate) fn put_back(&mut self, live: Live) {
        self.ready.push_front(live);
    }

    /// The stored events are sent (or no longer wanted): what was held comes next.
    pub(crate) fn stop_holding(&mut self) {
        self.held.append(&mut self.ready);
        std::mem::swap(&mut self.held, &mut self.ready);
    }
}
