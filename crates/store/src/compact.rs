//! A smaller file in the place of one with many free pages.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use heed::{CompactionOption, EnvFlags};

use crate::builder::BuildError;
use crate::env::{DATA_FILE, Options, open_env};
use crate::lock;
use crate::reader::check_is_there;

/// What the copy is called until it takes the place of the file. One that a kill left behind is removed when the store
/// is opened.
const COPY_FILE: &str = "data.mdb.compact";

impl Options {
    /// Copies what the store in this directory holds into a new file, without the free pages, syncs it, and puts it in the
    /// place of the old one, in one step: whatever happens, one of the two is there, whole. Gives the bytes of both.
    ///
    /// Nobody may have the store open, to read neither. The disk needs room for both.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; the old file is as it was then.
    pub fn compact(&self, dir: &Path) -> Result<(u64, u64), BuildError> {
        check_is_there(dir).map_err(BuildError::Open)?;
        let _writing = lock::to_write(dir).map_err(BuildError::Open)?;
        let _reading = lock::to_replace(dir).map_err(BuildError::Open)?;
        remove_copy(dir).map_err(|error| BuildError::Io(copy_path(dir), error))?;
        let copied = self.copy(dir);
        if copied.is_err() {
            // It says better what went wrong than this could.
            let _ = remove_copy(dir);
        }
        copied
    }

    /// Where the copy is while it is made, for who looks how far it is.
    #[must_use]
    pub fn compact_copy(dir: &Path) -> PathBuf {
        copy_path(dir)
    }

    fn copy(&self, dir: &Path) -> Result<(u64, u64), BuildError> {
        let (old, new) = (dir.join(DATA_FILE), copy_path(dir));
        let io = |error| BuildError::Io(new.clone(), error);
        let size = (self.whole_map_bytes(), self.readers_max);
        let env = open_env(dir, size, EnvFlags::READ_ONLY).map_err(BuildError::Open)?;
        make_copy_for_the_same(&old, &new).map_err(io)?;
        let copied = env.copy_to_path(&new, CompactionOption::Enabled);
        let file = copied.map_err(|error| BuildError::Store(error.into()))?;
        file.sync_all().map_err(io)?;
        let bytes = |path: &Path| fs::metadata(path).map(|metadata| metadata.len());
        let sizes = (bytes(&old).map_err(io)?, bytes(&new).map_err(io)?);
        // Else LMDB would go on with a file that has no name any more.
        env.prepare_for_closing().wait();
        fs::rename(&new, &old).map_err(io)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
        Ok(sizes)
    }
}

fn copy_path(dir: &Path) -> PathBuf {
    dir.join(COPY_FILE)
}

/// Makes the copy, for LMDB to write into, such that nobody may read it who may not read the old file, whatever the umask.
fn make_copy_for_the_same(old: &Path, new: &Path) -> io::Result<()> {
    let permissions = fs::metadata(old)?.permissions();
    let copy = File::options().write(true).create_new(true).mode(0o600).open(new)?;
    copy.set_permissions(permissions)
}

/// Removes what a kill left behind.
pub(crate) fn remove_copy(dir: &Path) -> io::Result<()> {
    match fs::remove_file(copy_path(dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
