//! The order in which a generation's entries settle, made beside the writer.
//!
//! To sort the entries of one index takes longer than a commit. If the writer did it, everybody whose event is in that
//! commit would wait, nine times in each generation.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use super::super::Shared;
use super::super::generation::Sorted;
use crate::tables::Index;

/// What it takes to sort fewer entries is not worth a thread.
const ENTRIES_MIN: usize = 16 << 10;

/// The entries of one index after the other, in the order of their keys.
#[derive(Debug)]
pub(super) struct Order {
    /// Those of the indexes to come. One is made ahead.
    coming: Option<Receiver<Sorted>>,
    /// How many have come.
    arrived: usize,
    /// Those of the index with this place among all.
    sorted: Option<(usize, Sorted)>,
}

impl Order {
    pub(super) fn of(generation: &Shared) -> Self {
        let is_large = generation.read().size().entries >= ENTRIES_MIN;
        let coming = if is_large { begin(Arc::clone(generation)) } else { None };
        Self { coming, arrived: 0, sorted: None }
    }

    /// Whether [`Order::sorted`] answers without waiting for the thread.
    pub(super) fn has(&mut self, place: usize) -> bool {
        if self.is_here(place) {
            return true;
        }
        let Some(coming) = self.coming.as_ref().filter(|_| self.arrived == place) else { return true };
        match coming.try_recv() {
            Ok(sorted) => {
                self.arrived += 1;
                self.sorted = Some((place, sorted));
                true
            }
            Err(error) => error == TryRecvError::Disconnected,
        }
    }

    /// The entries of an index, and its place among all. Waits for them, or makes them: when there is no thread, and when a
    /// commit failed and what had settled with it settles again.
    pub(super) fn sorted(&mut self, place: usize, index: Index, generation: &Shared) -> &Sorted {
        let there = self.sorted.take().filter(|&(of, _)| of == place);
        let sorted = there.map(|(_, sorted)| sorted).unwrap_or_else(|| {
            let coming = self.coming.as_ref().filter(|_| self.arrived == place);
            if let Some(sorted) = coming.and_then(|coming| coming.recv().ok()) {
                self.arrived += 1;
                return sorted;
            }
            let generation = generation.read();
            generation.sorted(index, &generation.ranks())
        });
        &self.sorted.insert((place, sorted)).1
    }

    fn is_here(&self, place: usize) -> bool {
        self.sorted.as_ref().is_some_and(|&(of, _)| of == place)
    }
}

/// Starts the thread, which ends when nobody waits for it any more. Nothing when the system has none left.
fn begin(generation: Shared) -> Option<Receiver<Sorted>> {
    let (ready, coming) = sync_channel(0);
    let work = move || {
        // Nothing is added to what settles, and who removes does not need it alone: nobody waits for this.
        let generation = generation.read();
        let ranks = generation.ranks();
        for index in Index::ALL {
            if ready.send(generation.sorted(index, &ranks)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("settling".into()).spawn(work).ok().map(|_| coming)
}

#[cfg(test)]
mod tests;
