//! Whether there is room for more: in the map, and on the disk.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use heed::RoTxn;

use crate::error::{Error, Space};
use crate::store::Store;

/// Nothing is written when disk and file have fewer free bytes than this, so that what makes room can still work: a commit
/// needs pages of its own before it gives any back.
const DISK_RESERVE_BYTES: u64 = 1 << 20;

/// A disk that was low is so until a part more than the minimum is free, this one: else each file that somebody removes
/// would let a few events in.
const RELIEF: u64 = 8;

/// Pages that are free in the file are room on the disk, for up to this part of the minimum. Not all of them: those that a
/// long reader still looks at cannot be used again yet, and the file grows instead.
const FILE_SHARE: u64 = 2;

/// Keeps a part of the disk free.
#[derive(Debug)]
pub(crate) struct DiskGuard {
    free_bytes_min: u64,
    is_low: AtomicBool,
}

/// How the file system does that the store is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What is free for the relay's user.
    pub free_bytes: u64,
    /// What is to stay free; 0: nothing.
    pub free_bytes_min: u64,
    /// Whether events are refused for it.
    pub is_low: bool,
}

impl DiskGuard {
    pub(crate) const fn new(free_bytes_min: u64) -> Self {
        Self { free_bytes_min, is_low: AtomicBool::new(false) }
    }

    /// Whether the disk is low, which depends on whether it was. `in_file` tells how much of the file is free: asked only
    /// when it matters.
    fn look(&self, free: u64, in_file: impl FnOnce() -> Result<u64, Error>) -> Result<bool, Error> {
        let was_low = self.is_low.load(Ordering::Relaxed);
        let relief = if was_low { self.free_bytes_min / RELIEF } else { 0 };
        let needed = self.free_bytes_min.saturating_add(relief);
        let is_low = free < needed && {
            let of_file = in_file()?.min(self.free_bytes_min / FILE_SHARE);
            free.saturating_add(of_file) < needed
        };
        if is_low != was_low {
            self.is_low.store(is_low, Ordering::Relaxed);
        }
        Ok(is_low)
    }
}

impl Store {
    /// Whether an event of so many bytes would find room. Does not write.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when it would not. [`Error::Engine`].
    pub fn check_room_for(&self, bytes: usize) -> Result<(), Error> {
        self.check_room_for_events(&*self.env.read_txn()?, bytes)
    }

    /// How the disk does; nothing where the system does not say it.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn disk(&self) -> Result<Option<Disk>, Error> {
        let Some(free_bytes) = free_bytes(&self.lock) else { return Ok(None) };
        let txn = self.env.read_txn()?;
        let is_low = self.disk_guard.look(free_bytes, || self.free_in_file(&txn))?;
        Ok(Some(Disk { free_bytes, free_bytes_min: self.disk_guard.free_bytes_min, is_low }))
    }

    /// Whether events of so many bytes may come.
    pub(crate) fn check_room_for_events(&self, txn: &RoTxn<'_>, bytes: usize) -> Result<(), Error> {
        if self.bytes_max > 0 && self.bytes_used(txn)?.saturating_add(bytes as u64) > self.bytes_max {
            return Err(Error::Full(Space::Ceiling));
        }
        let free = free_bytes(&self.lock);
        let is_low = match free {
            Some(free) => self.disk_guard.look(free, || self.free_in_file(txn))?,
            None => false,
        };
        if is_low { Err(Error::Full(Space::LowDisk)) } else { self.check_room_beside(txn, bytes, free) }
    }

    /// Whether so many bytes more may come of what is not an event: lists have to be kept on a disk that is low, too.
    pub(crate) fn check_room(&self, txn: &RoTxn<'_>, bytes: usize) -> Result<(), Error> {
        self.check_room_beside(txn, bytes, free_bytes(&self.lock))
    }

    /// The same, with so many bytes free on the disk. Where the system does not say it, LMDB finds out.
    fn check_room_beside(&self, txn: &RoTxn<'_>, bytes: usize, free: Option<u64>) -> Result<(), Error> {
        if self.bytes_used(txn)?.saturating_add(bytes as u64) > self.write_bound_bytes {
            return Err(Error::Full(Space::Map));
        }
        let Some(free) = free else { return Ok(()) };
        let is_full =
            free < DISK_RESERVE_BYTES && free.saturating_add(self.free_in_file(txn)?) < DISK_RESERVE_BYTES;
        if is_full { Err(Error::Full(Space::Disk)) } else { Ok(()) }
    }

    /// What the pages take, and what the entries that are still in memory are going to take, less what they will give back.
    pub(crate) fn bytes_used(&self, txn: &RoTxn<'_>) -> Result<u64, Error> {
        let (taken, given) = self.young.table_bytes();
        Ok(self.tables.bytes_used(txn)?.saturating_add(taken).saturating_sub(given))
    }

    fn free_in_file(&self, txn: &RoTxn<'_>) -> Result<u64, Error> {
        Ok(self.env.real_disk_size()?.saturating_sub(self.tables.bytes_used(txn)?))
    }
}

/// What is free on the file system of this file, for who may not use the system's own reserve.
pub(crate) fn free_bytes(file: &File) -> Option<u64> {
    let disk = rustix::fs::fstatvfs(file).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests;
