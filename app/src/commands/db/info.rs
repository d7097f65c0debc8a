//! `chappe db info`.

mod growth;

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::hash::Hash;
use std::io::Write;
use std::ops::ControlFlow;

use chappe_protocol::PublicKey;
use chappe_store::{Reader, RecordView, Seq, TableSize, Usage};
use foldhash::fast::RandomState;

use self::growth::{Room, growth};
use super::DbError;
use super::retention::Judge;
use crate::Clock;
use crate::commands::progress::{Progress, Unit};
use crate::config::Config;
use crate::figures::{bytes, date, grouped, many};
use crate::relay::retention;

const SECONDS_A_DAY: u64 = 86_400;

/// Events, and the bytes of their records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    events: u64,
    bytes: u64,
}

/// A tally for each of something.
type Tallies<K> = HashMap<K, Tally, RandomState>;

/// What the records tell.
#[derive(Debug, Default)]
struct Survey {
    all: Tally,
    kinds: Tallies<u16>,
    authors: Tallies<PublicKey>,
    days: Tallies<u64>,
    unreadable: u64,
    compressed: Compressed,
}

/// Events whose wire forms are compressed: bytes that those have, and that they take.
#[derive(Debug, Default)]
struct Compressed {
    events: u64,
    plain_bytes: u64,
    kept_bytes: u64,
}

/// Counts everything and tells of it, the biggest `top` of each sort.
pub(super) fn run(reader: &Reader, config: &Config, top: usize, mut out: impl Write) -> Result<(), DbError> {
    let usage = reader.usage().map_err(DbError::Store)?;
    let mut progress = Progress::new("info", Unit::Events, Some(usage.events));
    let (mut survey, mut unsettled) = (Survey::default(), 0);
    // Without rules nothing but the store is needed.
    let judge = (!retention(config).keeps_everything()).then(|| Judge::open(reader, config)).transpose()?;
    let mut judged = judge.as_ref().map(Judge::survey);
    let settled = reader.settled().map_err(DbError::Store)?;
    let counted = reader.records(Seq(0), &mut |seq, record| {
        unsettled += u64::from(seq > settled);
        survey.count(record);
        if let (Some(judged), Some(record)) = (&mut judged, &record) {
            judged.count(record);
        }
        progress.show(survey.all.events, String::new);
        ControlFlow::Continue(())
    });
    progress.clear();
    counted.map_err(DbError::Store)?;
    let mut text = head(reader, &usage, unsettled)?;
    survey.compressed.tell(&mut text, reader.dictionaries());
    let (free, min) = (reader.disk_free_bytes(), config.store.disk_free_bytes_min);
    disk(&mut text, free, min);
    let ceiling = Some(config.store.bytes_max).filter(|&bytes| bytes > 0).unwrap_or(usage.map_bytes);
    let room = room(reader, &usage, ceiling, free.map(|free| free.saturating_sub(min)))?;
    let growth = growth(&survey.days, survey.all, room, Clock::system().now());
    put(&mut text, format_args!("{:<14} {growth}\n", "growth"));
    tables(&mut text, &reader.tables().map_err(DbError::Store)?);
    if let (Some(judge), Some(judged)) = (&judge, &judged) {
        text.push('\n');
        judge.tell(&mut text, judged, usage.bytes_used);
    }
    survey.tell(&mut text, top);
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(DbError::Write)
}

impl Survey {
    fn count(&mut self, record: Option<RecordView<'_>>) {
        let Some(record) = record else {
            self.unreadable += 1;
            return;
        };
        let head = record.head();
        let tallies = [
            &mut self.all,
            self.kinds.entry(head.kind.0).or_default(),
            self.authors.entry(head.pubkey).or_default(),
            self.days.entry(head.created_at.0 / SECONDS_A_DAY).or_default(),
        ];
        if record.plain().is_none() {
            self.compressed.events += 1;
            self.compressed.plain_bytes += record.json_bytes() as u64;
            self.compressed.kept_bytes += record.wire().len() as u64;
        }
        for tally in tallies {
            tally.events += 1;
            tally.bytes += record.bytes() as u64;
        }
    }

    fn tell(&self, text: &mut String, top: usize) {
        if self.unreadable > 0 {
            put(text, format_args!("\n{} records cannot be read: see chappe db verify\n", self.unreadable));
        }
        let by_bytes = |a: &Tally, b: &Tally| b.bytes.cmp(&a.bytes);
        list(text, ("kind", &self.kinds, self.all), top, |(_, a), (_, b)| by_bytes(a, b), u16::to_string);
        list(
            text,
            ("author", &self.authors, self.all),
            top,
            |(_, a), (_, b)| by_bytes(a, b),
            PublicKey::to_string,
        );
        let newest_first = |(a, _): &(u64, Tally), (b, _): &(u64, Tally)| b.cmp(a);
        list(text, ("day (UTC, by created_at)", &self.days, self.all), top, newest_first, |day| date(*day));
    }
}

impl Compressed {
    fn tell(&self, text: &mut String, dictionaries: usize) {
        if dictionaries == 0 {
            return;
        }
        let Self { events, plain_bytes, kept_bytes } = *self;
        put(
            text,
            format_args!(
                "{:<14} {} events of {} in {}, {} % less; dictionaries: {dictionaries}\n",
                "compressed",
                grouped(events),
                bytes(plain_bytes),
                bytes(kept_bytes),
                100 - percent(kept_bytes, plain_bytes).min(100),
            ),
        );
    }
}

fn head(reader: &Reader, usage: &Usage, unsettled: u64) -> Result<String, DbError> {
    let file = reader.file_bytes().map_err(DbError::Store)?;
    let Seq(last) = reader.last_seq().map_err(DbError::Store)?;
    let rows = [
        ("layout", reader.layout().map_err(DbError::Store)?.to_string()),
        ("events", grouped(usage.events)),
        (
            "numbers given",
            format!("{}, {} gone again", grouped(last), many(last.saturating_sub(usage.events), "event")),
        ),
        ("file", format!("{}, {} of it in use", bytes(file), bytes(usage.bytes_used))),
        (
            "map",
            format!(
                "{}, {} % of it in use",
                bytes(usage.map_bytes),
                percent(usage.bytes_used, usage.map_bytes)
            ),
        ),
        ("unsettled", format!("{} with index entries that are kept in memory", many(unsettled, "event"))),
    ];
    let mut text = String::new();
    rows.iter().for_each(|(name, value)| put(&mut text, format_args!("{name:<14} {value}\n")));
    Ok(text)
}

/// What may come until the ceiling is reached, or the map or the disk is full, of which so much may be taken.
fn room(reader: &Reader, usage: &Usage, ceiling: u64, of_disk: Option<u64>) -> Result<Room, DbError> {
    let in_file = reader.file_bytes().map_err(DbError::Store)?.saturating_sub(usage.bytes_used);
    let below = ceiling.min(usage.map_bytes).saturating_sub(usage.bytes_used);
    let left = of_disk.map_or(below, |of_disk| below.min(of_disk.saturating_add(in_file)));
    Ok(Room { used: usage.bytes_used, left })
}

/// What is free where the store is, against what is to stay free.
fn disk(text: &mut String, free: Option<u64>, min: u64) {
    let Some(free) = free else { return };
    let said = match (min, free < min) {
        (0, _) => String::new(),
        (_, false) => format!(", events are refused below {}", bytes(min)),
        (_, true) => format!(", less than the {} that are to stay free: events are refused", bytes(min)),
    };
    put(text, format_args!("{:<14} {} free{said}\n", "disk", bytes(free)));
}

fn tables(text: &mut String, sizes: &[TableSize]) {
    put(text, format_args!("\n{:<28}{:>16}{:>14}\n", "by table", "entries", "pages"));
    for TableSize { name, entries, bytes: size } in sizes {
        put(text, format_args!("  {name:<26}{:>16}{:>14}\n", grouped(*entries), bytes(*size)));
    }
}

/// The first of these in this order, and how many more there are.
fn list<K: Copy + Eq + Hash + Ord>(
    text: &mut String,
    (name, tallies, all): (&str, &Tallies<K>, Tally),
    top: usize,
    order: impl Fn(&(K, Tally), &(K, Tally)) -> std::cmp::Ordering,
    show: impl Fn(&K) -> String,
) {
    put(text, format_args!("\n{:<66}{:>14}{:>12}{:>6}\n", format!("by {name}"), "events", "bytes", "%"));
    let mut rows: Vec<_> = tallies.iter().map(|(key, tally)| (*key, *tally)).collect();
    rows.sort_unstable_by(|a, b| order(a, b).then_with(|| a.0.cmp(&b.0)));
    for (key, tally) in rows.iter().take(top) {
        let (events, share) = (grouped(tally.events), percent(tally.bytes, all.bytes));
        put(text, format_args!("  {:<64}{events:>14}{:>12}{share:>6}\n", show(key), bytes(tally.bytes)));
    }
    if rows.len() > top {
        put(text, format_args!("  and {} more\n", grouped((rows.len() - top) as u64)));
    }
}

fn percent(part: u64, whole: u64) -> u128 {
    u128::from(part) * 100 / u128::from(whole.max(1))
}

fn put(text: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(line);
}
