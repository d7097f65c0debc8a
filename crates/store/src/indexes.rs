//! Reading the indexes: the one place that knows that their entries are in tables and in memory.

mod entries;

use std::ops::Bound;
use std::sync::Arc;

use chappe_protocol::Timestamp;
use heed::{RoTxn, WithoutTls};

pub(crate) use entries::{Ahead, Entries, Skips, Within};

use crate::error::Error;
use crate::keys::{self, Position};
use crate::store::{Seq, Store};
use crate::tables::{Index, Pointer, Tables};
use crate::young::{Change, TxnId, View};

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

impl Indexes<'_> {
    /// The event that has this key in `by_id` or `heads`.
    pub(crate) fn find(&self, index: Index, key: &[u8]) -> Result<Option<Seq>, Error> {
        match self.find_in_memory(index, key)? {
            Some(seq) => Ok(Some(seq)),
            None => self.find_in_table(index, key),
        }
    }

    /// The event of this position. An event that has just been published is looked for among the newest in `by_time`, whose pages are
    /// at hand; in `by_id` it would be anywhere, and in a large store each time a wait for memory.
    pub(crate) fn find_at(&self, position: &Position) -> Result<Option<Seq>, Error> {
        match self.find_in_memory(Index::Id, position.id())? {
            Some(seq) => Ok(Some(seq)),
            None => self.find_in_table(Index::Time, position.as_bytes()),
        }
    }

    fn find_in_memory(&self, index: Index, key: &[u8]) -> Result<Option<Seq>, Error> {
        let hash = self.view.hash(index, key);
        for generation in self.view.generations() {
            // An entry in memory counts if its record is there: it may be removed, or not be committed yet.
            let is_there = |seq| self.has_record(seq);
            let found = generation.read().find((index, key), hash, self.reader(), is_there)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn find_in_table(&self, index: Index, key: &[u8]) -> Result<Option<Seq>, Error> {
        // Such an entry counts if its record is there, too: it may have been removed already.
        match self.tables.index(index).get(self.txn, key)?.map(|found| found.seq) {
            Some(seq) if self.has_record(seq)? => Ok(Some(seq)),
            Some(_) | None => Ok(None),
        }
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
            let (_, Pointer { seq, .. }) = entry?;
            if self.has_record(seq)? {
                found.push(seq);
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
            let sorted = generation.sorted(index, &generation.ranks());
            for run in &sorted.runs {
                for event in generation.events_of(&sorted, run).iter() {
                    key.clear();
                    if let Some((pointer, change)) = generation.append_key(index, run, event, &mut key) {
                        each(&key, pointer.seq, change)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn has_record(&self, seq: Seq) -> Result<bool, Error> {
        Ok(self.tables.records.get(self.txn, &seq.0)?.is_some())
    }

    pub(crate) fn reader(&self) -> TxnId {
        self.txn.id()
    }
}
