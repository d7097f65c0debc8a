//! One filter's search: the way it goes, and when it changes to another.

use std::sync::Arc;

use chappe_protocol::{EventId, Filter, Timestamp};

use super::choice::{Choice, LOOK_UP, Wanted};
use super::plan::{Plan, Source};
use crate::error::Error;
use crate::hint::Sieve;
use crate::indexes::Indexes;

/// What a match is worth that was found while looking through the newest events: as much as merging takes to find one.
const MATCH_WORTH: usize = 3 * LOOK_UP;

/// A part of an ask: where to look, and between which times.
#[derive(Debug)]
pub(super) struct Strand {
    pub(super) ask: usize,
    /// What to look for, if it is not the ask's own filter.
    wider: Option<Filter>,
    /// `Timestamp(u64::MAX)`: from the newest.
    pub(super) newest: Timestamp,
    pub(super) oldest: Timestamp,
    pub(super) course: Option<Course>,
}

/// The way that was chosen.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) choice: Choice,
    pub(super) sieve: Arc<Sieve>,
    /// Streams before this one are of a way that was left.
    pub(super) first_stream: usize,
    /// What the way may still cost before it is left, where it may be left.
    credit: Option<usize>,
    /// The way that was left.
    pub(super) left: Option<usize>,
}

/// The strands of an ask.
pub(super) fn strands(ask: usize, filter: &Filter, within: Vec<Filter>) -> Vec<Strand> {
    let mut strands: Vec<Strand> = Vec::new();
    let own = within.is_empty().then_some(None);
    for wider in own.into_iter().chain(within.into_iter().map(Some)) {
        if wider.as_ref().is_some_and(Filter::is_never) || strands.iter().any(|other| other.wider == wider) {
            continue;
        }
        let bounds = wider.as_ref().unwrap_or(filter);
        let newest = [filter.until, bounds.until].into_iter().flatten().min().unwrap_or(Timestamp(u64::MAX));
        let oldest = filter.since.max(bounds.since).unwrap_or(Timestamp(0));
        if oldest <= newest {
            strands.push(Strand { ask, wider, newest, oldest, course: None });
        }
    }
    strands
}

impl Strand {
    /// Chooses a way. `first_stream` is where its streams will be.
    pub(super) fn choose(
        &mut self,
        (filter, limit): (&Filter, u64),
        forced: Option<Plan>,
        indexes: &Indexes<'_>,
        first_stream: usize,
        look_ups: &mut usize,
    ) -> Result<(), Error> {
        let filter = self.wider.as_ref().unwrap_or(filter);
        let wanted = Wanted { filter, newest: self.newest, oldest: self.oldest, limit };
        let choice = match forced.and_then(|plan| Choice::forced(wanted, plan)) {
            Some(choice) => choice,
            None => Choice::make(wanted, indexes, look_ups)?,
        };
        let sieve = Arc::new(choice.way().map(|way| way.sieve(filter)).unwrap_or_default());
        let begins_for =
            |place: usize| choice.ways.get(place).map_or(0, |way| way.ranges.saturating_mul(LOOK_UP));
        let credit = choice.retreat.map(begins_for);
        self.course = Some(Course { choice, sieve, first_stream, credit, left: None });
        Ok(())
    }

    /// The id that this stream looks up, if the way it goes is by ids.
    pub(super) fn id(&self, filter: &Filter, stream: usize) -> Option<EventId> {
        let way = self.course.as_ref().and_then(|course| course.choice.way())?;
        if way.plan != Plan::Ids {
            return None;
        }
        match self.source(filter, stream)? {
            Source::Id(id) => Some(id),
            Source::Range(..) => None,
        }
    }

    /// Where this stream's entries are, which is one of the way it goes.
    pub(super) fn source(&self, filter: &Filter, stream: usize) -> Option<Source> {
        let filter = self.wider.as_ref().unwrap_or(filter);
        let course = self.course.as_ref()?;
        course.choice.way()?.source(filter, stream.checked_sub(course.first_stream)?)
    }

    /// How much may be looked at before this way is too dear.
    pub(super) fn credit(&self) -> usize {
        self.course.as_ref().and_then(|course| course.credit).unwrap_or(usize::MAX)
    }

    /// Counts what was looked at.
    pub(super) fn pay(&mut self, cost: usize) {
        if let Some(credit) = self.course.as_mut().and_then(|course| course.credit.as_mut()) {
            *credit = credit.saturating_sub(cost);
        }
    }

    /// Counts a match.
    pub(super) fn earn(&mut self) {
        if let Some(credit) = self.course.as_mut().and_then(|course| course.credit.as_mut()) {
            *credit = credit.saturating_add(MATCH_WORTH);
        }
    }

    /// Goes the other way when this one has cost too much. Its streams begin at `first_stream`.
    pub(super) fn retreat(&mut self, filter: &Filter, first_stream: usize) -> bool {
        let filter = self.wider.as_ref().unwrap_or(filter);
        let Some(course) = self.course.as_mut().filter(|course| course.credit == Some(0)) else {
            return false;
        };
        let Some(retreat) = course.choice.retreat.take() else { return false };
        course.left = Some(course.choice.chosen);
        (course.choice.chosen, course.credit, course.first_stream) = (retreat, None, first_stream);
        course.sieve = Arc::new(course.choice.way().map(|way| way.sieve(filter)).unwrap_or_default());
        true
    }
}
