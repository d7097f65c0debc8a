//! The policy file and its shadow on disk.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chappe_policy::{Fault, Policy};

/// The longest policy file, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// How many mistakes are named at a time.
const FAULTS_NAMED_MAX: usize = 20;

/// Where the policy is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The one in force; without one, everything is allowed.
    pub file: Option<PathBuf>,
    /// The one that is only compared.
    pub shadow: Option<PathBuf>,
}

/// Why a policy file is not used.
#[derive(Debug)]
pub struct PolicyFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: PolicyFileFault,
}

/// What is wrong with a policy file.
#[derive(Debug)]
pub enum PolicyFileFault {
    /// It cannot be read, or not be written.
    Io(io::Error),
    /// It is longer than 16 MiB.
    TooLong,
    /// It is no policy.
    Content(Vec<Fault>),
}

/// A line for each mistake: `policy.json: line 3, column 7: rules.1.write_allow[3]: ...`.
impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            PolicyFileFault::Io(error) => write!(f, "{path}: {error}"),
            PolicyFileFault::TooLong => write!(f, "{path}: longer than {FILE_BYTES_MAX} bytes"),
            PolicyFileFault::Content(faults) => {
                for (place, fault) in faults.iter().take(FAULTS_NAMED_MAX).enumerate() {
                    let line_break = if place > 0 { "\n" } else { "" };
                    write!(f, "{line_break}{path}: {fault}")?;
                }
                let more = faults.len().saturating_sub(FAULTS_NAMED_MAX);
                if more > 0 { write!(f, "\n{path}: and {more} more mistakes") } else { Ok(()) }
            }
        }
    }
}

impl std::error::Error for PolicyFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            PolicyFileFault::Io(error) => Some(error),
            PolicyFileFault::TooLong | PolicyFileFault::Content(_) => None,
        }
    }
}

/// A policy and the text it was read from.
#[derive(Debug, Clone)]
pub(crate) struct PolicyText {
    pub(crate) policy: Policy,
    pub(crate) text: String,
}

/// Reads and compiles a file.
///
/// # Errors
///
/// [`PolicyFileError`] for anything that is not a whole and faultless policy.
pub(crate) fn read(path: &Path) -> Result<PolicyText, PolicyFileError> {
    let failed = |fault| PolicyFileError { path: path.to_owned(), fault };
    let io = |error| failed(PolicyFileFault::Io(error));
    if fs::metadata(path).map_err(io)?.len() > FILE_BYTES_MAX {
        return Err(failed(PolicyFileFault::TooLong));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    let policy = Policy::parse(&text).map_err(|faults| failed(PolicyFileFault::Content(faults)))?;
    Ok(PolicyText { policy, text })
}

/// Puts this text in the file's place: whoever looks, now or after a crash, finds all of the old or all of the new.
///
/// # Errors
///
/// [`PolicyFileFault::Io`]. The old file is in place then, unless only the directory could not be synced.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), PolicyFileError> {
    replace_io(path, text)
        .map_err(|error| PolicyFileError { path: path.to_owned(), fault: PolicyFileFault::Io(error) })
}

fn replace_io(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced. One that was removed meanwhile is put back.
    let old = fs::canonicalize(path);
    let path = old.as_deref().unwrap_or(path);
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = File::create(&new)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name is durable only once its directory is.
    File::open(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?.sync_all()
}

#[cfg(test)]
mod tests;
