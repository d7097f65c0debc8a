//! Walking the store from its oldest event, to find what may go.

use std::ops::{Bound, ControlFlow};

use chappe_protocol::Timestamp;

use crate::error::Error;
use crate::indexes::Indexes;
use crate::keys::{Mark, Position};
use crate::record::RecordView;
use crate::store::Store;
use crate::tables::{Index, Pointer};

/// How far a walk has come: what is older lies behind it, and so does this. Of the same time, the highest id comes first:
/// it is the order of NIP-01 the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot(Position);

impl Spot {
    /// Before all events of this time.
    #[must_use]
    pub fn before(time: Timestamp) -> Self {
        Self(Position::last_at(time))
    }

    /// The time of what was last behind it.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.0.time()
    }
}

/// What a part of a walk came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Where to go on; none when there was nothing yet.
    pub spot: Option<Spot>,
    /// Events looked at.
    pub visits: usize,
    /// Nothing is ahead for now.
    pub is_done: bool,
}

impl Store {
    /// Shows up to `visits_max` events that are no newer than `until`, oldest first, from after the spot on, until it is told to
    /// break. Expired ones are shown, too.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`], [`Error::Engine`].
    pub fn walk_oldest(
        &self,
        after: Option<Spot>,
        until: Timestamp,
        visits_max: usize,
        each: &mut dyn FnMut(RecordView<'_>) -> ControlFlow<()>,
    ) -> Result<Walked, Error> {
        let snapshot = self.snapshot()?;
        let indexes = snapshot.indexes();
        let (found, is_all) = indexes.oldest(after.map(|spot| spot.0), until, visits_max)?;
        let mut walked = Walked { spot: after, visits: 0, is_done: false };
        for (position, seq) in found {
            let Some(record) = indexes.tables.record(indexes.txn, seq)? else { continue };
            if walked.visits == visits_max {
                return Ok(walked);
            }
            walked.spot = Some(Spot(position));
            walked.visits += 1;
            if each(record).is_break() {
                return Ok(walked);
            }
        }
        walked.is_done = is_all;
        Ok(walked)
    }
}

impl Indexes<'_> {
    /// The first entries by time from after a position on, oldest first: up to `entries_max`, or some more of the same
    /// position. Whether they are all there are.
    fn oldest(
        &self,
        after: Option<Position>,
        until: Timestamp,
        entries_max: usize,
    ) -> Result<(Vec<Mark>, bool), Error> {
        let newest = Position::first_at(until);
        let before = after.as_ref().map_or(Bound::Unbounded, |after| Bound::Excluded(&after.as_bytes()[..]));
        let range = (Bound::Included(newest.as_bytes().as_slice()), before);
        let mut found = Vec::new();
        // Beyond this one not every source has told all it has.
        let mut known_to: Option<Position> = None;
        for entry in self.tables.index(Index::Time).rev_range(self.txn, &range)? {
            let (key, Pointer { seq, .. }) = entry?;
            let position = Position::of_key(key).ok_or(Error::Corrupt("a key of by_time is too short"))?;
            found.push((position, seq));
            if found.len() >= entries_max {
                known_to = Some(position);
                break;
            }
        }
        let hash = self.view.hash(Index::Time, &[]);
        for generation in self.view.generations() {
            let generation = generation.read();
            let Some(place) = generation.place(Index::Time, &[], hash) else { continue };
            let end = generation.oldest(place, (after, newest), self.reader(), entries_max, &mut found);
            known_to = known_to.max(end);
        }
        found.retain(|(position, _)| known_to.is_none_or(|known_to| *position >= known_to));
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        Ok((found, known_to.is_none()))
    }
}

#[cfg(test)]
mod tests;
