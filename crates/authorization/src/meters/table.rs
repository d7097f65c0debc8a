//! A bounded table of counters.

use std::hash::Hash;

use chappe_protocol::Timestamp;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use parking_lot::Mutex;

/// What is counted for one key. The default is that of a key never seen.
pub(super) trait Counter: Copy + Default {
    /// How much would be forgotten with it: 0 for a counter as good as new.
    fn weight(&self, now: Timestamp) -> u64;
}

/// Whether something counts or is only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// It counts.
    Take,
    /// It changes nothing: for explanations.
    Look,
}

/// Counters by key. When there are as many as may be, a new key takes the place of the lightest of those that came last
/// and of the next ones in a round, [`LOOKED_AT`] each: whoever floods the table with fresh keys pushes out fresh keys,
/// and what has been forgotten meanwhile goes first.
pub(super) struct Table<K, V>(Mutex<Entries<K, V>>);

struct Entries<K, V> {
    map: IndexMap<K, V, RandomState>,
    /// Where the next round begins.
    hand: usize,
}

/// How many counters of each sort are compared to choose one to forget.
const LOOKED_AT: usize = 8;

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Entries { map: IndexMap::default(), hand: 0 }))
    }
}

impl<K: Copy + Eq + Hash, V: Counter> Table<K, V> {
    /// Changes the counter of a key, or a copy of it. Allocates only for a key that is not there.
    pub(super) fn change<R>(
        &self,
        charge: Charge,
        key: K,
        entries_max: usize,
        now: Timestamp,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let mut entries = self.0.lock();
        if let Some(counter) = entries.map.get_mut(&key) {
            return match charge {
                Charge::Take => change(counter),
                Charge::Look => change(&mut { *counter }),
            };
        }
        let mut counter = V::default();
        let result = change(&mut counter);
        if charge == Charge::Take {
            entries.make_room(entries_max, now);
            entries.map.insert(key, counter);
        }
        result
    }

    /// The counter of a key, if there is one.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.lock().map.get(key).copied()
    }

    /// Copies all counters that are worth keeping.
    pub(super) fn weighty(&self, now: Timestamp) -> Vec<(K, V)> {
        let entries = self.0.lock();
        entries
            .map
            .iter()
            .filter(|(_, value)| value.weight(now) > 0)
            .map(|(key, value)| (*key, *value))
            .collect()
    }

    /// How many keys have a counter.
    pub(super) fn len(&self) -> usize {
        self.0.lock().map.len()
    }
}

impl<K: Copy + Eq + Hash, V: Counter> Entries<K, V> {
    /// Forgets until one more fits.
    fn make_room(&mut self, entries_max: usize, now: Timestamp) {
        while self.map.len() >= entries_max.max(1) {
            let count = self.map.len();
            let round =
                (self.hand..self.hand.saturating_add(LOOKED_AT.min(count))).map(|place| place % count);
            let latest = count.saturating_sub(LOOKED_AT)..count;
            let weights = round
                .chain(latest)
                .filter_map(|place| Some((place, self.map.get_index(place)?.1.weight(now))));
            let lightest = weights.min_by_key(|&(_, weight)| weight).map_or(0, |(place, _)| place);
            self.map.swap_remove_index(lightest);
            self.hand = self.hand.saturating_add(LOOKED_AT) % count;
        }
    }
}

#[cfg(test)]
mod tests;
