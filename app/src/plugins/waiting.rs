//! The events that wait for one program.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chappe_protocol::EventId;
use tokio::time::Instant;

use super::answer::{UnknownAction, Verdict};
use super::course::{Course, Held};
use super::tally::{Failed, Tally};

/// An event that a program is to be asked about.
pub(super) struct Asked {
    pub(super) course: Course,
    /// When it came.
    pub(super) since: Instant,
    /// Its share of the memory for what waits.
    pub(super) _held: Held,
}

/// Events in the order in which they came: first those that the program was asked about, then those that it was not.
/// All wait equally long, so each of the two is in the order of its deadlines.
pub(super) struct Waiting {
    sent: VecDeque<Asked>,
    unsent: VecDeque<Asked>,
    timeout: Duration,
    in_flight_max: usize,
    tally: Arc<Tally>,
}

impl Waiting {
    pub(super) const fn new(timeout: Duration, in_flight_max: usize, tally: Arc<Tally>) -> Self {
        Self { sent: VecDeque::new(), unsent: VecDeque::new(), timeout, in_flight_max, tally }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.unsent.is_empty()
    }

    /// Whether the program owes an answer.
    pub(super) fn awaits_answers(&self) -> bool {
        !self.sent.is_empty()
    }

    pub(super) fn push(&mut self, asked: Asked) {
        self.unsent.push_back(asked);
    }

    /// The next one to ask about, if the program may be asked more. It is taken for asked from now on.
    pub(super) fn send_next(&mut self) -> Option<&Course> {
        if self.sent.len() >= self.in_flight_max.max(1) {
            return None;
        }
        self.sent.push_back(self.unsent.pop_front()?);
        self.sent.back().map(|asked| &asked.course)
    }

    /// Takes out the one that an answer is about. Of several with the same id it is the one that was asked about first.
    pub(super) fn answered(
        &mut self,
        id: EventId,
        verdict: &Result<Verdict, UnknownAction>,
    ) -> Option<Course> {
        let place = self.sent.iter().position(|asked| asked.course.id() == id)?;
        let Asked { course, since, .. } = self.sent.remove(place)?;
        match verdict {
            Ok(verdict) => self.tally.answer(verdict, since.elapsed()),
            Err(_) => self.tally.fail(Failed::Nonsense, 1),
        }
        Some(course)
    }

    /// When the first of them has waited for long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let fronts = [self.sent.front(), self.unsent.front()];
        fronts.into_iter().flatten().map(|asked| asked.since + self.timeout).min()
    }

    /// Fails those that will have waited for long enough by then, and says how many they are.
    pub(super) fn expire(&mut self, by: Instant) -> usize {
        let mut expired = 0;
        for queue in [&mut self.sent, &mut self.unsent] {
            while let Some(asked) = queue.pop_front_if(|asked| asked.since + self.timeout <= by) {
                asked.course.fail();
                expired += 1;
            }
        }
        self.tally.fail(Failed::Timeout, expired);
        expired
    }

    /// Fails those that the program was asked about, and says how many they are: it is gone.
    pub(super) fn fail_sent(&mut self) -> usize {
        let count = self.sent.len();
        self.tally.fail(Failed::Ended, count);
        self.sent.drain(..).for_each(|asked| asked.course.fail());
        count
    }

    /// Fails all.
    pub(super) fn fail_all(&mut self) {
        self.fail_sent();
        self.tally.fail(Failed::Ended, self.unsent.len());
        self.unsent.drain(..).for_each(|asked| asked.course.fail());
    }
}
