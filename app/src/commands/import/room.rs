//! Room for what is imported, below a ceiling: what goes by the rules goes first, as while the relay runs.

use std::sync::Arc;

use chappe_protocol::EventId;
use chappe_retention::{Cause, Keeper, Plan, State, Step};
use chappe_store::{Return, Store};

use super::{Report, Stopped};
use crate::Clock;
use crate::config::Config;
use crate::relay;

/// A batch is at most this part of the ceiling, so that what lies between the mark at which room is made and the ceiling
/// holds several.
const BATCH_SHARE: u64 = 128;

/// Makes room when the store comes near its ceiling.
pub(super) struct Room<'a> {
    config: &'a Config,
    store: &'a Store,
    clock: &'a Clock,
    plan: Arc<Plan>,
    /// Nothing was left that may go. It is looked again only when the ceiling itself is reached.
    is_stuck: bool,
}

impl<'a> Room<'a> {
    /// None where there is no ceiling.
    pub(super) fn below_ceiling(config: &'a Config, store: &'a Store, clock: &'a Clock) -> Option<Self> {
        let plan = Arc::new(relay::retention(config));
        (plan.bytes_max > 0).then_some(Self { config, store, clock, plan, is_stuck: false })
    }

    /// How large a batch may become.
    pub(super) fn batch_bytes_max(&self) -> usize {
        usize::try_from(self.plan.bytes_max / BATCH_SHARE).unwrap_or(usize::MAX)
    }

    /// Makes room if it is time to.
    pub(super) fn keep(&mut self, report: &mut Report) -> Result<(), Stopped> {
        let used = self.store.usage().map_err(Stopped::Store)?.bytes_used;
        if self.is_stuck || used <= self.plan.begins_at() { Ok(()) } else { self.make(report) }
    }

    /// Removes what the order says, by the lists as they are now: an import may have changed them. Each time from the oldest
    /// event on, because it may have brought older ones, too.
    pub(super) fn make(&mut self, report: &mut Report) -> Result<(), Stopped> {
        let now = self.clock.now();
        let access = relay::store_access(self.config, self.store, now).map_err(Stopped::Lists)?;
        let mut keeper = Keeper::new(Arc::clone(&self.plan));
        loop {
            let Step { evictions, state, .. } =
                keeper.step(self.store, &access, now).map_err(Stopped::Store)?;
            let ids: Vec<EventId> = evictions.iter().map(|eviction| eviction.id).collect();
            if !ids.is_empty() {
                self.store.remove(&ids, Return::Allowed).map_err(Stopped::Store)?;
            }
            for eviction in &evictions {
                match eviction.cause {
                    Cause::Age => report.too_old += 1,
                    Cause::Ceiling => report.evicted += 1,
                }
            }
            if state != State::More {
                self.is_stuck = state == State::Stuck;
                return Ok(());
            }
        }
    }
}
