//! Writing: one durable transaction for a batch, in which every event is decided.

use chappe_protocol::{EventHead, Timestamp};
use heed::{PutFlags, RwTxn};

use crate::compression::{Saved, Savings};
use crate::error::{Error, Space};
use crate::indexes::Indexes;
use crate::keys::{self, Position, RecordKeys};
use crate::record::{Record, RecordView};
use crate::store::{Seq, Store};
use crate::tables::{Index, META_BEGUN, META_LAST_SEQ, META_SETTLED, Tables};
use crate::young::{Change, Slice, Turn};

/// How much is taken out of memory at once to settle: what bounds the memory that it takes on the way.
const SLICE_WORK_MAX: usize = 16 << 10;

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
    /// The event. Its id is its own, checked before: the same id with another time would be taken for another event.
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
    /// [`Error::Full`] when the reserve of the map or the disk is reached, the disk is low, or a room ran out half way, [`Error::Misplaced`],
    /// [`Error::Corrupt`], [`Error::Engine`]. Nothing of the batch is stored then.
    pub fn write(&self, batch: &[Write<'_>], now: Timestamp) -> Result<Vec<Written>, Error> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let mut writer = Writer::begin(self, now)?;
        let incoming: usize = batch.iter().map(|write| write.record.as_bytes().len()).sum();
        self.check_room_for_events(&writer.txn, incoming)?;
        let written = batch.iter().map(|write| writer.write(write)).collect::<Result<_, _>>()?;
        let share = writer.turn.share();
        writer.settle(share)?;
        writer.commit()?;
        Ok(written)
    }
}

/// An open write transaction. Dropped without [`Writer::commit`], it leaves no trace.
pub(crate) struct Writer<'s> {
    // Dropped in this order: what was done in memory is undone before anybody else may write.
    pub(crate) turn: Turn<'s>,
    pub(crate) txn: RwTxn<'s>,
    pub(crate) tables: &'s Tables<'static>,
    now: Timestamp,
    last: Seq,
    last_before: Seq,
    keys: RecordKeys,
    saved: Saved,
    savings: &'s Savings,
}

impl<'s> Writer<'s> {
    pub(crate) fn begin(store: &'s Store, now: Timestamp) -> Result<Self, Error> {
        let mut turn = store.young.begin();
        let txn = store.env.write_txn()?;
        if turn.is_full() && !turn.is_settling() {
            turn.rotate(store.tables.records.len(&txn)?);
        }
        // A number is not given twice, even if its event was not stored: memory may still know it.
        let last = store.tables.last_seq(&txn)?.max(turn.last_given());
        let (tables, savings) = (&store.tables, &store.savings);
        let (keys, saved) = (RecordKeys::default(), Saved::default());
        Ok(Self { turn, txn, tables, now, last, last_before: last, keys, saved, savings })
    }

    pub(crate) fn commit(mut self) -> Result<(), Error> {
        let mut put = |key, value: Seq| self.tables.meta.put(&mut self.txn, key, &value.0);
        if self.last != self.last_before {
            put(META_LAST_SEQ, self.last)?;
        }
        let (settled, begun) = self.turn.marks();
        if settled != self.turn.settled() {
            put(META_SETTLED, settled)?;
        }
        if begun != self.turn.begun() {
            put(META_BEGUN, begun)?;
        }
        let id = self.txn.id();
        self.txn.commit()?;
        self.turn.keep(id);
        self.savings.add(&self.saved);
        Ok(())
    }

    /// Puts entries that wait in memory into their tables: for so much work, or all there are.
    pub(crate) fn settle(&mut self, mut work_max: usize) -> Result<(), Error> {
        let mut slice = Slice::default();
        while work_max > 0 {
            let Some(index) = self.turn.next(work_max.min(SLICE_WORK_MAX), &mut slice) else { break };
            let table = self.tables.index(index);
            for (key, pointer, change) in slice.iter() {
                match change {
                    Change::Put if self.turn.has_removed(pointer.seq) => {}
                    Change::Put => table.put(&mut self.txn, key, &pointer)?,
                    // A later version may have taken the key over.
                    Change::Delete
                        if table.get(&self.txn, key)?.is_some_and(|there| there.seq == pointer.seq) =>
                    {
                        table.delete(&mut self.txn, key)?;
                    }
                    Change::Delete => {}
                }
            }
            work_max -= slice.work().min(work_max);
        }
        for seq in self.turn.next_left(work_max) {
            self.tables.leaving.delete(&mut self.txn, &seq.0)?;
        }
        Ok(())
    }

    fn write(&mut self, write: &Write<'_>) -> Result<Written, Error> {
        let record = write.record.view();
        let head = record.head();
        let has_address = matches!(write.placement, Placement::Replaceable | Placement::Addressable);
        if head.address().is_some() != has_address {
            return Err(Error::Misplaced(head.kind));
        }
        if self.indexes().find_at(&Position::of(&head))?.is_some() {
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
    pub(crate) fn clear_place(&mut self, head: &EventHead<'_>) -> Result<bool, Error> {
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
        self.indexes().find(index, key)
    }

    pub(crate) fn indexes(&self) -> Indexes<'_> {
        Indexes { view: self.turn.view(), tables: self.tables, txn: &self.txn }
    }

    /// The record that an index entry points to.
    pub(crate) fn record(&self, seq: Seq) -> Result<RecordView<'_>, Error> {
        self.tables.record(&self.txn, seq)?.ok_or(Error::Corrupt("an index entry points to no record"))
    }

    fn insert(&mut self, record: &Record) -> Result<Seq, Error> {
        let Some(next) = self.last.0.checked_add(1) else { return Err(Error::Full(Space::Map)) };
        self.insert_as(Seq(next), record)?;
        Ok(Seq(next))
    }

    /// Puts a record under a number beyond the last one.
    pub(crate) fn insert_as(&mut self, seq: Seq, record: &Record) -> Result<(), Error> {
        self.tables.records.put_with_flags(&mut self.txn, PutFlags::APPEND, &seq.0, record.as_bytes())?;
        let view = record.view();
        if let Some(frame) = record.frame_bytes() {
            self.saved.events += 1;
            self.saved.plain_bytes += view.json_bytes() as u64;
            self.saved.kept_bytes += frame as u64;
        }
        self.keys.fill(&view);
        self.last = seq;
        self.turn.add(seq, Position::of(&view.head()), &self.keys);
        Ok(())
    }

    /// Gives no number up to this one any more.
    pub(crate) fn skip_to(&mut self, seq: Seq) {
        self.last = self.last.max(seq);
    }

    /// Removes a record. Its index entries go from their tables when others come to them; without its record, an entry
    /// counts for nothing.
    pub(crate) fn remove(&mut self, seq: Seq) -> Result<(), Error> {
        let bytes = self.tables.records.get(&self.txn, &seq.0)?;
        let bytes = bytes.ok_or(Error::Corrupt("an index entry points to no record"))?;
        let record = RecordView::parse(bytes).ok_or(Error::Corrupt("a record ends too early"))?;
        let position = Position::of(&record.head());
        self.turn.remove(seq, position);
        // Of later ones none are in the tables yet.
        if seq <= self.turn.begun() {
            let mut keys = std::mem::take(&mut self.keys);
            keys.fill(&record);
            if self.turn.is_full() {
                for (index, key) in keys.iter() {
                    self.tables.index(index).delete(&mut self.txn, key)?;
                }
            } else {
                let head = record.without_wire(bytes).to_vec();
                self.tables.leaving.put(&mut self.txn, &seq.0, &head)?;
                self.turn.add_leaving(seq, position, &keys);
            }
            self.keys = keys;
        }
        self.tables.records.delete(&mut self.txn, &seq.0)?;
        Ok(())
    }
}
