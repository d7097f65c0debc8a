//! Where events go that a repair does not keep, so that nothing is lost unseen.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chappe_codec::Scratch;
use chappe_store::Seq;
use data_encoding::HEXLOWER;

use super::wire_form;
use crate::commands::db::DbError;
use crate::commands::db::check::decode;
use crate::commands::db::set::{create_private, io_at};
use crate::figures::grouped;

/// The file until it is whole. What a kill left is written over.
const UNFINISHED: &str = "set-aside.jsonl.part";
/// How many events are listed; all are counted and written.
const LISTED_MAX: u64 = 100;

/// What becomes of events that are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands::db) enum Unsound {
    /// They are written into a file.
    SetAside,
    /// They are only told.
    Dropped,
}

/// The file, and what was put into it.
pub(super) struct Aside {
    dir: PathBuf,
    unsound: Unsound,
    /// Made for the first event.
    file: Option<BufWriter<File>>,
    count: u64,
    listed: String,
    scratch: Scratch,
}

impl Aside {
    /// A file in this directory.
    pub(super) fn new(dir: &Path, unsound: Unsound) -> Self {
        let (dir, scratch) = (dir.to_owned(), Scratch::new());
        Self { dir, unsound, file: None, count: 0, listed: String::new(), scratch }
    }

    /// Puts an event, or what is left of one, aside.
    pub(super) fn put(&mut self, Seq(seq): Seq, bytes: &[u8], why: &str) -> Result<(), DbError> {
        self.count += 1;
        if self.count <= LISTED_MAX {
            self.listed += &format!("record {seq}: {why}\n");
        }
        if self.unsound == Unsound::Dropped {
            return Ok(());
        }
        let why = serde_json::Value::from(why);
        let json = wire_form(bytes).filter(|json| decode(json, &mut self.scratch).is_ok());
        let line = match json {
            // What was decoded is text.
            Some(json) => {
                format!(r#"{{"record":{seq},"why":{why},"event":{}}}"#, String::from_utf8_lossy(json))
            }
            None => format!(r#"{{"record":{seq},"why":{why},"bytes":"{}"}}"#, HEXLOWER.encode(bytes)),
        };
        self.write(&line).map_err(|error| DbError::Set(io_at(&self.dir.join(UNFINISHED))(error)))
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let path = self.dir.join(UNFINISHED);
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
                self.file.insert(BufWriter::new(create_private(&path)?))
            }
        };
        writeln!(file, "{line}")
    }

    /// Gives the file its name, once all of it is on disk, and says what was put there.
    pub(super) fn finish(self) -> Result<String, DbError> {
        let Self { dir, file, count, mut listed, .. } = self;
        if count > LISTED_MAX {
            listed += &format!("and {} more\n", grouped(count - LISTED_MAX));
        }
        let place = match file {
            Some(file) => format!("set aside, in {}", name(&dir, file)?.display()),
            None if count > 0 => "dropped".to_owned(),
            None => return Ok(String::new()),
        };
        Ok(format!("{:>14}  {place}\n{listed}", grouped(count)))
    }
}

fn name(dir: &Path, file: BufWriter<File>) -> Result<PathBuf, DbError> {
    let unfinished = dir.join(UNFINISHED);
    let failed = |error| DbError::Set(io_at(&unfinished)(error));
    file.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
    let mut number = 1;
    loop {
        let path = dir.join(format!("set-aside-{number}.jsonl"));
        // A link, unlike a new name, replaces nothing.
        match fs::hard_link(&unfinished, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            linked => {
                linked.and_then(|()| fs::remove_file(&unfinished)).map_err(failed)?;
                return Ok(path);
            }
        }
    }
}
