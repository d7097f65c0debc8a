//! Reading the indexes: the one place that knows that their entries are in tables and in memory.

use std::ops::Bound;
use std::sync::Arc;

use chappe_protocol::Timestamp;
use heed::byteorder::BigEndian;
use heed::types::{Bytes, U64};
use heed::{RoRange, RoTxn, WithoutTls};

use crate::error::Error;
use crate::keys::{self, Position};
use crate::store::{Seq, Store};
use crate::tables::{Index, Tables};
use crate::young::{Change, Place, TxnId, View};

/// How many entries are taken out of memory at once: few for who wants the first ones only.
const FIRST_ENTRIES: usize = 4;
const MORE_ENTRIES: usize = 32;

/// The store as one commit left it.
pub(crate) struct Snapshot<'s> {
    view: Arc<View>,
    tables: &'s Tables<'static>,
    pub(crate) txn: RoTxn<'s, WithoutTls>,
}

impl Store {
    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>, Error> {
        let mut view = self.young.view();
        loop {
            // In this order, an entry that settles meanwhile is found in one place or in both.
            let txn = self.env.read_txn()?;
            let now = self.young.view();
            // Else the transaction may have events of a generation that began after the view was taken.
            if Arc::ptr_eq(&view, &now) {
                return Ok(Snapshot { view, tables: &self.tables, txn });
            }
            view = now;
        }
    }
}

impl Snapshot<'_> {
    pub(crate) fn indexes(&self) -> Indexes<'_> {
        Indexes { view: &self.view, tables: self.tables, txn: &self.txn }
    }
}

/// The indexes as a transaction sees them, be it of a reader or the writer's own.
#[derive(Clone, Copy)]
pub(crate) struct Indexes<'t> {
    pub(crate) view: &'t View,
    pub(crate) tables: &'t Tables<'static>,
    pub(crate) txn: &'t RoTxn<'t, WithoutTls>,
}

/// Which entries of a place are wanted, in the order of their positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within<'p> {
    pub(crate) index: Index,
    /// What their keys start with, all of it but the position.
    pub(crate) prefix: &'p [u8],
    pub(crate) from: Bound<Position>,
    pub(crate) to: Position,
}

impl<'t> Indexes<'t> {
    /// The event that has this key in `by_id` or `heads`.
    pub(crate) fn find(&self, index: Index, key: &[u8]) -> Result<Option<Seq>, Error> {
        let hash = self.view.hash(index, key);
        for generation in self.view.generations() {
            // An entry in memory counts if its record is there: it may be removed, or not be committed yet.
            let is_there = |seq| self.has_record(seq);
            let found = generation.read().find((index, key), hash, self.reader(), is_there)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        // So does an entry in the table: its record may have been removed already.
        match self.tables.index(index).get(self.txn, key)?.map(Seq) {
            Some(seq) if self.has_record(seq)? => Ok(Some(seq)),
            Some(_) | None => Ok(None),
        }
    }

    /// The entries, one after the other. Some may be of records that are not there.
    pub(crate) fn entries(&self, within: &Within<'_>) -> Result<Entries<'t>, Error> {
        let Within { index, prefix, from, to } = *within;
        let hash = self.view.hash(index, prefix);
        let mut places = [None; 2];
        for (place, generation) in places.iter_mut().zip(self.view.generations()) {
            *place = generation.read().place(index, prefix, hash);
        }
        let key = |position: &Position| [prefix, position.as_bytes()].concat();
        let last = key(&to);
        let first = match &from {
            Bound::Included(from) => Bound::Included(key(from)),
            Bound::Excluded(from) => Bound::Excluded(key(from)),
            Bound::Unbounded => Bound::Included(prefix.to_vec()),
        };
        let first = first.as_ref().map(Vec::as_slice);
        let range = self.tables.index(index).range(self.txn, &(first, Bound::Included(last.as_slice())))?;
        let mut entries = Entries {
            indexes: *self,
            range,
            in_table: None,
            places,
            in_memory: Vec::new(),
            from,
            to,
            has_more: places.iter().any(Option::is_some),
        };
        entries.step_table()?;
        entries.fill(FIRST_ENTRIES);
        Ok(entries)
    }

    /// Up to `events_max` events that expire until this time, in no order.
    pub(crate) fn expiring(&self, until: u64, events_max: usize) -> Result<Vec<Seq>, Error> {
        let last = keys::expired_until(Timestamp(until));
        let range = (Bound::Unbounded, Bound::Included(last.as_slice()));
        let mut found = Vec::new();
        for entry in self.tables.index(Index::Expiration).range(self.txn, &range)? {
            if found.len() == events_max {
                break;
            }
            let (_, seq) = entry?;
            if self.has_record(Seq(seq))? {
                found.push(Seq(seq));
            }
        }
        for generation in self.view.generations() {
            let generation = generation.read();
            let mut left = events_max;
            for seq in generation.expiring(until, self.reader()) {
                if left == 0 {
                    break;
                }
                if self.has_record(seq)? {
                    found.push(seq);
                    left -= 1;
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(events_max);
        Ok(found)
    }

    /// Whether this entry waits in memory, to be seen by this transaction.
    pub(crate) fn is_in_memory(&self, index: Index, key: &[u8], of: (Position, Seq)) -> Result<bool, Error> {
        let hash = self.view.hash(index, index.prefix(key));
        for generation in self.view.generations() {
            if generation.read().has((index, key), hash, self.reader(), of)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Calls with each key that waits in memory, and whose it is.
    pub(crate) fn for_each_in_memory(
        &self,
        index: Index,
        mut each: impl FnMut(&[u8], Seq, Change) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut key = Vec::new();
        for generation in self.view.generations() {
            let generation = generation.read();
            for entry in generation.sorted(index, &generation.ranks()) {
                key.clear();
                if let Some((seq, change)) = generation.append_key(index, &entry, &mut key) {
                    each(&key, seq, change)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn has_record(&self, seq: Seq) -> Result<bool, Error> {
        Ok(self.tables.records.get(self.txn, &seq.0)?.is_some())
    }

    fn reader(&self) -> TxnId {
        self.txn.id()
    }
}

/// The entries of a place, lowest position first, each once.
pub(crate) struct Entries<'t> {
    indexes: Indexes<'t>,
    range: RoRange<'t, Bytes, U64<BigEndian>>,
    /// The next one there.
    in_table: Option<(Position, Seq)>,
    places: [Option<Place>; 2],
    /// The next ones there, the first of them last.
    in_memory: Vec<(Position, Seq)>,
    /// Where those in memory go on, once these are used up.
    from: Bound<Position>,
    to: Position,
    has_more: bool,
}

impl Entries<'_> {
    pub(crate) fn next(&mut self) -> Result<Option<(Position, Seq)>, Error> {
        let young = self.in_memory.last().copied();
        let next = match (self.in_table, young) {
            (Some(old), Some(young)) => Some(old.min(young)),
            (old, young) => old.or(young),
        };
        if next.is_some() && next == self.in_table {
            self.step_table()?;
        }
        if next.is_some() && next == young {
            self.in_memory.pop();
            if self.in_memory.is_empty() {
                self.fill(MORE_ENTRIES);
            }
        }
        Ok(next)
    }

    fn step_table(&mut self) -> Result<(), Error> {
        self.in_table = match self.range.next().transpose()? {
            Some((key, seq)) => {
                let position = Position::of_key(key).ok_or(Error::Corrupt("an index key is too short"))?;
                Some((position, Seq(seq)))
            }
            None => None,
        };
        Ok(())
    }

    fn fill(&mut self, entries_max: usize) {
        if !self.has_more {
            return;
        }
        let Self { indexes, places, in_memory, from, to, .. } = self;
        for (place, generation) in places.iter().zip(indexes.view.generations()) {
            if let Some(place) = place {
                let from = from.as_ref();
                generation.read().entries(*place, from, to, indexes.reader(), entries_max, in_memory);
            }
        }
        in_memory.sort_unstable_by(|a, b| b.cmp(a));
        self.has_more = in_memory.len() >= entries_max;
        // What one generation gave beyond the other's last may not be all that lies between.
        let last = in_memory.iter().nth_back(entries_max.saturating_sub(1)).map(|&(position, _)| position);
        in_memory.retain(|&(position, _)| last.is_none_or(|last| position <= last));
        if let Some(&(last, _)) = in_memory.first() {
            self.from = Bound::Excluded(last);
        }
    }
}
