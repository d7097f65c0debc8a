//! `chappe db backup`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chappe_protocol::Timestamp;
use chappe_store::{Mark, Reader, Seq};
use data_encoding::HEXLOWER;

use super::DbError;
use super::hashed::Hashed;
use super::set::{self, FORMAT, Manifest, Part, RELAY_KEY, REST, SetError, create_private, io_at};
use crate::commands::packing::{Packer, Packing};
use crate::commands::progress::{Progress, Unit};
use crate::figures::{bytes, grouped};

/// A part is closed after so many bytes of events, before they are packed: what has to be read again when it is damaged.
pub(super) const PART_BYTES: u64 = 256 << 20;

/// Saves what has come since the last run, and what is still there of what came before.
pub(super) fn run(
    reader: &Reader,
    (data_dir, set_dir): (&Path, &Path),
    part_bytes: u64,
    now: Timestamp,
    mut out: impl Write,
) -> Result<(), DbError> {
    let runs = set::runs(set_dir).map_err(DbError::Set)?;
    let line = format!("{:016x}", reader.line().map_err(DbError::Store)?);
    let Seq(last) = reader.last_seq().map_err(DbError::Store)?;
    let before = runs.last();
    let after = before.map_or(0, |before| before.manifest.last);
    if before.is_some_and(|before| before.manifest.line != line) || after > last {
        return Err(DbError::Set(SetError::OtherStore(set_dir.to_owned())));
    }
    let run = runs.len() as u64 + 1;
    let dir = set::begin_run(set_dir, run).map_err(DbError::Set)?;
    let mut saved = Saved { dir, parts: Vec::new(), events: 0 };
    let alive = saved.save_events(reader, after, part_bytes)?;
    saved.save_rest(reader, &alive)?;
    saved.save_key(data_dir)?;
    let (parts, events) = (std::mem::take(&mut saved.parts), saved.events);
    let previous = before.map(|before| before.sha256.clone());
    let alive: u64 = alive.iter().map(|(first, last)| last - first + 1).sum();
    let made_at = now.0;
    let manifest =
        Manifest { format: FORMAT, run, made_at, line, previous, after, last, events, alive, parts };
    set::finish_run(set_dir, &saved.dir, &manifest).map_err(DbError::Set)?;
    let size = bytes(manifest.parts.iter().map(|part| part.bytes).sum());
    let (events, alive, place) = (grouped(events), grouped(alive), set::run_dir(set_dir, run));
    writeln!(out, "{}: {events} new events of {alive}, {size}", place.display()).map_err(DbError::Write)
}

/// What this run has written so far.
struct Saved {
    dir: PathBuf,
    parts: Vec<Part>,
    events: u64,
}

/// A file that is being written.
struct Writing {
    path: PathBuf,
    packer: Packer<Hashed>,
    bytes: u64,
}

impl Saved {
    /// Writes the events after this number. Gives which numbers there are, of those before too, in ranges.
    fn save_events(
        &mut self,
        reader: &Reader,
        after: u64,
        part_bytes: u64,
    ) -> Result<Vec<(u64, u64)>, DbError> {
        let total = reader.usage().map_err(DbError::Store)?.events;
        let mut progress = Progress::new("backup", Unit::Events, Some(total));
        let (mut alive, mut done, mut failed) = (Vec::new(), 0, None);
        let (mut writing, mut room) = (None, Vec::new());
        let read = reader.records(Seq(0), &mut |Seq(seq), record| {
            done += 1;
            progress.show(done, String::new);
            extend(&mut alive, seq);
            if seq <= after {
                return ControlFlow::Continue(());
            }
            let written = match record.as_ref().map(|record| record.json(&mut room)) {
                Some(Ok(json)) => self.save_event(&mut writing, (seq, json), part_bytes),
                Some(Err(_)) | None => Err(DbError::Unreadable { seq }),
            };
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        progress.clear();
        read.map_err(DbError::Store)?;
        failed.map_or(Ok(()), Err)?;
        writing.map_or(Ok(()), |writing| self.close(writing))?;
        Ok(alive)
    }

    /// A line: the number, and the event as it is served.
    fn save_event(
        &mut self,
        writing: &mut Option<Writing>,
        (seq, json): (u64, &[u8]),
        part_bytes: u64,
    ) -> Result<(), DbError> {
        if let Some(full) = writing.take_if(|writing| writing.bytes >= part_bytes) {
            self.close(full)?;
        }
        let writing = match writing {
            Some(writing) => writing,
            None => writing.insert(self.open(&format!("events-{:04}.zst", self.parts.len() + 1))?),
        };
        self.events += 1;
        writing.line(&[format!("{seq} ").as_bytes(), json])
    }

    fn save_rest(&mut self, reader: &Reader, alive: &[(u64, u64)]) -> Result<(), DbError> {
        let mut writing = self.open(REST)?;
        for (first, last) in alive {
            writing.line(&[format!("alive {first} {last}").as_bytes()])?;
        }
        let mut failed = None;
        let read = reader.marks(&mut |mark| match writing.line(&[mark_line(mark).as_bytes()]) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
        read.map_err(DbError::Store)?;
        failed.map_or(Ok(()), Err)?;
        self.close(writing)
    }

    /// A store without a relay has no key.
    fn save_key(&mut self, data_dir: &Path) -> Result<(), DbError> {
        let (from, to) = (data_dir.join(RELAY_KEY), self.dir.join(RELAY_KEY));
        let mut from_file = match File::open(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(at(&from))?,
        };
        let mut hashed = Hashed::new(create_private(&to).map_err(at(&to))?);
        io::copy(&mut from_file, &mut hashed).map_err(at(&to))?;
        self.note(RELAY_KEY, hashed, &to)
    }

    fn open(&self, name: &str) -> Result<Writing, DbError> {
        let path = self.dir.join(name);
        let file = create_private(&path).map_err(at(&path))?;
        let packer = Packer::new(Hashed::new(file), Packing::Zstd).map_err(at(&path))?;
        Ok(Writing { path, packer, bytes: 0 })
    }

    fn close(&mut self, writing: Writing) -> Result<(), DbError> {
        let Writing { path, packer, .. } = writing;
        let hashed = packer.finish().map_err(at(&path))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        self.note(&name, hashed, &path)
    }

    fn note(&mut self, name: &str, hashed: Hashed, path: &Path) -> Result<(), DbError> {
        let (file, bytes, sha256) = hashed.finish();
        file.sync_all().map_err(at(path))?;
        self.parts.push(Part { name: name.to_owned(), bytes, sha256 });
        Ok(())
    }
}

impl Writing {
    fn line(&mut self, pieces: &[&[u8]]) -> Result<(), DbError> {
        for piece in pieces.iter().chain(&[b"\n".as_slice()]) {
            self.packer.write_all(piece).map_err(at(&self.path))?;
            self.bytes += piece.len() as u64;
        }
        Ok(())
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        // Of a whole run the directory has its own name by now.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// An error about this file.
fn at(path: &Path) -> impl Fn(io::Error) -> DbError {
    let at = io_at(path);
    move |error| DbError::Set(at(error))
}

fn extend(ranges: &mut Vec<(u64, u64)>, number: u64) {
    match ranges.last_mut() {
        Some((_, last)) if *last + 1 == number => *last = number,
        Some(_) | None => ranges.push((number, number)),
    }
}

fn mark_line(mark: Mark<'_>) -> String {
    let hex = |bytes| HEXLOWER.encode(bytes);
    match mark {
        Mark::DeletedId(key) => format!("deleted_id {}", hex(key)),
        Mark::DeletedAddress(key, until) => format!("deleted_address {} {until}", hex(key)),
        Mark::Vanished(key, until) => format!("vanished {} {until}", hex(key)),
        Mark::State(key, value) => format!("state {} {}", hex(key), hex(value)),
    }
}

#[cfg(test)]
mod tests;
