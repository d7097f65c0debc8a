//! `chappe db verify`.

use std::io::Write;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use chappe_codec::Scratch;
use chappe_store::{Audit, Reader, Seq};

use super::DbError;
use super::check::{Damage, check_form, prove, read};
use crate::commands::progress::{Progress, Unit};
use crate::figures::grouped;

/// Events that go to a thread together.
const CHUNK_EVENTS: usize = 256;
/// And bytes of them, about.
const CHUNK_BYTES: usize = 1 << 20;
/// How many events with something wrong are listed; all are counted. The store lists as many of its own faults.
const LISTED_MAX: usize = 100;

/// Wire forms whose ids and signatures are to be checked.
type Chunk = Vec<(Seq, Box<[u8]>)>;

/// What is wrong with events.
#[derive(Debug, Default)]
struct Damages {
    count: u64,
    listed: Vec<(Seq, Damage)>,
}

impl Damages {
    fn note(&mut self, seq: Seq, damage: Damage) {
        self.count += 1;
        if self.listed.len() < LISTED_MAX {
            self.listed.push((seq, damage));
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.count += other.count;
        self.listed.extend(other.listed);
        self
    }
}

/// Checks the store and says what is wrong with it.
pub(super) fn run(reader: &Reader, mut out: impl Write) -> Result<(), DbError> {
    let (audit, mut damages) = verify(reader)?;
    damages.listed.sort_unstable_by_key(|(seq, _)| *seq);
    damages.listed.truncate(LISTED_MAX);
    let faults = audit.faults_count + damages.count;
    let counts = [
        ("events", audit.events),
        ("index entries", audit.entries),
        ("events whose entries are kept in memory", audit.unsettled),
        ("faults", faults),
    ];
    let mut lines = String::new();
    for (name, count) in counts {
        lines += &format!("{:>14}  {name}\n", grouped(count));
    }
    for (Seq(seq), damage) in &damages.listed {
        lines += &format!("record {seq}: {damage}\n");
    }
    for fault in &audit.faults {
        lines += &format!("{fault}\n");
    }
    let listed = (damages.listed.len() + audit.faults.len()) as u64;
    if faults > listed {
        lines += &format!("and {} more\n", grouped(faults - listed));
    }
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).map_err(DbError::Write)?;
    if faults > 0 { Err(DbError::Damaged { faults }) } else { Ok(()) }
}

/// The tables are read here; hashes and signatures, which take longer, are shared out among threads.
fn verify(reader: &Reader) -> Result<(Audit, Damages), DbError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (sender, receiver) = sync_channel(threads);
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| prove_all(&receiver))).collect();
        let audited = audit(reader, &sender);
        // Only then do the threads come to their end.
        drop(sender);
        let (audit, damages) = audited?;
        // A thread that panicked has been heard of.
        Ok((audit, workers.into_iter().filter_map(|worker| worker.join().ok()).fold(damages, Damages::merge)))
    })
}

fn audit(reader: &Reader, sender: &SyncSender<Chunk>) -> Result<(Audit, Damages), DbError> {
    let total = reader.usage().map_err(DbError::Store)?.events;
    let mut progress = Progress::new("verify", Unit::Events, Some(total));
    let (mut damages, mut scratch, mut room) = (Damages::default(), Scratch::new(), Vec::new());
    let (mut chunk, mut chunk_bytes, mut done) = (Chunk::new(), 0, 0);
    let audited = reader.audit(&mut |seq, record| {
        done += 1;
        progress.show(done, String::new);
        // One that cannot be parsed is a fault of the audit's.
        let Some(record) = record else { return };
        let json = match read(&record, &mut room) {
            Ok(json) => json,
            Err(damage) => return damages.note(seq, damage),
        };
        if let Err(damage) = check_form(&record, json, &mut scratch) {
            damages.note(seq, damage);
        }
        chunk.push((seq, json.into()));
        chunk_bytes += json.len();
        if chunk.len() >= CHUNK_EVENTS || chunk_bytes >= CHUNK_BYTES {
            chunk_bytes = 0;
            // Nobody receives only when all threads have panicked.
            let _ = sender.send(std::mem::take(&mut chunk));
        }
    });
    let _ = sender.send(chunk);
    progress.clear();
    Ok((audited.map_err(DbError::Store)?, damages))
}

fn prove_all(receiver: &Mutex<Receiver<Chunk>>) -> Damages {
    let (mut damages, mut scratch, mut buffer) = (Damages::default(), Scratch::new(), Vec::new());
    loop {
        let received = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(chunk) = received else { return damages };
        for (seq, json) in chunk {
            match prove(&json, &mut scratch, &mut buffer) {
                // What is no event was noted where it was read.
                Ok(_) | Err(Damage::NoEvent(_)) => {}
                Err(damage) => damages.note(seq, damage),
            }
        }
    }
}
