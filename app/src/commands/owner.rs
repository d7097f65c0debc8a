//! Whose the data directory is.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// Root is not to work on a store that belongs to somebody else: the files that it would leave there the relay could not open.
#[derive(Debug)]
pub struct OthersStore {
    data_dir: PathBuf,
    owner: u32,
}

/// Refuses to be root where the directory is another user's. What cannot be looked at is left to whoever opens it.
///
/// # Errors
///
/// [`OthersStore`].
pub fn check(data_dir: &Path) -> Result<(), OthersStore> {
    let owner = fs::metadata(data_dir).map_or(0, |metadata| metadata.uid());
    if geteuid().is_root() && owner != 0 {
        return Err(OthersStore { data_dir: data_dir.to_owned(), owner });
    }
    Ok(())
}

impl fmt::Display for OthersStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data_dir, owner } = self;
        let dir = data_dir.display();
        write!(
            f,
            "{dir} belongs to another user, who could not read what root leaves there: run this as that user, "
        )?;
        write!(f, "by `sudo -u '#{owner}' chappe ...`")
    }
}

impl std::error::Error for OthersStore {}
