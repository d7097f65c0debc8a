//! Live events on their way to one client.

use std::collections::VecDeque;

use chappe_processing::{Inbox, Live};
use chappe_subscriptions::Token;

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
