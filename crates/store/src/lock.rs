//! Who may have a directory open: one process that writes, and beside it any number that only read.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::open_error::OpenError;

/// The file whose lock says that a process may write. It stays empty.
const WRITING: &str = "chappe.lock";
/// The file whose lock is shared by the processes that read beside the one that writes. It stays empty. Whoever puts
/// another LMDB file into place takes it alone: LMDB's table of readers belongs to one file.
const READING: &str = "reading.lock";

/// The lock of the one process that may write.
pub(crate) fn to_write(dir: &Path) -> Result<File, OpenError> {
    take(dir, WRITING, File::try_lock)
}

/// The lock of one of the processes that read.
pub(crate) fn to_read(dir: &Path) -> Result<File, OpenError> {
    take(dir, READING, File::try_lock_shared)
}

/// The lock of who puts another file into place, while nobody reads.
pub(crate) fn to_replace(dir: &Path) -> Result<File, OpenError> {
    take(dir, READING, File::try_lock)
}

fn take(
    dir: &Path,
    name: &str,
    try_lock: impl FnOnce(&File) -> Result<(), TryLockError>,
) -> Result<File, OpenError> {
    let path = dir.join(name);
    let io = |error| OpenError::Io(path.clone(), error);
    let file = match File::options().create(true).truncate(false).write(true).open(&path) {
        // The file of another user will do: a lock takes no permission to write.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(&path),
        opened => opened,
    };
    let file = file.map_err(io)?;
    match try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}
