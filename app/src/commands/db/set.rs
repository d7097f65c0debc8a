//! A set of backups on disk: a directory for each run, with its parts and a manifest of their hashes. Drawn in
//! docs/storage.md.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The layout of a set that this program writes and reads.
pub(super) const FORMAT: u32 = 1;
pub(super) const MANIFEST: &str = "manifest";
/// What is not about single events.
pub(super) const REST: &str = "rest.zst";
/// The relay's own key, as it lies in the data directory.
pub(super) const RELAY_KEY: &str = "relay.key";
/// What a run's directory is called until it is whole.
const UNFINISHED: &str = ".part";
/// Digits of a run's name, at least.
const DIGITS: usize = 4;

/// What one run has saved. As it stands in the first line of its file; the second is the SHA-256 of that line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) run: u64,
    /// Seconds since 1970.
    pub(super) made_at: u64,
    /// The store that it is of, in hex.
    pub(super) line: String,
    /// The SHA-256 of the manifest of the run before.
    pub(super) previous: Option<String>,
    /// Events up to this number are in earlier runs.
    pub(super) after: u64,
    /// Events up to this number are in this one.
    pub(super) last: u64,
    /// How many are in this one.
    pub(super) events: u64,
    /// How many there were in the store, those in earlier runs included.
    pub(super) alive: u64,
    pub(super) parts: Vec<Part>,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A run, its manifest and that one's hash.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) dir: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) sha256: String,
}

/// Why a set cannot be used.
#[derive(Debug)]
pub enum SetError {
    /// Something in it is not as it was written; where.
    Damaged(PathBuf, String),
    /// It cannot be read or written; where.
    Io(PathBuf, io::Error),
    /// It is of another store.
    OtherStore(PathBuf),
    /// There is nothing in it.
    Empty(PathBuf),
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(place, what) => write!(f, "the backup is damaged: {}: {what}", place.display()),
            Self::Io(place, error) => write!(f, "{}: {error}", place.display()),
            Self::OtherStore(dir) => write!(
                f,
                "{} holds backups of another store, or of this one before it was restored: begin a new directory",
                dir.display()
            ),
            Self::Empty(dir) => write!(f, "there is no backup in {}", dir.display()),
        }
    }
}

impl std::error::Error for SetError {}

/// An error at this place.
pub(super) fn io_at(place: &Path) -> impl Fn(io::Error) -> SetError {
    move |error| SetError::Io(place.to_owned(), error)
}

/// All runs of a set, each held against the one before. None when the directory has none or does not exist.
pub(super) fn runs(set: &Path) -> Result<Vec<Run>, SetError> {
    let mut numbers = Vec::new();
    match fs::read_dir(set) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_at(set)(error)),
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(io_at(set))?.file_name();
                let number =
                    name.to_str().filter(|name| name.len() >= DIGITS).and_then(|name| name.parse().ok());
                numbers.extend(number.filter(|&number: &u64| number > 0));
            }
        }
    }
    numbers.sort_unstable();
    let mut runs: Vec<Run> = Vec::new();
    for (number, expected) in numbers.into_iter().zip(1..) {
        if number != expected {
            return Err(SetError::Damaged(run_dir(set, expected), "this run is missing".to_owned()));
        }
        let run = read_run(run_dir(set, number))?;
        check_chain(&run, number, runs.last())?;
        runs.push(run);
    }
    Ok(runs)
}

pub(super) fn run_dir(set: &Path, run: u64) -> PathBuf {
    set.join(format!("{run:0DIGITS$}"))
}

/// A run's directory before it is whole, empty.
pub(super) fn begin_run(set: &Path, run: u64) -> Result<PathBuf, SetError> {
    let mut dir = run_dir(set, run).into_os_string();
    dir.push(UNFINISHED);
    let dir = PathBuf::from(dir);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_at(&dir)(error)),
        Ok(()) | Err(_) => {}
    }
    create_private_dir(&dir).map_err(io_at(&dir))?;
    Ok(dir)
}

/// Writes the manifest, and with it the run is there.
pub(super) fn finish_run(set: &Path, unfinished: &Path, manifest: &Manifest) -> Result<(), SetError> {
    let path = unfinished.join(MANIFEST);
    let line = serde_json::to_string(manifest).map_err(|error| io_at(&path)(error.into()))?;
    let text = format!("{line}\n{}\n", sha256(line.as_bytes()));
    let mut file = create_private(&path).map_err(io_at(&path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_at(&path))?;
    sync_dir(unfinished)?;
    let dir = run_dir(set, manifest.run);
    fs::rename(unfinished, &dir).map_err(io_at(&dir))?;
    sync_dir(set)
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), SetError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_at(dir))
}

/// A new file that only its owner reads: there are private messages and a key in a backup.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().create_new(true).write(true).mode(0o600).open(path)
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn read_run(dir: PathBuf) -> Result<Run, SetError> {
    let path = dir.join(MANIFEST);
    let damaged = |what: &str| SetError::Damaged(path.clone(), what.to_owned());
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged("it is missing")),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(damaged("it is no text")),
        read => read.map_err(io_at(&path))?,
    };
    let Some((line, hash)) = text.strip_suffix('\n').and_then(|text| text.split_once('\n')) else {
        return Err(damaged("it ends too early"));
    };
    let sha256 = sha256(line.as_bytes());
    if sha256 != hash {
        return Err(damaged("it is not what was written: its SHA-256 is another one"));
    }
    let manifest: Manifest = serde_json::from_str(line)
        .map_err(|error| damaged(&format!("this program does not understand it: {error}")))?;
    Ok(Run { dir, manifest, sha256 })
}

fn check_chain(run: &Run, number: u64, before: Option<&Run>) -> Result<(), SetError> {
    let Manifest { format, run: own, line, previous, after, last, .. } = &run.manifest;
    let damaged = |what: String| Err(SetError::Damaged(run.dir.join(MANIFEST), what));
    if *format != FORMAT {
        return damaged(format!("it has format {format}, and this program reads {FORMAT}"));
    }
    let expected = before.map(|before| before.sha256.as_str());
    let follows = previous.as_deref() == expected
        && *after == before.map_or(0, |before| before.manifest.last)
        && before.is_none_or(|before| before.manifest.line == *line)
        && after <= last
        && *own == number;
    if follows { Ok(()) } else { damaged("it does not follow the run before".to_owned()) }
}
