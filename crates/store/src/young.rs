//! Index entries that are not in their tables yet.
//!
//! A commit puts an event's record into LMDB, and its index entries here: most of those would each change a page of
//! their own, and here they cost no page at all. When many have come together, they *settle*: they go into their tables
//! in the order of the keys, so that one page takes many. The records are the truth; after a restart the entries of
//! those that had not settled are made again from them (`restore.rs`). Docs/decisions/0011-young-index.md says why.

mod generation;
mod settling;
mod subjects;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard, RwLock};

pub(crate) use generation::{Change, Place, TxnId, Wanted};
pub(crate) use settling::Slice;

use crate::keys::{Position, RecordKeys};
use crate::store::Seq;
use crate::tables::Index;
use generation::{Generation, Mark};
use settling::{Progress, Settling};

/// Entries are added under the lock one event at a time, and read one list at a time.
type Shared = Arc<RwLock<Generation>>;

/// A generation takes so many bytes of memory, or more in a large store.
const GENERATION_BYTES_MIN: usize = 16 << 20;
/// So much memory a generation takes for each stored event: then it has a seventh of them, and its entries share pages
/// however many there are.
const BYTES_A_STORED_EVENT: usize = 50;
/// Settling is done when the next generation is as full as this, at the latest.
const SETTLED_BY: (usize, usize) = (7, 8);
/// Less work than this is not worth a visit to the tables.
const SLICE_WORK_MIN: usize = 128;

/// The entries in memory: those of the newest events, and those that are settling.
#[derive(Debug)]
pub(crate) struct Young {
    generation_bytes_max: usize,
    view: RwLock<Arc<View>>,
    state: Mutex<State>,
}

/// What a reader looks into. From a view that was taken before a transaction was opened, and was still the current one
/// after that, nothing is missing that is not in the tables by then.
#[derive(Debug)]
pub(crate) struct View {
    hasher: RandomState,
    active: Shared,
    settling: Option<Shared>,
}

/// What whoever writes has to know.
#[derive(Debug)]
struct State {
    settling: Option<Settling>,
    /// Up to this number all entries are in their tables.
    settled: Seq,
    /// Beyond this number no entries are in their tables.
    begun: Seq,
    /// The last number that was given to an event, stored or not: it is not given again.
    given: Seq,
    /// The active generation is full with so many bytes of memory.
    generation_bytes: usize,
}

impl Young {
    /// Empty. `bytes_max` bounds the memory of all entries, about; `settled` and `begun` are what the tables say, `stored`
    /// is how many events there are.
    pub(crate) fn new(bytes_max: usize, (settled, begun): (Seq, Seq), stored: u64) -> Self {
        let generation_bytes_max = bytes_max / 2;
        let generation_bytes = generation_bytes(generation_bytes_max, stored);
        let hasher = RandomState::default();
        let active = Arc::new(RwLock::new(Generation::new(&hasher)));
        let view = View { active, settling: None, hasher };
        Self {
            generation_bytes_max,
            view: RwLock::new(Arc::new(view)),
            state: Mutex::new(State { settling: None, settled, begun, given: Seq(0), generation_bytes }),
        }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read())
    }

    /// Waits for whoever writes.
    pub(crate) fn begin(&self) -> Turn<'_> {
        let state = self.state.lock();
        let view = self.view();
        let before = Before::of(&view, &state);
        Turn { young: self, state, view, before, removed: HashMap::default(), is_kept: false }
    }

    /// Bytes that the entries are going to take in their tables, about, and those that they are going to give back. Those
    /// that are settling count as a whole.
    pub(crate) fn table_bytes(&self) -> (u64, u64) {
        let view = self.view();
        let each = view.generations().map(|generation| generation.read().table_bytes());
        let (taken, given) = each.fold((0, 0), |(a, b), (c, d)| (a + c as u64, b + d as u64));
        // A page that was split is half full.
        (taken * 2, given)
    }
}

/// What a generation may take, in a store of so many events.
fn generation_bytes(bytes_max: usize, stored: u64) -> usize {
    let wanted = usize::try_from(stored).unwrap_or(usize::MAX).saturating_mul(BYTES_A_STORED_EVENT);
    wanted.max(GENERATION_BYTES_MIN).min(bytes_max)
}

/// A place in a list of a generation. What bounds a generation's bytes keeps it far below 2^32.
fn ordinal(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl View {
    /// The hash of what the keys of a place are about, the same for all generations.
    pub(crate) fn hash(&self, index: Index, prefix: &[u8]) -> u64 {
        self.hasher.hash_one(index.split_prefix(prefix).0)
    }

    pub(crate) fn generations(&self) -> impl Iterator<Item = &RwLock<Generation>> {
        std::iter::once(&self.active).chain(&self.settling).map(|generation| &**generation)
    }
}

/// The turn of whoever writes. Dropped without [`Turn::keep`], it leaves no trace.
#[derive(Debug)]
pub(crate) struct Turn<'y> {
    young: &'y Young,
    state: MutexGuard<'y, State>,
    view: Arc<View>,
    before: Before,
    removed: HashMap<Seq, Position, RandomState>,
    is_kept: bool,
}

/// How things were when the turn began.
#[derive(Debug)]
struct Before {
    active: Mark,
    active_bytes: usize,
    progress: Progress,
}

impl Before {
    fn of(view: &View, state: &State) -> Self {
        let active = view.active.read();
        Self {
            active: active.mark(),
            active_bytes: active.bytes(),
            progress: state.settling.as_ref().map(Settling::progress).unwrap_or_default(),
        }
    }
}

impl Turn<'_> {
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn last_given(&self) -> Seq {
        self.state.given
    }

    /// Up to this number all entries are in their tables.
    pub(crate) fn settled(&self) -> Seq {
        self.state.settled
    }

    /// Beyond this number no entries are in their tables.
    pub(crate) fn begun(&self) -> Seq {
        self.state.begun
    }

    pub(crate) fn is_full(&self) -> bool {
        self.view.active.read().bytes() >= self.state.generation_bytes
    }

    pub(crate) fn is_settling(&self) -> bool {
        self.state.settling.is_some()
    }

    /// Begins to settle what has come so far. Only before anything is added, and when nothing is settling. `stored` is how
    /// many events there are.
    pub(crate) fn rotate(&mut self, stored: u64) {
        self.state.generation_bytes = generation_bytes(self.young.generation_bytes_max, stored);
        let settling = Arc::clone(&self.view.active);
        let active = Arc::new(RwLock::new(settling.read().like()));
        self.publish(active, Some(Arc::clone(&settling)));
        self.state.settling = Some(Settling::new(settling));
        self.before = Before::of(&self.view, &self.state);
    }

    fn publish(&mut self, active: Shared, settling: Option<Shared>) {
        self.view = Arc::new(View { hasher: self.view.hasher.clone(), active, settling });
        *self.young.view.write() = Arc::clone(&self.view);
    }

    /// Adds the entries of a record. Readers see them once they see the record.
    pub(crate) fn add(&mut self, seq: Seq, position: Position, keys: &RecordKeys) {
        self.state.given = seq;
        self.view.active.write().add(seq, position, keys);
    }

    /// Notes that a record is removed.
    pub(crate) fn remove(&mut self, seq: Seq, position: Position) {
        if seq > self.state.settled {
            self.removed.insert(seq, position);
        }
    }

    pub(crate) fn has_removed(&self, seq: Seq) -> bool {
        self.removed.contains_key(&seq)
    }

    /// Adds entries that are to go from the tables: those of a record that was removed.
    pub(crate) fn add_leaving(&mut self, seq: Seq, position: Position, keys: &RecordKeys) {
        self.view.active.write().add_leaving(seq, position, keys);
    }

    /// How much settling should be done with what this turn has added, so that it is done in time.
    pub(crate) fn share(&mut self) -> usize {
        let State { settling, generation_bytes, .. } = &mut *self.state;
        let Some(settling) = settling else { return 0 };
        let active = self.view.active.read();
        let before = self.before.active_bytes;
        let Some(added) = active.bytes().checked_sub(before).filter(|&added| added > 0) else { return 0 };
        // What is not in order yet is made up for by those who come later.
        if active.bytes() < *generation_bytes / 2 && !settling.is_ready() {
            return 0;
        }
        let (numerator, denominator) = SETTLED_BY;
        let room = (*generation_bytes / denominator * numerator).saturating_sub(before).max(added);
        let share = settling.work_left().saturating_mul(added).div_ceil(room);
        share.max(SLICE_WORK_MIN)
    }

    /// The next entries to settle, for so much work, and of which index. Nothing when none are left.
    pub(crate) fn next(&mut self, work_max: usize, slice: &mut Slice) -> Option<Index> {
        self.state.settling.as_mut()?.next(work_max, slice)
    }

    /// The next removed records whose entries have all gone from the tables, for so much work.
    pub(crate) fn next_left(&mut self, work_max: usize) -> Vec<Seq> {
        self.state.settling.as_mut().map(|settling| settling.next_left(work_max)).unwrap_or_default()
    }

    /// What the tables are to say after this turn: [`Turn::settled`] and [`Turn::begun`] as they will be.
    pub(crate) fn marks(&self) -> (Seq, Seq) {
        let State { settling, settled, begun, .. } = &*self.state;
        let Some(settling) = settling.as_ref().filter(|settling| settling.progress() != self.before.progress)
        else {
            return (*settled, *begun);
        };
        let last = settling.generation.read().last().max(*settled);
        (if settling.is_done() { last } else { *settled }, last.max(*begun))
    }

    /// Keeps what was done in this turn: the transaction with this number was committed.
    pub(crate) fn keep(mut self, txn: TxnId) {
        self.is_kept = true;
        for (&seq, &position) in &self.removed {
            self.view.generations().for_each(|generation| generation.read().remove(seq, position, txn));
        }
        (self.state.settled, self.state.begun) = self.marks();
        if self.state.settling.as_ref().is_some_and(Settling::is_done) {
            self.state.settling = None;
            self.publish(Arc::clone(&self.view.active), None);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut active = self.view.active.write();
        if active.mark() != self.before.active {
            active.roll_back(&self.before.active);
        }
        if let Some(settling) = &mut self.state.settling {
            settling.go_back(self.before.progress);
        }
    }
}

#[cfg(test)]
mod tests;
