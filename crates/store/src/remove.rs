//! Removing events that their operator does not want.

use chappe_protocol::{EventId, Timestamp};

use crate::deletion::is_deletable;
use crate::error::Error;
use crate::keys;
use crate::state::StateChange;
use crate::store::Store;
use crate::tables::Index;
use crate::write::Writer;

/// Whether what is removed may be stored again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// When somebody sends it.
    Allowed,
    /// Never, as if its author had deleted it. Deletions and requests to vanish may always be stored again.
    Barred,
}

impl Store {
    /// Removes these events in one transaction that is on disk when this returns, and says how many there were. Keep a
    /// batch to some hundreds: in a full store this works on the reserve.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Corrupt`], [`Error::Engine`]. Nothing was removed then.
    pub fn remove(&self, ids: &[EventId], may_return: Return) -> Result<usize, Error> {
        self.remove_and_change(ids, may_return, &[])
    }

    /// The same, and changes of the state in the same transaction: what tells of a removal is on disk together with it.
    ///
    /// # Errors
    ///
    /// As [`Self::remove`] and [`Self::change_state`]. Nothing was removed or changed then.
    pub fn remove_and_change(
        &self,
        ids: &[EventId],
        may_return: Return,
        changes: &[StateChange<'_>],
    ) -> Result<usize, Error> {
        let mut writer = Writer::begin(self, Timestamp(0))?;
        let mut removed = 0;
        for id in ids {
            let Some(seq) = writer.find(Index::Id, id.as_bytes())? else { continue };
            let head = writer.record(seq)?.head();
            let (author, kind) = (head.pubkey, head.kind);
            writer.remove(seq)?;
            if may_return == Return::Barred && is_deletable(kind) {
                let key = keys::deleted_id_key(id, &author);
                writer.tables.deleted_ids.put(&mut writer.txn, &key, &())?;
            }
            removed += 1;
        }
        self.put_state(&mut writer.txn, changes)?;
        // Their index entries wait in memory to be removed, and would stay there if nothing else is written.
        let share = writer.turn.share();
        writer.settle(share)?;
        writer.commit()?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests;
