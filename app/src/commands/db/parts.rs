//! Reading the parts of a backup, each held against its hash.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::DbError;
use super::hashed::Hashed;
use super::set::{Part, SetError, io_at};
use crate::commands::progress::Progress;

/// No line of a part is longer: neither an event, nor what the state has under one key.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// A key, and whatever else is read as a whole.
const WHOLE_BYTES_MAX: u64 = 64 << 10;

/// Reads parts and tells how far it is.
pub(super) struct Parts {
    progress: Progress,
    done: u64,
}

/// Why reading a part stops.
pub(super) enum Stop {
    /// What was read is not what it has to be.
    Wrong(String),
    /// The store that is built cannot be written.
    Store(chappe_store::Error),
}

impl From<String> for Stop {
    fn from(what: String) -> Self {
        Self::Wrong(what)
    }
}

impl From<&str> for Stop {
    fn from(what: &str) -> Self {
        Self::Wrong(what.to_owned())
    }
}

impl From<chappe_store::Error> for Stop {
    fn from(error: chappe_store::Error) -> Self {
        Self::Store(error)
    }
}

impl Stop {
    /// The error, about this file.
    pub(super) fn at(self, path: &Path) -> DbError {
        match self {
            Self::Wrong(what) => DbError::Set(SetError::Damaged(path.to_owned(), what)),
            Self::Store(error) => DbError::Store(error),
        }
    }
}

impl Parts {
    pub(super) const fn new(progress: Progress) -> Self {
        Self { progress, done: 0 }
    }

    pub(super) fn clear(&self) {
        self.progress.clear();
    }

    /// Unpacks a part and shows each of its lines, without the line break.
    pub(super) fn lines(
        &mut self,
        dir: &Path,
        part: &Part,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), DbError> {
        let path = dir.join(&part.name);
        let mut source = BufReader::new(open(&path)?);
        let decoder = zstd::stream::read::Decoder::with_buffer(&mut source);
        let mut text = BufReader::new(decoder.map_err(|error| damaged(&path, 0, &error))?);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = text.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            let at = text.get_ref().get_ref().get_ref().passed();
            if read.map_err(|error| damaged(&path, at, &error))? == 0 {
                break;
            }
            let line = line.strip_suffix(b"\n").ok_or_else(|| Stop::from("it ends too early").at(&path))?;
            each(line).map_err(|stop| stop.at(&path))?;
            self.progress.show(self.done + at, String::new);
        }
        drop(text);
        self.finish(source, &path, part)
    }

    /// The bytes of a small part; of a large one that is not looked into, none.
    pub(super) fn bytes(&mut self, dir: &Path, part: &Part) -> Result<Vec<u8>, DbError> {
        let path = dir.join(&part.name);
        let mut source = BufReader::new(open(&path)?);
        let mut bytes = Vec::new();
        source
            .by_ref()
            .take(WHOLE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(&path, 0, &error))?;
        self.finish(source, &path, part)?;
        Ok(bytes)
    }

    /// Reads what is left, and compares.
    fn finish(&mut self, mut source: BufReader<Hashed>, path: &Path, part: &Part) -> Result<(), DbError> {
        io::copy(&mut source, &mut io::sink()).map_err(|error| DbError::Set(io_at(path)(error)))?;
        let (_, bytes, sha256) = source.into_inner().finish();
        self.done += bytes;
        let what = if bytes != part.bytes {
            format!("it has {bytes} bytes, and {} were written", part.bytes)
        } else if sha256 != part.sha256 {
            "it is not what was written: its SHA-256 is another one".to_owned()
        } else {
            return Ok(());
        };
        Err(Stop::from(what).at(path))
    }
}

/// A part is a file in the directory of its run, wherever its name would like to lead.
pub(super) fn plain(dir: &Path, part: &Part) -> Result<(), DbError> {
    let is_plain = Path::new(&part.name).file_name().is_some_and(|name| name == part.name.as_str());
    if is_plain { Ok(()) } else { Err(Stop::from(format!("no part is called {:?}", part.name)).at(dir)) }
}

fn open(path: &Path) -> Result<Hashed, DbError> {
    match File::open(path) {
        Ok(file) => Ok(Hashed::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Stop::from("it is missing").at(path)),
        Err(error) => Err(DbError::Set(io_at(path)(error))),
    }
}

fn damaged(path: &Path, at: u64, error: &io::Error) -> DbError {
    Stop::from(format!("it cannot be unpacked, before byte {at}: {error}")).at(path)
}
