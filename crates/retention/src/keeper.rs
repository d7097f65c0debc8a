//! Choosing what has to go, step by step.

use std::ops::ControlFlow;
use std::sync::Arc;

use chappe_authorization::{Access, Settings, Standing};
use chappe_policy::{Follows, KeySet};
use chappe_protocol::{EventId, Timestamp};
use chappe_store::{Error, RecordView, Spot, Store};

use crate::plan::{Fate, Order, Plan, due_until};
use crate::tally::Cause;

/// What one step looks at: some milliseconds of reading. As much again for each degree of haste: an OK that comes later is better
/// than one that has to be a no, because events come faster than others go.
const VISITS_A_STEP: usize = 2_000;
/// What one step chooses: what one commit can remove while an OK waits. As much again for each degree of haste.
const EVICTIONS_A_STEP: usize = 100;

/// What was passed is looked at again this long after the last time, when something has changed about it.
const REWIND_SECONDS: u64 = 60;

/// Chooses, and remembers how far it has looked.
#[derive(Debug)]
pub struct Keeper {
    plan: Arc<Plan>,
    /// For each rule with an age: its place, and how far its events have been looked at.
    ages: Vec<(usize, Option<Spot>)>,
    /// For each turn: up to where nothing of it is left.
    turns: Vec<(Order, Option<Spot>)>,
    /// Room is being made.
    is_making_room: bool,
    /// The oldest event that came after older ones had been passed.
    late: Option<Timestamp>,
    /// What is passed by is to be looked at again, because lists have changed.
    is_stale: bool,
    rewound_at: Timestamp,
    lists: Option<Lists>,
}

/// What groups go by. Two of the same are the same.
#[derive(Debug)]
struct Lists(Arc<Standing>, Arc<Settings>, Arc<Follows>, KeySet);

/// An event that has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eviction {
    /// Which.
    pub id: EventId,
    /// The rule that decided; none: no rule speaks of it.
    pub rule: Option<usize>,
    /// Why.
    pub cause: Cause,
    /// Bytes of its record.
    pub bytes: u64,
}

/// How the store stands to the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing has to go.
    Kept,
    /// There is more to do.
    More,
    /// Room is wanted, and nothing is left that may go.
    Stuck,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What has to go, in this order. The next step expects it to be gone.
    pub evictions: Vec<Eviction>,
    /// Whether another step is due.
    pub state: State,
    /// How near the ceiling is: see [`Plan::haste`].
    pub haste: u32,
}

impl Keeper {
    /// Begins at the oldest event.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        let ages = plan.rules.iter().enumerate().filter(|(_, rule)| rule.age_seconds_max.is_some());
        Self {
            ages: ages.map(|(place, _)| (place, None)).collect(),
            turns: plan.orders().into_iter().map(|order| (order, None)).collect(),
            plan,
            is_making_room: false,
            late: None,
            is_stale: false,
            rewound_at: Timestamp(0),
            lists: None,
        }
    }

    /// Tells that events have been stored, the oldest of which is of this time.
    pub fn note_stored(&mut self, oldest: Timestamp) {
        self.late = Some(self.late.map_or(oldest, |late| late.min(oldest)));
    }

    /// Looks at everything again: what was chosen could not be removed.
    pub fn start_over(&mut self) {
        self.ages.iter_mut().for_each(|(_, spot)| *spot = None);
        self.turns.iter_mut().for_each(|(_, spot)| *spot = None);
    }

    /// Chooses the next events that have to go, if any: the more, the nearer the ceiling is. Reads some ten thousand events at
    /// most, and writes nothing.
    ///
    /// # Errors
    ///
    /// What the store says when it cannot be read.
    pub fn step(&mut self, store: &Store, access: &Access, now: Timestamp) -> Result<Step, Error> {
        self.rewind(access, now);
        let used = store.usage()?.bytes_used;
        let mut choice = Choice::new(&self.plan, access, self.plan.haste(used));
        for (rule, spot) in &mut self.ages {
            let age = self.plan.rules.get(*rule).and_then(|rule| rule.age_seconds_max);
            let Some(until) = age.and_then(|age| due_until(age, now)) else { continue };
            let is_due = |fate: &Fate| fate.rule == Some(*rule);
            if !choice.walk(store, spot, until, Cause::Age, is_due, u64::MAX)? {
                return Ok(choice.more());
            }
        }
        let mark = if self.is_making_room { self.plan.ends_at() } else { self.plan.begins_at() };
        self.is_making_room = self.plan.bytes_max > 0 && used > mark;
        if !choice.evictions.is_empty() {
            return Ok(choice.more());
        }
        if !self.is_making_room {
            return Ok(choice.end(State::Kept));
        }
        let wanted = used.saturating_sub(self.plan.ends_at());
        for (order, spot) in &mut self.turns {
            let is_its_turn = |fate: &Fate| fate.order == Some(*order);
            let is_done =
                choice.walk(store, spot, Timestamp(u64::MAX), Cause::Ceiling, is_its_turn, wanted)?;
            if !is_done || !choice.evictions.is_empty() {
                return Ok(choice.more());
            }
        }
        Ok(choice.end(State::Stuck))
    }

    /// Goes back to what has come late, or to the beginning when lists are others: not more often than so often, because
    /// all that lies between is looked at again.
    fn rewind(&mut self, access: &Access, now: Timestamp) {
        let lists = Lists::of(access);
        self.is_stale |= self.lists.as_ref().is_some_and(|known| !known.are(&lists));
        self.lists = Some(lists);
        // A clock that is set back must not keep it from that.
        if now >= self.rewound_at && now.0 - self.rewound_at.0 < REWIND_SECONDS {
            return;
        }
        self.rewound_at = now;
        if std::mem::take(&mut self.is_stale) {
            self.start_over();
        }
        let Some(late) = self.late.take() else { return };
        for (_, spot) in &mut self.turns {
            if spot.is_some_and(|spot| spot.time() >= late) {
                *spot = Some(Spot::before(late));
            }
        }
    }
}

impl Lists {
    fn of(access: &Access) -> Self {
        Self(
            Arc::clone(access.standing()),
            Arc::clone(access.settings()),
            Arc::clone(access.follows()),
            access.owners().clone(),
        )
    }

    fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            && Arc::ptr_eq(&self.1, &other.1)
            && Arc::ptr_eq(&self.2, &other.2)
            && self.3 == other.3
    }
}

/// What a step has chosen so far.
struct Choice<'a> {
    plan: &'a Plan,
    access: &'a Access,
    haste: u32,
    visits: usize,
    evictions: Vec<Eviction>,
    evictions_max: usize,
}

impl<'a> Choice<'a> {
    const fn new(plan: &'a Plan, access: &'a Access, haste: u32) -> Self {
        let pace = 1 + haste as usize;
        let (visits, evictions_max) = (VISITS_A_STEP * pace, EVICTIONS_A_STEP * pace);
        Self { plan, access, haste, visits, evictions: Vec::new(), evictions_max }
    }

    /// Walks on from the spot, oldest first, and chooses what `is_meant`, until it is enough. True when it came to the end.
    fn walk(
        &mut self,
        store: &Store,
        spot: &mut Option<Spot>,
        until: Timestamp,
        cause: Cause,
        is_meant: impl Fn(&Fate) -> bool,
        bytes_wanted: u64,
    ) -> Result<bool, Error> {
        let Self { plan, access, visits, evictions, evictions_max, .. } = self;
        let mut bytes_chosen = 0;
        let walked = store.walk_oldest(*spot, until, *visits, &mut |record: RecordView<'_>| {
            let (head, bytes) = (record.head(), record.bytes() as u64);
            let fate = plan.fate(access, &head, record.json_bytes());
            if is_meant(&fate) {
                evictions.push(Eviction { id: head.id, rule: fate.rule, cause, bytes });
                bytes_chosen += bytes;
            }
            if evictions.len() >= *evictions_max || bytes_chosen >= bytes_wanted {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        *spot = walked.spot;
        *visits = visits.saturating_sub(walked.visits);
        Ok(walked.is_done)
    }

    fn more(self) -> Step {
        self.end(State::More)
    }

    fn end(self, state: State) -> Step {
        Step { evictions: self.evictions, state, haste: self.haste }
    }
}

#[cfg(test)]
mod tests;
