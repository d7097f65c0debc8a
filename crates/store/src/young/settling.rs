//! Putting a generation's entries into their tables, slice by slice and in the order of the keys.

mod order;

use order::Order;

use super::Shared;
use super::generation::{Change, Generation, Run};
use crate::store::Seq;
use crate::tables::{Index, Pointer};

/// What the first entry of a run is more work than the others, which stand beside it in their table: it takes a page
/// there, to be copied and written. In entries.
const RUN_WORK: usize = 4;

/// The keys of so many entries are made at once.
const NEAR: usize = 64;

/// What it is to forget a removed event whose entries have gone. In entries.
const LEAVING_WORK: usize = 2;

/// A generation on its way into the tables. Nothing is added to it any more.
#[derive(Debug)]
pub(super) struct Settling {
    pub(super) generation: Shared,
    order: Order,
    progress: Progress,
}

/// How far it is: how many indexes are done, how many runs of the next one, and how many entries of the next of these; how
/// many removed events have left; and how much work that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    indexes: usize,
    runs: usize,
    of_run: usize,
    left: usize,
    work: usize,
}

/// Some changes of one index, in order. Its memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    bytes: Vec<u8>,
    ends: Vec<(usize, Pointer, Change)>,
    work: usize,
}

impl Slice {
    /// How much work it is.
    pub(crate) const fn work(&self) -> usize {
        self.work
    }

    /// Adds these entries, but for those of removed events, and forgets them.
    fn take(&mut self, index: Index, generation: &Generation, entries: &mut Vec<(&Run, u32)>) {
        generation.bring_near(entries);
        for (run, event) in entries.drain(..) {
            if let Some((pointer, change)) = generation.append_key(index, run, event, &mut self.bytes) {
                self.ends.push((self.bytes.len(), pointer, change));
            }
        }
    }

    /// Each key, whose it is, and what is to be done.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], Pointer, Change)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|&(end, ..)| end));
        let changes = self.ends.iter().zip(starts);
        changes.filter_map(|(&(end, pointer, change), start)| {
            Some((self.bytes.get(start..end)?, pointer, change))
        })
    }
}

impl Settling {
    pub(super) fn new(generation: Shared) -> Self {
        let order = Order::of(&generation);
        Self { generation, order, progress: Progress::default() }
    }

    /// Whether the next entries can be taken without waiting for their order.
    pub(super) fn is_ready(&mut self) -> bool {
        self.order.has(self.progress.indexes)
    }

    pub(super) const fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) const fn go_back(&mut self, progress: Progress) {
        self.progress = progress;
    }

    pub(super) fn is_done(&self) -> bool {
        self.are_indexes_done() && self.progress.left == self.generation.read().leaving().len()
    }

    fn are_indexes_done(&self) -> bool {
        self.progress.indexes == Index::ALL.len()
    }

    /// How much work is left.
    pub(super) fn work_left(&self) -> usize {
        let generation = self.generation.read();
        let entries = generation.size().entries;
        let runs = generation.runs_count().saturating_mul(RUN_WORK);
        let leaving = generation.leaving().len().saturating_mul(LEAVING_WORK);
        entries.saturating_add(runs).saturating_add(leaving).saturating_sub(self.progress.work)
    }

    /// Takes removed events whose entries have all gone from the tables, as many as are so much work.
    pub(super) fn next_left(&mut self, work_max: usize) -> Vec<Seq> {
        if !self.are_indexes_done() {
            return Vec::new();
        }
        let generation = self.generation.read();
        let rest = generation.leaving().iter().skip(self.progress.left);
        let left: Vec<Seq> = rest.take(work_max.div_ceil(LEAVING_WORK)).copied().collect();
        self.progress.left += left.len();
        self.progress.work += left.len() * LEAVING_WORK;
        left
    }

    /// Takes entries of the next index, but for those of removed events, as many as are so much work. Nothing when it is
    /// done.
    pub(super) fn next(&mut self, work_max: usize, slice: &mut Slice) -> Option<Index> {
        slice.bytes.clear();
        slice.ends.clear();
        slice.work = 0;
        let index = *Index::ALL.get(self.progress.indexes)?;
        let Self { generation, order, progress } = self;
        let sorted = order.sorted(progress.indexes, index, generation);
        let generation = generation.read();
        let mut near = Vec::with_capacity(NEAR);
        while slice.work < work_max
            && let Some(run) = sorted.runs.get(progress.runs)
        {
            let events = generation.events_of(sorted, run);
            // What leaves alone is rare: most of it is replaced by what comes to the same place.
            if progress.of_run == 0 && events.has_coming() {
                slice.work += RUN_WORK;
            }
            let entries_max = work_max.saturating_sub(slice.work).max(1);
            for event in events.iter().skip(progress.of_run).take(entries_max) {
                if near.len() == NEAR {
                    slice.take(index, &generation, &mut near);
                }
                near.push((run, event));
                slice.work += 1;
                progress.of_run += 1;
            }
            if progress.of_run == events.len() {
                (progress.runs, progress.of_run) = (progress.runs + 1, 0);
            }
        }
        slice.take(index, &generation, &mut near);
        progress.work += slice.work;
        if progress.runs == sorted.runs.len() {
            (progress.indexes, progress.runs) = (progress.indexes + 1, 0);
        }
        Some(index)
    }
}
