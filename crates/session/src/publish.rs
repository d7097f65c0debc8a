//! The way of an event: decoded, it is verified, authorized, routed and processed.

use std::borrow::Cow;

use chappe_authorization::{Source, accept_auth, authorize, compare_with_shadow};
use chappe_processing::{Outcome, Room, Spent, Submitted};
use chappe_protocol::{Event, PublicKey, Refusal, Timestamp};
use chappe_routing::{Route, route};
use chappe_validation::Rules;

use crate::session::Turn;
use crate::{Accepted, Session};

/// What an EVENT message has around its event: `["EVENT",` and `]`.
const ENVELOPE_BYTES: usize = 10;

/// How far a permitted event has come.
enum Course {
    /// Its outcome comes to the inbox.
    OnItsWay,
    /// This is its outcome.
    Done(Outcome),
    /// The relay did what it asks for. This is the text of its `OK true`.
    Granted(Cow<'static, str>),
}

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
        self.inbox.account().spend(Spent::Events, 1);
        match self.submit(event, bytes, room, buffer, now) {
            Ok(Course::OnItsWay) => self.replies.add(event.head.id, None),
            Ok(Course::Done(outcome)) => {
                let reply = self.services.counts.answer(outcome);
                self.reply(event.head.id, reply);
            }
            Ok(Course::Granted(text)) => {
                self.services.counts.accept(Accepted::Granted);
                self.reply(event.head.id, Ok(text));
            }
            Err(refusal) => return self.refuse_event(event.head.id, refusal),
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
    ) -> Result<Course, Refusal> {
        let services = &self.services;
        // Before the signature, which costs a hundred times more: most events a relay is sent it has already. Behind
        // one on its way that takes others away the writer decides: what is here now may be gone before its turn. And
        // what is hidden is not told to be here: it is refused like any other of its kind.
        let access = services.access();
        let may_be_told = !self.replies.await_removal() && !access.is_hidden(&event.head);
        if may_be_told && services.processor.has(&event.head.id)? {
            return Ok(Course::Done(Outcome::Duplicate));
        }
        let counts = &services.counts;
        let id = event.head.id;
        let begun_at = counts.stopwatch.read();
        let verified = services.verifier.verify(event, &services.rules, now, buffer);
        let validated_at = counts.stopwatch.read();
        counts.validating.observe(validated_at.since(begun_at));
        self.inbox.account().work(validated_at.since(begun_at));
        counts.spans.observe(id.as_bytes(), "validate", begun_at, validated_at);
        let verified = verified?;
        let event_bytes = bytes.saturating_sub(ENVELOPE_BYTES);
        let source = Source::Client(&self.peer);
        if let Some(difference) = compare_with_shadow(&access, verified, &self.peer, event_bytes, now) {
            tracing::debug!(id = %event.head.id, ?difference, "the shadow policy differs");
        }
        let meters = services.management.meters();
        let permit = authorize(&access, meters, verified, source, event_bytes, now);
        let authorized_at = counts.stopwatch.read();
        let authorizing = authorized_at.since(validated_at);
        counts.authorizing.observe(authorizing);
        self.inbox.account().work(authorizing);
        counts.spans.observe(id.as_bytes(), "authorize", validated_at, authorized_at);
        let permit = permit.inspect_err(|denied| counts.deny(denied))?;
        services.retention.check_age(&access, &permit.head(), event_bytes, now)?;
        let route = route(permit.head().kind, services.desks);
        match route {
            Route::Join | Route::Leave | Route::PolicyUpdate => {
                return services.decide(route, &permit, &self.peer.viewer, now).map(Course::Granted);
            }
            Route::Replaceable | Route::Addressable | Route::Delete | Route::Vanish => {
                self.replies.next_is_removal();
            }
            Route::Regular | Route::Ephemeral => {}
        }
        let publisher = (&self.inbox, self.replies.next_ticket());
        match services.processor.process(&permit, route, now, room, publisher, source) {
            Submitted::Queued => Ok(Course::OnItsWay),
            Submitted::Done(outcome) => Ok(Course::Done(outcome)),
        }
    }

    /// Takes an AUTH message (NIP-42). The key stays for as long as the connection; several add up.
    pub(crate) fn authenticate(&mut self, event: Event<'_>, buffer: &mut Vec<u8>, now: Timestamp) -> Turn {
        let answer = self.prove_key(event, buffer, now).map(|()| Cow::Borrowed(""));
        self.services.counts.sign_in(&answer);
        self.reply(event.head.id, answer);
        Turn::Taken
    }

    fn prove_key(&mut self, event: Event<'_>, buffer: &mut Vec<u8>, now: Timestamp) -> Result<(), Refusal> {
        let services = &self.services;
        let verified = services.verifier.verify(event, &Rules::auth(), now, buffer)?;
        let challenge = self.challenge_sent.then_some(&self.challenge);
        let key: PublicKey = accept_auth(&services.access(), &self.peer, challenge, verified)?;
        self.peer.viewer.add(key)?;
        self.inbox.account().sign_in(key);
        Ok(())
    }
}
