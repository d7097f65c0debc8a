//! `chappe db restore`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use chappe_codec::Scratch;
use chappe_store::{Builder, Mark, Options, Record, Seq};
use chappe_validation::check_id;
use data_encoding::HEXLOWER;

use super::DbError;
use super::check::{Damage, decode};
use super::parts::{Parts, Stop, plain};
use super::set::{self, Manifest, RELAY_KEY, REST, Run, SetError, create_private, io_at};
use crate::commands::progress::{Progress, Unit};
use crate::figures::many;

/// Marks that go into one commit.
const MARKS_AT_ONCE: usize = 1024;

/// Builds the store from all runs of the set, every byte of which is held against its hash and every event against its
/// id. Only when all is well is there a store. Without a place for it, everything is read and nothing written.
pub(super) fn run(
    set_dir: &Path,
    place: Option<(&Path, &Options)>,
    mut out: impl Write,
) -> Result<(), DbError> {
    let runs = set::runs(set_dir).map_err(DbError::Set)?;
    let Some(newest) = runs.last() else { return Err(DbError::Set(SetError::Empty(set_dir.to_owned()))) };
    let builder =
        place.map(|(dir, options)| Builder::begin(dir, options)).transpose().map_err(DbError::Build)?;
    let total = runs.iter().flat_map(|run| &run.manifest.parts).map(|part| part.bytes).sum();
    let progress = Progress::new(if place.is_some() { "restore" } else { "check" }, Unit::Bytes, Some(total));
    let mut restoring =
        Restoring { builder, parts: Parts::new(progress), alive: Vec::new(), events: 0, last: 0 };
    let key = restoring.take_rest(newest)?;
    for run in &runs {
        restoring.take_events(run)?;
    }
    restoring.parts.clear();
    let Restoring { builder, events, .. } = restoring;
    if events != newest.manifest.alive {
        let what = format!("it names {} events, and {events} are there", newest.manifest.alive);
        return Err(damaged(newest, set::MANIFEST, what));
    }
    if let (Some(builder), Some((dir, _))) = (builder, place) {
        key.map_or(Ok(()), |key| put_key(dir, &key))?;
        builder.finish(Seq(newest.manifest.last)).map_err(DbError::Build)?;
    }
    let done = if place.is_some() { "restored" } else { "whole" };
    let (events, runs) = (many(events, "event"), many(runs.len() as u64, "run"));
    writeln!(out, "{events} of {runs}: {done}").map_err(DbError::Write)
}

/// What is being restored.
struct Restoring {
    builder: Option<Builder>,
    parts: Parts,
    /// The numbers of all events, in ranges.
    alive: Vec<(u64, u64)>,
    events: u64,
    last: u64,
}

impl Restoring {
    /// Takes what is not about single events, of the newest run. Gives the relay's key, if there was one.
    fn take_rest(&mut self, newest: &Run) -> Result<Option<Vec<u8>>, DbError> {
        let Self { builder, parts, alive, .. } = self;
        let mut marks = Vec::new();
        let part = named(newest, REST)?;
        parts.lines(&newest.dir, part, &mut |line| {
            let line = std::str::from_utf8(line).map_err(|_| "a line is no text".to_owned())?;
            match parse(line).ok_or_else(|| format!("a line is not understood: {line:.60}"))? {
                Rest::Alive(first, last) => {
                    if first > last || alive.last().is_some_and(|&(_, before)| before >= first) {
                        return Err("the numbers of events do not ascend".to_owned().into());
                    }
                    alive.push((first, last));
                }
                Rest::Mark(mark) => marks.push(mark),
            }
            if marks.len() >= MARKS_AT_ONCE { put_marks(builder, &mut marks) } else { Ok(()) }
        })?;
        put_marks(builder, &mut marks).map_err(|stop| stop.at(&newest.dir.join(REST)))?;
        match newest.manifest.parts.iter().find(|part| part.name == RELAY_KEY) {
            Some(part) => parts.bytes(&newest.dir, part).map(Some),
            None => Ok(None),
        }
    }

    /// Takes the events of a run that are still there, and holds everything else of it against its hash.
    fn take_events(&mut self, run: &Run) -> Result<(), DbError> {
        let Manifest { after, last, events, ref parts, .. } = run.manifest;
        let (mut scratch, mut buffer, mut seen) = (Scratch::new(), Vec::new(), 0);
        self.last = after;
        for part in parts {
            plain(&run.dir, part)?;
            if !part.name.starts_with("events-") {
                self.parts.bytes(&run.dir, part)?;
                continue;
            }
            let Self { builder, parts, alive, events, last: before } = self;
            parts.lines(&run.dir, part, &mut |line| {
                let (seq, json) = split(line).ok_or("a line has no number")?;
                if seq <= *before || seq > last {
                    return Err("the numbers of events do not ascend".into());
                }
                (*before, seen) = (seq, seen + 1);
                let about = |damage: &Damage| format!("event {seq}: {damage}");
                let event = decode(json, &mut scratch).map_err(|damage| about(&damage))?;
                check_id(&event, &mut buffer).map_err(|invalid| about(&Damage::Forged(invalid)))?;
                if !is_in(alive, seq) {
                    return Ok(());
                }
                *events += 1;
                let Some(builder) = builder else { return Ok(()) };
                Ok(builder.add(Seq(seq), Record::new(&event, json))?)
            })?;
        }
        if seen == events {
            Ok(())
        } else {
            Err(damaged(run, set::MANIFEST, format!("it names {events} events, and {seen} are there")))
        }
    }
}

/// What a line of the rest says.
enum Rest {
    Alive(u64, u64),
    Mark(Kept),
}

/// A [`Mark`] that owns its bytes.
enum Kept {
    DeletedId(Vec<u8>),
    DeletedAddress(Vec<u8>, u64),
    Vanished(Vec<u8>, u64),
    State(Vec<u8>, Vec<u8>),
}

impl Kept {
    fn mark(&self) -> Mark<'_> {
        match self {
            Self::DeletedId(key) => Mark::DeletedId(key),
            Self::DeletedAddress(key, until) => Mark::DeletedAddress(key, *until),
            Self::Vanished(key, until) => Mark::Vanished(key, *until),
            Self::State(key, value) => Mark::State(key, value),
        }
    }
}

fn parse(line: &str) -> Option<Rest> {
    let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).ok();
    let mut words = line.split(' ');
    let (what, first) = (words.next()?, words.next()?);
    let mut number = || words.next()?.parse().ok();
    Some(match what {
        "alive" => Rest::Alive(first.parse().ok()?, number()?),
        "deleted_id" => Rest::Mark(Kept::DeletedId(hex(first)?)),
        "deleted_address" => Rest::Mark(Kept::DeletedAddress(hex(first)?, number()?)),
        "vanished" => Rest::Mark(Kept::Vanished(hex(first)?, number()?)),
        "state" => Rest::Mark(Kept::State(hex(first)?, hex(words.next()?)?)),
        _ => return None,
    })
}

fn put_marks(builder: &mut Option<Builder>, marks: &mut Vec<Kept>) -> Result<(), Stop> {
    if let Some(builder) = builder {
        builder.mark(&marks.iter().map(Kept::mark).collect::<Vec<_>>())?;
    }
    marks.clear();
    Ok(())
}

fn split(line: &[u8]) -> Option<(u64, &[u8])> {
    let end = line.iter().position(|&byte| byte == b' ')?;
    let (number, json) = line.split_at_checked(end)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, json.get(1..)?))
}

fn is_in(ranges: &[(u64, u64)], number: u64) -> bool {
    let place = ranges.partition_point(|&(_, last)| last < number);
    ranges.get(place).is_some_and(|&(first, _)| first <= number)
}

fn named<'a>(run: &'a Run, name: &str) -> Result<&'a set::Part, DbError> {
    let part = run.manifest.parts.iter().find(|part| part.name == name);
    part.ok_or_else(|| damaged(run, set::MANIFEST, format!("it names no {name}")))
}

fn damaged(run: &Run, file: &str, what: String) -> DbError {
    DbError::Set(SetError::Damaged(run.dir.join(file), what))
}

/// The key of the relay that was backed up. Another one would be another relay to clients.
fn put_key(dir: &Path, key: &[u8]) -> Result<(), DbError> {
    let path = dir.join(RELAY_KEY);
    let failed = |error| DbError::Set(io_at(&path)(error));
    match fs::read(&path) {
        Ok(own) if own == key => return Ok(()),
        Ok(_) => return Err(DbError::OtherKey(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let new = dir.join("relay.key.new");
    let _ = fs::remove_file(&new);
    let mut file = create_private(&new).map_err(failed)?;
    file.write_all(key).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&new, &path).and_then(|()| File::open(dir)?.sync_all()).map_err(failed)
}
