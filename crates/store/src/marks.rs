//! What a store keeps besides its events: what was deleted, and the state.

use std::ops::ControlFlow;

use crate::error::Error;
use crate::reader::Reader;

/// An entry of a table that does not follow from the records. The bytes are those of docs/storage.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark<'a> {
    /// Of `deleted_ids`.
    DeletedId(&'a [u8]),
    /// Of `deleted_addresses`.
    DeletedAddress(&'a [u8], u64),
    /// Of `vanished`.
    Vanished(&'a [u8], u64),
    /// Of `state`.
    State(&'a [u8], &'a [u8]),
}

impl Reader {
    /// Shows every mark until it is told to break.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn marks(&self, each: &mut dyn FnMut(Mark<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        let (tables, txn) = self.parts();
        for entry in tables.deleted_ids.iter(txn)? {
            if each(Mark::DeletedId(entry?.0)).is_break() {
                return Ok(());
            }
        }
        for entry in tables.deleted_addresses.iter(txn)? {
            let (key, until) = entry?;
            if each(Mark::DeletedAddress(key, until)).is_break() {
                return Ok(());
            }
        }
        for entry in tables.vanished.iter(txn)? {
            let (key, until) = entry?;
            if each(Mark::Vanished(key, until)).is_break() {
                return Ok(());
            }
        }
        for entry in tables.state.iter(txn)? {
            let (key, value) = entry?;
            if each(Mark::State(key, value)).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}
