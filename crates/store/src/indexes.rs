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

/// The longest key of an index.
const KEY_BYTES_MAX: usize = 92;

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
        let (mut places, mut in_memory) = ([None; 2], Vec::new());
        for (place, generation) in places.iter_mut().zip(self.view.generations()) {
            let generation = generation.read();
            *place = generation.place(index, prefix, hash);
            if let Some(place) = *place {
                generation.entries(place, from.as_ref(), &to, self.reader(), FIRST_ENTRIES, &mut in_memory);
            }
        }
        let (first, last) = (Key::new(prefix, from.as_ref()), Key::new(prefix, Bound::Included(&to)));
        let range = self.tables.index(index).range(self.txn, &(first.bound(), last.bound()))?;
        let mut entries =
            Entries { indexes: *self, range, in_table: None, places, in_memory, from, to, has_more: false };
        entries.order(FIRST_ENTRIES);
        entries.step_table()?;
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
            for run in generation.runs(index, &generation.ranks()) {
                for &event in generation.events_of(&run) {
                    key.clear();
                    if let Some((seq, change)) = generation.append_key(index, &run, event, &mut key) {
                        each(&key, seq, change)?;
                    }
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
        self.order(entries_max);
    }

    /// After up to so many entries of each generation were taken.
    fn order(&mut self, entries_max: usize) {
        self.has_more = self.in_memory.len() >= entries_max;
        if self.in_memory.is_empty() {
            return;
        }
        self.in_memory.sort_unstable_by(|a, b| b.cmp(a));
        // What one generation gave beyond the other's last may not be all that lies between.
        let last = self.in_memory.iter().nth_back(entries_max.saturating_sub(1));
        if let Some(&(last, _)) = last {
            self.in_memory.retain(|(position, _)| *position <= last);
        }
        if let Some(&(last, _)) = self.in_memory.first() {
            self.from = Bound::Excluded(last);
        }
    }
}

/// One end of a range in a table.
struct Key {
    bytes: [u8; KEY_BYTES_MAX],
    end: Bound<usize>,
}

impl Key {
    /// Where this position is among the entries with the prefix; unbounded is where they begin.
    fn new(prefix: &[u8], position: Bound<&Position>) -> Self {
        let (mut bytes, mut length) = ([0; KEY_BYTES_MAX], 0);
        let mut push = |part: &[u8]| {
            if let Some(place) = bytes.get_mut(length..length + part.len()) {
                place.copy_from_slice(part);
                length += part.len();
            }
        };
        push(prefix);
        let end = position.map(|position| push(position.as_bytes()));
        let end = if matches!(end, Bound::Unbounded) { Bound::Included(()) } else { end };
        Self { bytes, end: end.map(|()| length) }
    }

    fn bound(&self) -> Bound<&[u8]> {
        self.end.map(|length| self.bytes.get(..length).unwrap_or_default())
    }
}
