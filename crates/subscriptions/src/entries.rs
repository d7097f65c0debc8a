//! The filed filters themselves, by slot.

use std::collections::BTreeSet;

use chappe_protocol::Filter;

use crate::index::Token;
use crate::lists::{is_sparse, small};

/// A filter that is filed.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) token: Token,
    pub(crate) payload: T,
    /// The slot of the subscription's first filter, which stands for the subscription.
    pub(crate) first: u32,
    /// What is left to check once an event has come by one of the lists.
    pub(crate) left: Filter,
    /// Where it stands in the list of each value under which it is filed.
    pub(crate) standings: Box<[u32]>,
}

/// Slots with a number that stays while the filter is filed. The lowest free one is used first, so that the end can be
/// given back.
#[derive(Debug)]
pub(crate) struct Entries<T> {
    slots: Vec<Option<Entry<T>>>,
    free: BTreeSet<u32>,
}

impl<T> Entries<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: BTreeSet::new() }
    }

    /// How many slots there are, used or not.
    pub(crate) const fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Sets a slot aside, to be filled by [`Self::put`].
    pub(crate) fn reserve(&mut self) -> u32 {
        self.free.pop_first().unwrap_or_else(|| {
            self.slots.push(None);
            small(self.slots.len() - 1)
        })
    }

    pub(crate) fn put(&mut self, slot: u32, entry: Entry<T>) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(entry);
        }
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Entry<T>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Notes where a filter stands now in the list of one of its values.
    pub(crate) fn moved(&mut self, slot: u32, value: u32, standing: u32) {
        let entry = self.slots.get_mut(slot as usize).and_then(Option::as_mut);
        if let Some(place) = entry.and_then(|entry| entry.standings.get_mut(value as usize)) {
            *place = standing;
        }
    }

    /// Empties a slot, and gives back the empty ones at the end.
    pub(crate) fn remove(&mut self, slot: u32) {
        let Some(place) = self.slots.get_mut(slot as usize) else {
            return;
        };
        *place = None;
        self.free.insert(slot);
        while let Some(None) = self.slots.last() {
            self.slots.pop();
            self.free.remove(&small(self.slots.len()));
        }
        if is_sparse(self.slots.len(), self.slots.capacity()) {
            self.slots.shrink_to(2 * self.slots.len());
        }
    }

    /// How many slots there are or could be, and how many are known to be free.
    #[cfg(test)]
    pub(crate) fn footprint(&self) -> (usize, usize) {
        (self.slots.capacity(), self.free.len())
    }
}
