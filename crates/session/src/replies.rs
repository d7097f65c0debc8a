//! OKs, in the order of the events.

use std::borrow::Cow;
use std::collections::VecDeque;

use chappe_processing::Ticket;
use chappe_protocol::{EventId, Refusal};

/// The events of a connection that have no OK yet, oldest first. An OK that is known waits for those before it.
#[derive(Default)]
pub(crate) struct Replies {
    /// The ticket of the oldest.
    first: u64,
    events: VecDeque<(EventId, Option<Reply>)>,
    /// The ticket of the last one that takes other events away.
    last_removal: Option<u64>,
}

/// The text of an `OK true`, or the reason of an `OK false`.
pub(crate) type Reply = Result<Cow<'static, str>, Refusal>;

impl Replies {
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The ticket that the next event to be added gets.
    pub(crate) fn next_ticket(&self) -> Ticket {
        Ticket(self.first.wrapping_add(self.events.len() as u64))
    }

    /// Adds an event: its reply, if it is known already.
    pub(crate) fn add(&mut self, id: EventId, reply: Option<Reply>) {
        self.events.push_back((id, reply));
    }

    /// Notes that the event to be added next takes other events away.
    pub(crate) fn next_is_removal(&mut self) {
        self.last_removal = Some(self.next_ticket().0);
    }

    /// Whether an event that takes others away has no OK yet: what is on disk now may be gone before the next one's turn.
    pub(crate) fn await_removal(&self) -> bool {
        self.last_removal.is_some_and(|ticket| ticket.wrapping_sub(self.first) < self.events.len() as u64)
    }

    /// Whether this event's OK is not written yet.
    pub(crate) fn awaits(&self, id: &EventId) -> bool {
        self.events.iter().any(|(event, _)| event == id)
    }

    /// The event with this ticket has its reply.
    pub(crate) fn settle(&mut self, ticket: Ticket, settled: Reply) {
        let place = usize::try_from(ticket.0.wrapping_sub(self.first)).ok();
        if let Some((_, reply)) = place.and_then(|place| self.events.get_mut(place)) {
            *reply = Some(settled);
        }
    }

    /// The oldest event, once its reply is known: the next OK to write.
    pub(crate) fn next_ready(&mut self) -> Option<(EventId, Reply)> {
        let (id, reply) = self.events.pop_front()?;
        let Some(reply) = reply else {
            self.events.push_front((id, None));
            return None;
        };
        self.first = self.first.wrapping_add(1);
        Some((id, reply))
    }
}
