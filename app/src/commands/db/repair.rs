//! `chappe db repair`.

mod aside;

use std::io::Write;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use chappe_codec::Scratch;
use chappe_store::{Found, Lost, Options, OutReason, Record, Repair, Seq};

use self::aside::Aside;
pub(super) use self::aside::Unsound;
use super::DbError;
use super::check::{Damage, prove};
use crate::commands::progress::{Progress, Unit};
use crate::figures::grouped;

/// How every wire form in a store begins.
const EVENT_START: &[u8] = b"{\"id\":\"";

/// Builds the store in this directory anew from the records that are what their authors signed.
pub(super) fn run(
    dir: &Path,
    options: &Options,
    unsound: Unsound,
    mut out: impl Write,
) -> Result<(), DbError> {
    let mut repair = Repair::begin(dir, options).map_err(DbError::Build)?;
    let mut aside = Aside::new(dir, unsound);
    let done = mend_all(&mut repair, &mut aside)?;
    let mut lines = format!("{:>14}  events kept\n", grouped(done.kept));
    if done.mended > 0 {
        lines += &format!("{:>14}  of them with a new head, made from the event\n", grouped(done.mended));
    }
    lines += &aside.finish()?;
    if let Some(Lost { count, first, last }) = repair.lost() {
        let (count, Seq(first), Seq(last)) = (grouped(count), first, last);
        lines += &format!("{count:>14}  numbers whose pages cannot be read, from {first} to {last}\n");
    }
    let old = repair.finish().map_err(DbError::Build)?;
    lines += &format!("the old file is kept as {}; remove it when nothing is missed\n", old.display());
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).map_err(DbError::Write)
}

/// How many events went into the new store.
#[derive(Debug, Default)]
struct Done {
    kept: u64,
    mended: u64,
}

fn mend_all(repair: &mut Repair, aside: &mut Aside) -> Result<Done, DbError> {
    let mut progress = Progress::new("repair", Unit::Events, Some(repair.events()));
    let (mut done, mut seen) = (Done::default(), 0);
    loop {
        let found = repair.read().map_err(DbError::Store)?;
        if found.is_empty() {
            break;
        }
        let mut sound = Vec::with_capacity(found.len());
        for (found, mended) in found.iter().zip(mend_batch(&found)) {
            match mended {
                Ok(record) => {
                    done.mended += u64::from(record.as_bytes() != &*found.bytes);
                    sound.push((found.seq, record));
                }
                Err(damage) => aside.put(found.seq, &found.bytes, &damage.to_string())?,
            }
        }
        let left_out = repair.put(&sound).map_err(DbError::Store)?;
        done.kept = done.kept + sound.len() as u64 - left_out.len() as u64;
        for left in left_out {
            let why = match left.reason {
                OutReason::Double => "the same event is there under another number",
                OutReason::Superseded => "a newer version is there",
            };
            aside.put(left.seq, &left.json, why)?;
        }
        seen += found.len() as u64;
        progress.show(seen, String::new);
    }
    progress.clear();
    Ok(done)
}

/// Hashes and signatures take longer than all else, and are shared out among threads.
fn mend_batch(found: &[Found]) -> Vec<Result<Record, Damage>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = found.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = found.chunks(share).map(|chunk| scope.spawn(|| mend_chunk(chunk))).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn mend_chunk(found: &[Found]) -> Vec<Result<Record, Damage>> {
    let (mut scratch, mut buffer) = (Scratch::new(), Vec::new());
    found.iter().map(|found| mend(found, &mut scratch, &mut buffer)).collect()
}

/// The record of what is sound. The event decides: its head is made again, if it was wrong.
fn mend(found: &Found, scratch: &mut Scratch, buffer: &mut Vec<u8>) -> Result<Record, Damage> {
    let mut make = |json| prove(json, scratch, buffer).map(|event| Record::new(&event, json));
    let made = match found.view() {
        Some(view) => make(view.wire()),
        None => Err(Damage::NoEvent("the record ends too early".to_owned())),
    };
    // A wrong head may hide where the event begins.
    made.or_else(|damage| match wire_form(&found.bytes) {
        Some(json) => make(json).map_err(|_| damage),
        None => Err(damage),
    })
}

/// The wire form at the end of a record, whatever its head says. Within one no quote stands bare, so it begins at the last
/// place that looks like a beginning.
fn wire_form(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.windows(EVENT_START.len()).rposition(|window| window == EVENT_START)?;
    bytes.get(start..)
}
