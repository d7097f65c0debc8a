//! Filed filters by value.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use crate::place::KindSet;

/// A filter in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    /// The filter's slot in the entries.
    pub(crate) slot: u32,
    /// Which of the filter's values this list belongs to: the index in its entry's `standings`.
    pub(crate) value: u32,
    /// The kinds it asks for.
    pub(crate) kinds: KindSet,
}

/// The filters that are filed under one value, in no order.
#[derive(Debug, Default)]
pub(crate) struct List(Vec<Posting>);

/// One list for each value under which something is filed. Empty lists are not kept.
#[derive(Debug)]
pub(crate) struct Lists<K>(HashMap<K, List, RandomState>);

impl List {
    pub(crate) fn as_slice(&self) -> &[Posting] {
        &self.0
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends, and says where the posting stands.
    pub(crate) fn push(&mut self, posting: Posting) -> u32 {
        let standing = small(self.0.len());
        if self.0.capacity() == 0 {
            // Most values are filed once. A `Vec` would begin with room for four.
            self.0.reserve_exact(1);
        }
        self.0.push(posting);
        standing
    }

    /// Takes out the posting that stands there, and returns the one that stands there now instead.
    pub(crate) fn withdraw(&mut self, standing: u32) -> Option<Posting> {
        let place = standing as usize;
        if place < self.0.len() {
            self.0.swap_remove(place);
        }
        if is_sparse(self.0.len(), self.0.capacity()) {
            self.0.shrink_to(2 * self.0.len());
        }
        self.0.get(place).copied()
    }
}

impl<K: Eq + Hash> Lists<K> {
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, value: &Q) -> Option<&List>
    where
        K: Borrow<Q>,
    {
        // Most events meet no filter by id, and many none by tag: an empty map is not worth a hash.
        if self.0.is_empty() { None } else { self.0.get(value) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, value: K, posting: Posting) -> u32 {
        self.0.entry(value).or_default().push(posting)
    }

    pub(crate) fn withdraw<Q: Eq + Hash + ?Sized>(&mut self, value: &Q, standing: u32) -> Option<Posting>
    where
        K: Borrow<Q>,
    {
        let list = self.0.get_mut(value)?;
        let moved = list.withdraw(standing);
        if list.is_empty() {
            self.0.remove(value);
            if is_sparse(self.0.len(), self.0.capacity()) {
                self.0.shrink_to(2 * self.0.len());
            }
        }
        moved
    }

    /// How many postings all lists hold, and how many values and postings there is room for.
    #[cfg(test)]
    pub(crate) fn footprint(&self) -> (usize, usize) {
        let lists = || self.0.values().map(|list| &list.0);
        (lists().map(Vec::len).sum(), self.0.capacity() + lists().map(Vec::capacity).sum::<usize>())
    }
}

// Not derived: that would ask for a `K: Default`.
impl<K> Default for Lists<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

/// Whether so little is left that the memory of a busier time should go. Shrinking at an eighth to a quarter keeps the
/// cost of moving below one step for each withdrawal.
pub(crate) const fn is_sparse(len: usize, capacity: usize) -> bool {
    len == 0 || len < capacity / 8
}

/// Slots and standings are kept in 32 bits. What they count takes 12 bytes or more each, in a message that was sent for
/// it, so memory ends long before the numbers do.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
