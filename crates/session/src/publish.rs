//! The way of an event: decoded, it is verified, authorized, routed and processed.

use chappe_authorization::{Denied, Source, accept_auth, authorize};
use chappe_processing::{Room, Submitted};
use chappe_protocol::{Event, PublicKey, Refusal, Timestamp};
use chappe_routing::{Desks, Route, route};
use chappe_validation::Rules;

use crate::Session;
use crate::session::Turn;

impl Session {
    /// Takes an event in, if the queue has room for a message of this many bytes.
    pub(crate) fn publish(
        &mut self,
        event: Event<'_>,
        bytes: usize,
        buffer: &mut Vec<u8>,
        now: Timestamp,
    ) -> Turn {
        if self.replies.len() >= self.services.limits.events_in_flight_max {
            return Turn::NotYet;
        }
        let Some(room) = self.services.processor.reserve(bytes, &self.inbox) else { return Turn::NotYet };
        match self.submit(event, bytes, room, buffer, now) {
            Ok(Submitted::Queued) => self.replies.add(event.head.id, None),
            Ok(Submitted::Done(outcome)) => self.reply(event.head.id, outcome.answer()),
            Err(refusal) => self.reply(event.head.id, Err(refusal)),
        }
        Turn::Taken
    }

    fn submit(
        &mut self,
        event: Event<'_>,
        bytes: usize,
        room: Room,
        buffer: &mut Vec<u8>,
        now: Timestamp,
    ) -> Result<Submitted, Refusal> {
        let services = &self.services;
        // Before the signature, which costs a hundred times more: most events a relay is sent it has already. Behind
        // one on its way that takes others away the writer decides: what is here now may be gone before its turn.
        if !self.replies.await_removal() && services.processor.has(&event.head.id)? {
            return Ok(Submitted::Done(chappe_processing::Outcome::Duplicate));
        }
        let verified = services.verifier.verify(event, &services.rules, now, buffer)?;
        let access = services.access.load();
        let source = Source::Client(&self.peer);
        let permit = match authorize(&access, &services.meters, verified, source, bytes, now) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.deny(denied)),
        };
        let route = route(permit.event().head.kind, Desks::default());
        match route {
            Route::Regular | Route::Ephemeral | Route::Join | Route::Leave | Route::PolicyUpdate => {}
            Route::Replaceable | Route::Addressable | Route::Delete | Route::Vanish => {
                self.replies.next_is_removal();
            }
        }
        Ok(services.processor.process(&permit, route, now, room, (&self.inbox, self.replies.next_ticket())))
    }

    /// Whoever is told to sign in gets the challenge to do it with, first.
    fn deny(&mut self, denied: Denied) -> Refusal {
        if denied.needs_auth() {
            self.send_challenge();
        }
        denied.into()
    }

    /// Takes an AUTH message (NIP-42). The key stays for as long as the connection; several add up.
    pub(crate) fn authenticate(&mut self, event: Event<'_>, buffer: &mut Vec<u8>, now: Timestamp) -> Turn {
        let answer = self.prove_key(event, buffer, now).map(|()| "");
        self.reply(event.head.id, answer);
        Turn::Taken
    }

    fn prove_key(&mut self, event: Event<'_>, buffer: &mut Vec<u8>, now: Timestamp) -> Result<(), Refusal> {
        let services = &self.services;
        let verified = services.verifier.verify(event, &Rules::auth(), now, buffer)?;
        let challenge = self.challenge_sent.then_some(&self.challenge);
        let key: PublicKey = accept_auth(&services.access.load(), &self.peer, challenge, verified)?;
        self.peer.viewer.add(key)?;
        Ok(())
    }
}
