//! What the rest of the relay wants to find again after a restart: small values under keys that mean nothing here.

use std::ops::Bound;

use heed::RwTxn;

use crate::error::Error;
use crate::store::Store;

/// The longest key. LMDB takes 11 bytes more.
const KEY_BYTES_MAX: usize = 500;

/// One change of the state: a value to keep, or none to remove what the key had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange<'a> {
    /// 1 to 500 bytes.
    pub key: &'a [u8],
    /// Replaces the value that the key had. `None` removes it; that it had none is no error.
    pub value: Option<&'a [u8]>,
}

/// A key of the state and its value.
pub type StateEntry = (Box<[u8]>, Box<[u8]>);

impl Store {
    /// Makes all these changes, in order, in one transaction that is on disk when this returns. Waits for whoever
    /// writes.
    ///
    /// # Errors
    ///
    /// [`Error::StateKey`]. [`Error::Full`] when the reserve of the map or the disk is reached (a call that only removes
    /// may use it) or a room ran out half way. [`Error::Engine`]. Nothing was changed then.
    pub fn change_state(&self, changes: &[StateChange<'_>]) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut txn = self.env.write_txn()?;
        self.put_state(&mut txn, changes)?;
        Ok(txn.commit()?)
    }

    /// Makes all these changes, in order, in a transaction that is for the caller to commit.
    pub(crate) fn put_state(&self, txn: &mut RwTxn<'_>, changes: &[StateChange<'_>]) -> Result<(), Error> {
        if let Some(change) = changes.iter().find(|change| !(1..=KEY_BYTES_MAX).contains(&change.key.len())) {
            return Err(Error::StateKey { bytes: change.key.len() });
        }
        let kept = changes.iter().filter_map(|change| Some(change.key.len() + change.value?.len()));
        let incoming = kept.reduce(usize::saturating_add);
        incoming.map_or(Ok(()), |bytes| self.check_room(txn, bytes))?;
        for change in changes {
            match change.value {
                Some(value) => self.tables.state.put(txn, change.key, value)?,
                None => {
                    self.tables.state.delete(txn, change.key)?;
                }
            }
        }
        Ok(())
    }

    /// All entries of the state whose key starts like this, in the order of their keys. The empty prefix
    /// gives everything. All of it comes at once, so what one prefix may hold is for the caller to bound.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn state(&self, prefix: &[u8]) -> Result<Vec<StateEntry>, Error> {
        let txn = self.env.read_txn()?;
        // LMDB does not seek an empty key.
        let from = if prefix.is_empty() { Bound::Unbounded } else { Bound::Included(prefix) };
        let mut found = Vec::new();
        for entry in self.tables.state.range(&txn, &(from, Bound::Unbounded))? {
            let (key, value) = entry?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((key.into(), value.into()));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
