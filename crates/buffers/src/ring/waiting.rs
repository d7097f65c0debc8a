//! Waiting for new bytes without a runtime: wakers are the standard library's.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Ring;
use crate::sync::lock;

/// Why a [`Wait`] is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// There are bytes after the offset.
    Written,
    /// The ring is closed: there will be none.
    Closed,
}

/// A future that resolves when a ring has something after an offset; see [`Ring::wait_beyond`].
///
/// When it is dropped before, the ring forgets it. Several writes before it is polled again wake it once.
#[must_use = "a future does nothing unless it is polled"]
pub struct Wait {
    ring: Ring,
    offset: u64,
    /// Its number among those that wait, once it does.
    number: Option<u64>,
}

/// Those who wait for a ring: as many as there are unresolved [`Wait`]s, at most.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    wakers: Vec<(u64, Waker)>,
    next_number: u64,
}

/// Those who are to be woken.
pub(super) struct Woken(Vec<(u64, Waker)>);

impl Waiting {
    /// All, if there is anybody.
    pub(super) fn all(&mut self) -> Option<Woken> {
        if self.wakers.is_empty() { None } else { Some(Woken(mem::take(&mut self.wakers))) }
    }

    /// Takes the list back that [`all`](Self::all) gave away, so that not each round of waiting allocates a new one.
    pub(super) fn use_again(&mut self, emptied: Vec<(u64, Waker)>) {
        if self.wakers.is_empty() && self.wakers.capacity() < emptied.capacity() {
            self.wakers = emptied;
        }
    }

    #[cfg(all(test, not(loom)))]
    pub(super) const fn count(&self) -> usize {
        self.wakers.len()
    }

    /// Adds a waker, or puts it in the place of the one with this number and returns that.
    fn add(&mut self, number: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        let known = number.and_then(|number| self.wakers.iter_mut().find(|(known, _)| *known == number));
        if let Some((number, known)) = known {
            return (*number, Some(mem::replace(known, waker)));
        }
        self.next_number += 1;
        self.wakers.push((self.next_number, waker));
        (self.next_number, None)
    }

    fn remove(&mut self, number: u64) -> Option<(u64, Waker)> {
        let place = self.wakers.iter().position(|(known, _)| *known == number)?;
        Some(self.wakers.swap_remove(place))
    }
}

impl Woken {
    /// Wakes them. Not under the ring's lock: a runtime may do anything then, even log to this ring.
    pub(super) fn wake(mut self) -> Vec<(u64, Waker)> {
        self.0.drain(..).for_each(|(_, waker)| waker.wake());
        self.0
    }
}

impl Wait {
    pub(super) const fn new(ring: Ring, offset: u64) -> Self {
        Self { ring, offset, number: None }
    }
}

impl Future for Wait {
    type Output = News;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<News> {
        let wait = self.get_mut();
        // Wakers are cloned, woken and dropped while the lock is open: they are not this crate's.
        let waker = context.waker().clone();
        let mut state = lock(&wait.ring.shared.state);
        if state.closed {
            return Poll::Ready(News::Closed);
        }
        if state.circle.written() > wait.offset {
            return Poll::Ready(News::Written);
        }
        let (number, replaced) = state.waiting.add(wait.number, waker);
        drop(state);
        drop(replaced);
        wait.number = Some(number);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = lock(&self.ring.shared.state);
        let waker = state.waiting.remove(number);
        drop(state);
        drop(waker);
    }
}
