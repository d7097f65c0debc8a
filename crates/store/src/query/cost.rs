//! What answering has taken: for one query, and for all of a store.

use std::sync::atomic::{AtomicU64, Ordering};

use super::plan::Plan;

/// What answering a query has taken so far. None of it depends on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Seeks and moves in the indexes.
    pub look_ups: u64,
    /// Index entries that were passed over by what they say, without their record.
    pub skipped: u64,
    /// Records that were read.
    pub records: u64,
    /// Events that were handed out.
    pub events: u64,
}

/// What a store's queries have taken since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueryCounts {
    /// Filters answered by ids.
    pub by_ids: u64,
    /// Filters answered by looking through a time.
    pub by_time: u64,
    /// Filters answered by kinds.
    pub by_kinds: u64,
    /// Filters answered by authors.
    pub by_authors: u64,
    /// Filters answered by the values of a tag.
    pub by_tags: u64,
    /// How often looking through the newest events was given up, and authors were merged instead. These filters count
    /// under both plans.
    pub retreats: u64,
    /// What all of it took.
    pub cost: Cost,
}

/// The counters behind [`QueryCounts`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    plans: [AtomicU64; 5],
    retreats: AtomicU64,
    look_ups: AtomicU64,
    skipped: AtomicU64,
    records: AtomicU64,
    events: AtomicU64,
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn count_plan(&self, plan: Plan) {
        let [ids, time, kinds, authors, tags] = &self.plans;
        let counter = match plan {
            Plan::Ids => ids,
            Plan::Time => time,
            Plan::Kinds => kinds,
            Plan::Authors => authors,
            Plan::Tags(_) => tags,
        };
        add(counter, 1);
    }

    pub(super) fn count_retreat(&self) {
        add(&self.retreats, 1);
    }

    /// Counts what a query has taken since it had taken `before`.
    pub(super) fn count_cost(&self, before: &Cost, after: &Cost) {
        add(&self.look_ups, after.look_ups - before.look_ups);
        add(&self.skipped, after.skipped - before.skipped);
        add(&self.records, after.records - before.records);
        add(&self.events, after.events - before.events);
    }

    pub(crate) fn read(&self) -> QueryCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let [by_ids, by_time, by_kinds, by_authors, by_tags] = self.plans.each_ref().map(read);
        QueryCounts {
            by_ids,
            by_time,
            by_kinds,
            by_authors,
            by_tags,
            retreats: read(&self.retreats),
            cost: Cost {
                look_ups: read(&self.look_ups),
                skipped: read(&self.skipped),
                records: read(&self.records),
                events: read(&self.events),
            },
        }
    }
}
