//! How many connections there are, and may be.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections that are not let in are told so at the same time; the rest are just closed.
const REFUSALS_MAX: usize = 64;

/// The same over TLS, where it takes a handshake, some hundred times the work.
const TLS_REFUSALS_MAX: usize = 8;

/// The places for connections.
#[derive(Debug)]
pub(crate) struct Slots {
    max: u32,
    open: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    tls_refusals: Arc<Semaphore>,
}

/// A connection's place; free again when it is dropped, by a panic too.
#[derive(Debug)]
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    /// Places for so many connections.
    pub(crate) fn new(max: u32) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            max,
            open: places(usize::try_from(max).unwrap_or(usize::MAX)),
            refusals: places(REFUSALS_MAX),
            tls_refusals: places(TLS_REFUSALS_MAX),
        }
    }

    /// A place for a connection, if there is one.
    pub(crate) fn take(&self) -> Option<Slot> {
        take(&self.open)
    }

    /// A place for a connection that is only told that there is none.
    pub(crate) fn take_refusal(&self) -> Option<Slot> {
        take(&self.refusals)
    }

    /// The same for one that has to do a TLS handshake to be told.
    pub(crate) fn take_tls_refusal(&self) -> Option<Slot> {
        take(&self.tls_refusals)
    }

    /// How many there are.
    pub(crate) const fn max(&self) -> u32 {
        self.max
    }

    /// Open connections.
    pub(crate) fn taken(&self) -> usize {
        usize::try_from(self.max).unwrap_or(usize::MAX).saturating_sub(self.open.available_permits())
    }

    /// Waits until every connection has ended. New ones must not start meanwhile.
    pub(crate) async fn all_free(&self) {
        // The semaphore is never closed, so all there is to wait for is the permits.
        let _ = self.open.acquire_many(self.max).await;
    }
}

fn take(places: &Arc<Semaphore>) -> Option<Slot> {
    Arc::clone(places).try_acquire_owned().ok().map(|permit| Slot { _permit: permit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_come_back() {
        let slots = Slots::new(2);
        let (first, second) = (slots.take(), slots.take());
        assert!(first.is_some() && second.is_some());
        assert!(slots.take().is_none());
        assert_eq!(slots.taken(), 2);
        drop(first);
        assert_eq!(slots.taken(), 1);
        assert!(slots.take().is_some());
    }

    #[test]
    fn panic_gives_the_slot_back() {
        let slots = Slots::new(1);
        let slot = slots.take();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _held = slot;
            panic!("as a bug would");
        }));
        assert!(caught.is_err());
        assert_eq!(slots.taken(), 0);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_last_connection() {
        let slots = Arc::new(Slots::new(3));
        let slot = slots.take();
        let waiting = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.all_free().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(slot);
        waiting.await.unwrap();
    }
}
