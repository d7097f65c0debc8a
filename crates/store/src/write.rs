//! Writing: one durable transaction for a batch, in which every event is decided.

use chappe_protocol::{EventHead, Timestamp};
use heed::{PutFlags, RwTxn};

use crate::error::{Error, Space};
use crate::keys::{self, RecordKeys};
use crate::record::{Record, RecordView};
use crate::store::{Seq, Store};
use crate::tables::{Index, META_LAST_SEQ, Tables};

/// What storing an event means besides keeping it. Must fit the event's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Nothing.
    Regular,
    /// It takes the place of the version of its author and kind, if that is older (NIP-01).
    Replaceable,
    /// It takes the place of the version of its author, kind and `d` tag, if that is older (NIP-01).
    Addressable,
    /// It deletes what its `e` and `a` tags name (NIP-09).
    Delete,
    /// It removes all that its author published until then (NIP-62). That it names this relay was checked before.
    Vanish,
}

/// An event to store.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The event.
    pub record: &'a Record,
    /// What storing it means.
    pub placement: Placement,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is on disk.
    Stored(Seq),
    /// It was stored before.
    Duplicate,
    /// A newer version is stored in its place; of equally old ones, the one with the lowest id (NIP-01).
    Superseded,
    /// Its author deleted it or vanished, before or after it was made.
    Deleted,
}

impl Store {
    /// Stores the events of a batch, in order, in one transaction that is on disk when this returns.
    ///
    /// An event sees those before it in the batch. `now` decides which stored versions have expired, and so are in
    /// nobody's way.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when the map's reserve is reached or a room ran out half way, [`Error::Misplaced`],
    /// [`Error::Corrupt`], [`Error::Engine`]. Nothing of the batch is stored then.
    pub fn write(&self, batch: &[Write<'_>], now: Timestamp) -> Result<Vec<Written>, Error> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let mut writer = Writer::begin(self, now)?;
        let incoming: usize = batch.iter().map(|write| write.record.as_bytes().len()).sum();
        if self.tables.bytes_used(&writer.txn)?.saturating_add(incoming as u64) > self.write_bound_bytes {
            return Err(Error::Full(Space::Map));
        }
        let written = batch.iter().map(|write| writer.write(write)).collect::<Result<_, _>>()?;
        writer.commit()?;
        Ok(written)
    }
}

/// An open write transaction. Dropped without [`Writer::commit`], it leaves no trace.
pub(crate) struct Writer<'s> {
    pub(crate) tables: &'s Tables<'static>,
    pub(crate) txn: RwTxn<'s>,
    now: Timestamp,
    last: Seq,
    keys: RecordKeys,
}

impl<'s> Writer<'s> {
    pub(crate) fn begin(store: &'s Store, now: Timestamp) -> Result<Self, Error> {
        let txn = store.env.write_txn()?;
        let last = store.tables.last_seq(&txn)?;
        Ok(Self { tables: &store.tables, txn, now, last, keys: RecordKeys::default() })
    }

    pub(crate) fn commit(self) -> Result<(), Error> {
        Ok(self.txn.commit()?)
    }

    fn write(&mut self, write: &Write<'_>) -> Result<Written, Error> {
        let record = write.record.view();
        let head = record.head();
        let has_address = matches!(write.placement, Placement::Replaceable | Placement::Addressable);
        if head.address().is_some() != has_address {
            return Err(Error::Misplaced(head.kind));
        }
        if self.find(Index::Id, head.id.as_bytes())?.is_some() {
            return Ok(Written::Duplicate);
        }
        if self.is_deleted(&head)? {
            return Ok(Written::Deleted);
        }
        match write.placement {
            Placement::Regular => {}
            Placement::Replaceable | Placement::Addressable => {
                if !self.clear_place(&head)? {
                    return Ok(Written::Superseded);
                }
            }
            Placement::Delete => self.delete_targets(&head)?,
            Placement::Vanish => self.vanish(&head)?,
        }
        self.insert(write.record).map(Written::Stored)
    }

    /// Removes the version that this one replaces, if any. False when the stored version is to stay.
    fn clear_place(&mut self, head: &EventHead<'_>) -> Result<bool, Error> {
        let Some(address) = head.address() else { return Err(Error::Misplaced(head.kind)) };
        let Some(seq) = self.find(Index::Head, &keys::address_key(&address))? else { return Ok(true) };
        let stored = self.record(seq)?;
        let old = stored.head();
        // NIP-01: the newer one wins, of equally new ones the one with the lowest id.
        let wins = (old.created_at, head.id) < (head.created_at, old.id);
        if !wins && !stored.is_expired(self.now) {
            return Ok(false);
        }
        self.remove(seq)?;
        Ok(true)
    }

    pub(crate) fn find(&self, index: Index, key: &[u8]) -> Result<Option<Seq>, Error> {
        Ok(self.tables.index(index).get(&self.txn, key)?.map(Seq))
    }

    /// The record that an index entry points to.
    pub(crate) fn record(&self, seq: Seq) -> Result<RecordView<'_>, Error> {
        self.tables.record(&self.txn, seq)?.ok_or(Error::Corrupt("an index entry points to no record"))
    }

    fn insert(&mut self, record: &Record) -> Result<Seq, Error> {
        let Some(next) = self.last.0.checked_add(1) else { return Err(Error::Full(Space::Map)) };
        self.tables.records.put_with_flags(&mut self.txn, PutFlags::APPEND, &next, record.as_bytes())?;
        self.keys.fill(&record.view());
        for (index, key) in self.keys.iter() {
            self.tables.index(index).put(&mut self.txn, key, &next)?;
        }
        self.tables.meta.put(&mut self.txn, META_LAST_SEQ, &next)?;
        self.last = Seq(next);
        Ok(self.last)
    }

    /// Removes a record and all its index entries.
    pub(crate) fn remove(&mut self, seq: Seq) -> Result<(), Error> {
        let record = self.tables.record(&self.txn, seq)?;
        self.keys.fill(&record.ok_or(Error::Corrupt("an index entry points to no record"))?);
        self.tables.records.delete(&mut self.txn, &seq.0)?;
        for (index, key) in self.keys.iter() {
            self.tables.index(index).delete(&mut self.txn, key)?;
        }
        Ok(())
    }
}
