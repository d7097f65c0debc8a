//! An event's way through its checks.

use std::sync::Arc;

use chappe_processing::Awaiting;
use chappe_protocol::EventId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::answer::Verdict;
use super::{Shared, Stopping};
use crate::config::OnFailure;

/// An event, and how far it has come. Dropped on its way, the event fails whatever `on_failure` says: that happens only
/// when the relay ends.
pub(super) struct Course {
    awaiting: Awaiting,
    /// How many checks it has passed.
    passed: usize,
    shared: Arc<Shared>,
}

/// A share of the memory for events that wait, in steps of a KiB; given back when dropped.
pub(super) struct Held(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Held {
    /// A share of so many bytes, if that much is free.
    pub(super) fn room(all: &Arc<Semaphore>, bytes: usize) -> Option<Self> {
        let kib = u32::try_from(bytes.div_ceil(1024)).ok()?;
        Arc::clone(all).try_acquire_many_owned(kib).ok().map(Self)
    }
}

impl Course {
    /// Sends the event on its way, after its delay.
    pub(super) fn begin(awaiting: Awaiting, shared: Arc<Shared>) {
        let delay = awaiting.delay();
        let course = Self { awaiting, passed: 0, shared };
        if delay.is_zero() {
            return course.proceed();
        }
        let Some(held) = course.shared.hold_back(course.bytes()) else {
            return course
                .awaiting
                .reject("rate-limited: too many events are being held back, try again later");
        };
        let mut stopping = course.shared.stopping.subscribe();
        let runtime = course.shared.runtime.clone();
        runtime.spawn(async move {
            tokio::select! {
                () = sleep(delay) => {
                    drop(held);
                    course.proceed();
                }
                _ = stopping.wait_for(|stopping| *stopping == Stopping::Now) => {}
            }
        });
    }

    /// The event's id.
    pub(super) fn id(&self) -> EventId {
        self.awaiting.record().view().head().id
    }

    /// What is asked about.
    pub(super) const fn awaiting(&self) -> &Awaiting {
        &self.awaiting
    }

    /// What it holds of the memory while it waits.
    pub(super) fn bytes(&self) -> usize {
        self.awaiting.bytes().saturating_add(size_of::<Self>())
    }

    /// Goes to the next check, or on when it has passed them all.
    fn proceed(self) {
        let Some(check) = self.awaiting.checks().get(self.passed).cloned() else {
            return self.awaiting.accept();
        };
        let shared = Arc::clone(&self.shared);
        if let Err(course) = shared.hand_over(&check, self) {
            course.fail();
        }
    }

    /// A check has answered.
    pub(super) fn settle(mut self, verdict: Verdict) {
        match verdict {
            Verdict::Accept => {
                self.passed += 1;
                self.proceed();
            }
            Verdict::Reject(text) => self.awaiting.reject(&text),
            Verdict::ShadowReject => self.awaiting.shadow(),
        }
    }

    /// A check has not answered, and will not.
    pub(super) fn fail(self) {
        match self.shared.settings.on_failure {
            OnFailure::Deny => self.awaiting.fail(),
            OnFailure::Allow => self.settle(Verdict::Accept),
        }
    }
}
