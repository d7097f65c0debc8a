//! Making the entries in memory again from the records, when a store is opened.

use std::ops::Bound;

use crate::error::Error;
use crate::keys::{Position, RecordKeys};
use crate::record::RecordView;
use crate::store::{Seq, Store};
use crate::write::Writer;
use chappe_protocol::Timestamp;

impl Store {
    /// Brings the entries into memory that are not in their tables, or not known to be.
    pub(crate) fn restore(&self, settled: Seq) -> Result<(), Error> {
        let txn = self.env.read_txn()?;
        let mut keys = RecordKeys::default();
        let (mut turn, mut has_room) = (self.young.begin(), true);
        for entry in self.tables.leaving.iter(&txn)? {
            let (seq, bytes) = entry?;
            let Some(record) = RecordView::parse(bytes) else { continue };
            keys.fill(&record);
            turn.add_leaving(Seq(seq), Position::of(&record.head()), &keys);
        }
        for entry in self.tables.records.range(&txn, &(Bound::Excluded(settled.0), Bound::Unbounded))? {
            let (seq, bytes) = entry?;
            // One that cannot be read has no entries. The audit names it.
            let Some(record) = RecordView::parse(bytes) else { continue };
            keys.fill(&record);
            turn.add(Seq(seq), Position::of(&record.head()), &keys);
            if turn.is_full() && has_room {
                turn.keep(txn.id());
                has_room = self.make_room()?;
                turn = self.young.begin();
            }
        }
        turn.keep(txn.id());
        Ok(())
    }

    /// Goes on with an empty generation. A relay that was killed again and again, before what it had begun to settle was
    /// done, has left more than two generations hold: then the first of them settles now. False when the map or the disk
    /// is too full for that. The store opens nevertheless, and the generation grows beyond its bounds.
    fn make_room(&self) -> Result<bool, Error> {
        if self.young.begin().is_settling() {
            let mut writer = Writer::begin(self, Timestamp(0))?;
            match writer.settle(usize::MAX).and_then(|()| writer.commit()) {
                Ok(()) => {}
                Err(Error::Full(_) | Error::Engine(heed::Error::Io(_))) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Writer::begin(self, Timestamp(0)).map(|_| true)
    }
}

#[cfg(test)]
mod tests;
