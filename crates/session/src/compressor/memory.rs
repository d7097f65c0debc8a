//! The compressed events that were sent last.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use chappe_frames::Shared;
use chappe_protocol::EventId;
use chappe_store::RecordView;
use foldhash::fast::RandomState;
use parking_lot::RwLock;

use super::Remembered;

/// A bounded memory in parts, so that threads which send different events do not wait for each other. Those which send the
/// same one only read.
pub(super) struct Memory {
    parts: [RwLock<Part>; PARTS],
    part_bytes_max: usize,
    hash: RandomState,
    compressed: AtomicU64,
}

/// As many as a relay may have threads, about.
const PARTS: usize = 16;

/// What an event costs beside its compressed bytes: its key twice, the cell, and the gaps in a table.
pub(super) const ENTRY_BYTES: usize = 256;

/// The end of an event's JSON: the signature and `"}`.
const SIGNATURE_BYTES: usize = 130;

/// Events, the oldest first.
#[derive(Default)]
struct Part {
    by_key: HashMap<Key, Entry, RandomState>,
    order: VecDeque<Key>,
    bytes: usize,
}

/// The id stands for all of an event but its signature, of which there can be several: a hash for that. It may collide only
/// for who finds two signatures of their own that do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    id: EventId,
    signature: u64,
}

struct Entry {
    event: Cell,
    /// What it counts against the bound.
    bytes: usize,
    /// Whether somebody has asked for it since it was put at the end.
    is_wanted: AtomicBool,
}

/// An event while it is compressed, and then. None where that makes it no shorter.
type Cell = Arc<OnceLock<Option<Shared>>>;

impl Memory {
    pub(super) fn new(bytes_max: usize) -> Self {
        let parts = std::array::from_fn(|_| RwLock::default());
        let (hash, compressed) = (RandomState::default(), AtomicU64::new(0));
        Self { parts, part_bytes_max: bytes_max / PARTS, hash, compressed }
    }

    /// Has `take` take the event's compressed form, which is made by `compress` when it is not here. Whoever wants it
    /// meanwhile waits. None, where it gets no shorter or could not be remembered.
    pub(super) fn with<T>(
        &self,
        record: &RecordView<'_>,
        compress: impl FnOnce() -> Option<Shared>,
        take: impl FnOnce(&Shared) -> Option<T>,
    ) -> Option<T> {
        // Its compressed form is shorter, so that it goes in with room left for others.
        if record.json_bytes() + ENTRY_BYTES > self.part_bytes_max / 2 {
            return None;
        }
        let key = self.key(record);
        let part = self.part(&key)?;
        let found = {
            let part = part.read();
            let entry = part.by_key.get(&key);
            if let Some(entry) = entry {
                entry.want();
                if let Some(event) = entry.event.get() {
                    return event.as_ref().and_then(take);
                }
            }
            entry.map(|entry| Arc::clone(&entry.event))
        };
        let cell = found.unwrap_or_else(|| part.write().enter(key, self.part_bytes_max));
        let mut bytes = None;
        let event = cell.get_or_init(|| {
            let event = compress();
            bytes = Some(event.as_ref().map_or(0, Shared::len_bytes));
            event
        });
        let taken = event.as_ref().and_then(take);
        if let Some(bytes) = bytes {
            self.compressed.fetch_add(1, Ordering::Relaxed);
            part.write().fill(&key, bytes, self.part_bytes_max);
        }
        taken
    }

    pub(super) fn remembered(&self) -> Remembered {
        let mut sum =
            Remembered { compressed: self.compressed.load(Ordering::Relaxed), ..Remembered::default() };
        for part in &self.parts {
            let part = part.read();
            sum.events += part.order.len();
            sum.bytes += part.bytes;
        }
        sum
    }

    /// Of what is kept in another form the store knows no signature without work; the whole of it does as well. So an event
    /// may be here twice: as it came live, and as it came from the store.
    fn key(&self, record: &RecordView<'_>) -> Key {
        let signature = match record.plain() {
            Some(json) => json.get(json.len().saturating_sub(SIGNATURE_BYTES)..),
            None => Some(record.wire()),
        };
        Key { id: record.head().id, signature: self.hash.hash_one(signature) }
    }

    /// By the id, which nobody can choose freely and everybody can try out; that gains them a fuller part.
    fn part(&self, key: &Key) -> Option<&RwLock<Part>> {
        let [first, ..] = key.id.as_bytes();
        self.parts.get(usize::from(*first) % PARTS)
    }
}

impl Part {
    /// The event's cell: somebody else may have been faster.
    fn enter(&mut self, key: Key, bytes_max: usize) -> Cell {
        if let Some(entry) = self.by_key.get(&key) {
            return Arc::clone(&entry.event);
        }
        let event = Cell::default();
        let entry =
            Entry { event: Arc::clone(&event), bytes: ENTRY_BYTES, is_wanted: AtomicBool::new(false) };
        self.bytes += entry.bytes;
        self.by_key.insert(key, entry);
        self.order.push_back(key);
        self.forget(bytes_max);
        event
    }

    /// The event is compressed to so many bytes. It may be forgotten already.
    fn fill(&mut self, key: &Key, bytes: usize, bytes_max: usize) {
        let Some(entry) = self.by_key.get_mut(key) else { return };
        entry.bytes += bytes;
        self.bytes += bytes;
        self.forget(bytes_max);
    }

    /// Forgets the oldest until what is left fits. One that was asked for since has another round.
    fn forget(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let Some(key) = self.order.pop_front() else { break };
            let wanted =
                self.by_key.get_mut(&key).is_some_and(|entry| std::mem::take(entry.is_wanted.get_mut()));
            if wanted {
                self.order.push_back(key);
            } else {
                let forgotten = self.by_key.remove(&key);
                self.bytes -= forgotten.map_or(0, |entry| entry.bytes);
            }
        }
    }
}

impl Entry {
    /// Writes only when that changes something: the line of memory stays everybody's.
    fn want(&self) {
        if !self.is_wanted.load(Ordering::Relaxed) {
            self.is_wanted.store(true, Ordering::Relaxed);
        }
    }
}
