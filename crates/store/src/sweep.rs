//! Removing what has expired (NIP-40). Queries hide it from the second it expires; this gives the room back.

use std::ops::Bound;

use chappe_protocol::Timestamp;
use heed::RoTxn;

use crate::error::Error;
use crate::keys;
use crate::store::{Seq, Store};
use crate::tables::Index;
use crate::write::Writer;

impl Store {
    /// Removes up to `events_max` expired events and says how many: call again while it is `events_max`.
    ///
    /// Takes the write lock only when something is due. Works in a full store too, on the map's reserve.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Corrupt`], [`Error::Engine`]. Nothing was removed then.
    pub fn sweep_expired(&self, now: Timestamp, events_max: usize) -> Result<usize, Error> {
        if self.due(&*self.env.read_txn()?, now, 1)?.is_empty() {
            return Ok(0);
        }
        let mut writer = Writer::begin(self, now)?;
        let due = self.due(&writer.txn, now, events_max)?;
        due.iter().try_for_each(|&seq| writer.remove(seq))?;
        writer.commit()?;
        Ok(due.len())
    }

    fn due(&self, txn: &RoTxn<'_>, now: Timestamp, events_max: usize) -> Result<Vec<Seq>, Error> {
        let until = keys::expired_until(now);
        let range = (Bound::Unbounded, Bound::Included(until.as_slice()));
        let entries = self.tables.index(Index::Expiration).range(txn, &range)?.take(events_max);
        Ok(entries.map(|entry| entry.map(|(_, seq)| Seq(seq))).collect::<Result<_, _>>()?)
    }
}
