//! What a store keeps besides its events: what was deleted, and the state.

use std::ops::ControlFlow;

use heed::{RoTxn, RwTxn};

use crate::error::Error;
use crate::reader::Reader;
use crate::tables::Tables;

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

impl Mark<'_> {
    pub(crate) fn put(&self, tables: &Tables<'static>, txn: &mut RwTxn<'_>) -> Result<(), Error> {
        match *self {
            Self::DeletedId(key) => tables.deleted_ids.put(txn, key, &())?,
            Self::DeletedAddress(key, until) => tables.deleted_addresses.put(txn, key, &until)?,
            Self::Vanished(key, until) => tables.vanished.put(txn, key, &until)?,
            Self::State(key, value) => tables.state.put(txn, key, value)?,
        }
        Ok(())
    }
}

impl Reader {
    /// Shows every mark until it is told to break.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn marks(&self, each: &mut dyn FnMut(Mark<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        let (tables, txn) = self.parts();
        each_mark(tables, txn, each)
    }
}

pub(crate) fn each_mark(
    tables: &Tables<'static>,
    txn: &RoTxn<'_>,
    each: &mut dyn FnMut(Mark<'_>) -> ControlFlow<()>,
) -> Result<(), Error> {
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
