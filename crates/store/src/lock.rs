//! Who may have a directory open: one process that writes, and beside it any number that only read.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::open_error::OpenError;

/// The file whose lock says that a process may write. It names that process's C library.
const WRITING: &str = "chappe.lock";
/// The file whose lock is shared by the processes that read beside the one that writes. It stays empty. Whoever puts
/// another LMDB file into place takes it alone: LMDB's table of readers belongs to one file.
const READING: &str = "reading.lock";

/// The C library of this program. LMDB's own lock file holds mutexes of the C library, and each lays them out in its own
/// way: a process of another one would wait for them for good, or take what is taken.
const LIBRARY: &str = if cfg!(target_env = "musl") { "musl" } else { "glibc" };

/// The lock of the one process that may write.
pub(crate) fn to_write(dir: &Path) -> Result<File, OpenError> {
    let file = take(dir, WRITING, File::try_lock)?;
    // Without the name nobody is warned; that is no reason not to write.
    let _ = name_library(&dir.join(WRITING));
    Ok(file)
}

/// The lock of one of the processes that read.
pub(crate) fn to_read(dir: &Path) -> Result<File, OpenError> {
    let file = take(dir, READING, File::try_lock_shared)?;
    match other_library(dir) {
        Some(library) => Err(OpenError::OtherLibrary { dir: dir.to_owned(), library, own: LIBRARY }),
        None => Ok(file),
    }
}

/// The lock of who puts another file into place, while nobody reads.
pub(crate) fn to_replace(dir: &Path) -> Result<File, OpenError> {
    take(dir, READING, File::try_lock)
}

/// Names ours, or at least nobody else's, in the file that we have locked. One that names it already is not written to: the
/// disk may be full.
fn name_library(path: &Path) -> io::Result<()> {
    if library_in(path).as_deref() == Some(LIBRARY) {
        return Ok(());
    }
    let mut file = File::options().write(true).open(path)?;
    file.set_len(0)?;
    file.write_all(LIBRARY.as_bytes())
}

/// The name in the file, if it is one that this program could have written.
fn library_in(path: &Path) -> Option<String> {
    let mut name = String::new();
    File::open(path).ok()?.take(8).read_to_string(&mut name).ok()?;
    Some(name)
}

/// The C library of the process that writes, when there is one and its library is not ours.
fn other_library(dir: &Path) -> Option<&'static str> {
    let path = dir.join(WRITING);
    let named = library_in(&path)?;
    let library = ["glibc", "musl"].into_iter().find(|library| *library != LIBRARY && *library == named)?;
    // Asked for only now: whoever begins to write in this moment would find it taken.
    let lock = File::open(&path).ok()?.try_lock_shared();
    matches!(lock, Err(TryLockError::WouldBlock)).then_some(library)
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

#[cfg(test)]
mod tests;
