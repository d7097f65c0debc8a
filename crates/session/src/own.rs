//! What the relay itself decides and says: requests to it, and events signed by its own key.

use std::sync::Arc;

use chappe_authorization::{Permit, Source, Viewer, authorize};
use chappe_codec::Scratch;
use chappe_management::{Answer, OwnEvent};
use chappe_processing::{Inbox, Ticket};
use chappe_protocol::{Prefix, Refusal, Timestamp};
use chappe_routing::{Route, route};
use chappe_validation::Rules;

use crate::Services;

impl Services {
    /// Does what an event asks of the relay itself, and tells the world what came of it.
    ///
    /// Waits for the writer's turn where something changes; so few may change anything that no task is held up by it.
    pub(crate) fn decide(
        &self,
        route: Route,
        permit: &Permit<'_>,
        viewer: &Viewer,
        now: Timestamp,
    ) -> Answer {
        let (management, verified) = (&self.management, permit.verified());
        let answer = match route {
            Route::Join => management.join(&verified, viewer, now),
            Route::Leave => management.leave(&verified, viewer, now),
            Route::PolicyUpdate => management.update_policy(&verified, now),
            Route::Regular
            | Route::Replaceable
            | Route::Addressable
            | Route::Ephemeral
            | Route::Delete
            | Route::Vanish => Err(Refusal::new(Prefix::Invalid, "this is no request to the relay")),
        };
        self.publish_own(now);
        answer
    }

    /// Publishes what the relay has to say itself: verified, authorized, routed and processed as any event.
    pub fn publish_own(&self, now: Timestamp) {
        for event in self.management.take_events() {
            if let Err(refusal) = self.publish_one(&event, now) {
                tracing::error!(kind = %event.kind(), %refusal, "could not publish an event of the relay's own");
            }
        }
    }

    fn publish_one(&self, event: &OwnEvent, now: Timestamp) -> Result<(), Refusal> {
        let mut scratch = Scratch::new();
        let decoded = chappe_codec::decode_event(event.json(), &mut scratch)
            .map_err(|malformed| Refusal::from(malformed.reason))?;
        let verified = self.verifier.verify(decoded, &Rules::import(), now, &mut Vec::new())?;
        let (source, bytes) = (Source::Relay, event.json().len());
        let permit = authorize(&self.access(), self.management.meters(), verified, source, bytes, now)?;
        let route = route(permit.head().kind, self.desks);
        // Nobody waits for the outcome: it goes to an inbox that is dropped.
        let nobody = Arc::new(Inbox::new(0));
        self.processor.process(
            &permit,
            route,
            now,
            self.processor.admit(bytes),
            (&nobody, Ticket(0)),
            source,
        );
        Ok(())
    }
}
