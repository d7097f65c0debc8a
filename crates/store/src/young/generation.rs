//! The index entries of some thousand events, in memory.
//!
//! An entry is four bytes: the event's place in a list. What entries have in common stands once: the position with the
//! event, and the author or tag that a key starts with among the subjects.

mod long;
mod order;

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use long::Long;
pub(crate) use order::{Change, Run, Sorted};

use super::ordinal;
use super::subjects::Subjects;
use crate::error::Error;
use crate::hint::{Hint, Sieve};
use crate::keys::{self, Mark as Reached, Position, RecordKeys};
use crate::store::Seq;
use crate::tables::Index;

/// The number of an LMDB transaction: one sees what others up to it have committed.
pub(crate) type TxnId = usize;

/// What an entry takes in its table besides its key: the value, and what LMDB adds.
const ENTRY_BYTES: usize = 18;

/// The `removed_by` of an event that is there.
const NOBODY: TxnId = TxnId::MAX;
/// The `removed_by` of an event that no reader finds here. Its entries are in the tables, and are to go from there.
const LEAVING: TxnId = 0;

/// Entries in the order of their coming, found by what their keys start with.
///
/// An event that is removed stays, with the transaction that removed it, because readers of earlier ones still see it.
/// Beside events that came there are some that leave: those whose entries have settled, before the events were removed.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    hasher: RandomState,
    events: Vec<Young>,
    ids: HashTable<u32>,
    subjects: Subjects,
    places: HashMap<Place, List, RandomState>,
    long: Vec<Long>,
    /// By the time that they expire.
    expiring: BTreeSet<(u64, u32)>,
    size: Size,
    last: Seq,
    leaving: Vec<Seq>,
    /// What these have in places, in the order of their coming: no reader looks for it.
    leaving_entries: Vec<(Place, u32)>,
    /// What the entries of each event are going to take in their tables.
    table_bytes: Vec<u32>,
    /// Of the bytes that were coming, those whose events were removed.
    removed_bytes: AtomicUsize,
}

/// In one line of the processor's cache: in a large generation, each line is a wait for memory.
#[derive(Debug)]
#[repr(align(64))]
struct Young {
    position: Position,
    seq: Seq,
    /// Set while others read: whoever waits for them to be done would keep new readers waiting, too.
    removed_by: AtomicUsize,
    hint: Hint,
}

/// How much a generation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size {
    pub(crate) entries: usize,
    /// What those that came are going to take in their tables, in bytes, removed ones too.
    pub(crate) coming_bytes: usize,
    /// What those that leave take there.
    pub(crate) leaving_bytes: usize,
}

/// What keys of one index start with: the number of a subject, and a kind where the index has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    index: Index,
    kind: u16,
    subject: u32,
}

/// Which entries of a place are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'w> {
    /// Those after this.
    pub(crate) from: Reached,
    /// Up to this, all of it included.
    pub(crate) to: Position,
    pub(crate) sieve: &'w Sieve,
    /// How many, and all that have the position of the last.
    pub(crate) entries_max: usize,
    /// How many are looked at, likewise; one at least.
    pub(crate) visits_max: usize,
}

/// Events by their ordinal, the lowest position last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    One(u32),
    /// The list with this number among the long ones.
    Long(u32),
}

/// How full a generation was; [`Generation::roll_back`] goes back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    events: usize,
    subjects: usize,
    long: usize,
    size: Size,
    last: Seq,
    leaving: usize,
    leaving_entries: usize,
}

impl Young {
    fn removed_by(&self) -> TxnId {
        self.removed_by.load(Ordering::Acquire)
    }
}

impl Generation {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self {
            hasher: hasher.clone(),
            subjects: Subjects::new(hasher),
            places: HashMap::with_hasher(hasher.clone()),
            ..Self::default()
        }
    }

    /// An empty one with room for as much as this one holds: a table that grows keeps who adds to it waiting.
    pub(crate) fn like(&self) -> Self {
        let mut like = Self::new(&self.hasher);
        like.events.reserve(self.events.len());
        like.table_bytes.reserve(self.table_bytes.len());
        like.ids.reserve(self.ids.len(), |_| 0);
        like.subjects.reserve_for(&self.subjects);
        like.places.reserve(self.places.len());
        like.long.reserve(self.long.len());
        like.leaving.reserve(self.leaving.len());
        like.leaving_entries.reserve(self.leaving_entries.len());
        like
    }

    /// Adds the entries of an event that came. It has a higher number than all before.
    pub(crate) fn add(&mut self, seq: Seq, position: Position, keys: &RecordKeys) {
        self.last = seq;
        let bytes = table_bytes(keys);
        self.size.coming_bytes += bytes;
        self.table_bytes.push(u32::try_from(bytes).unwrap_or(u32::MAX));
        let removed_by = AtomicUsize::new(NOBODY);
        self.add_entries(Young { position, seq, removed_by, hint: keys.hint() }, keys);
    }

    /// Adds the entries of an event that was removed after they, or some of them, had settled.
    pub(crate) fn add_leaving(&mut self, seq: Seq, position: Position, keys: &RecordKeys) {
        self.leaving.push(seq);
        self.size.leaving_bytes += table_bytes(keys);
        self.table_bytes.push(0);
        let removed_by = AtomicUsize::new(LEAVING);
        self.add_entries(Young { position, seq, removed_by, hint: keys.hint() }, keys);
    }

    fn add_entries(&mut self, young: Young, keys: &RecordKeys) {
        let event = ordinal(self.events.len());
        let is_leaving = young.removed_by() == LEAVING;
        self.events.push(young);
        for (index, key) in keys.iter() {
            self.size.entries += 1;
            match index {
                // No reader looks for it.
                Index::Id if is_leaving => {}
                Index::Id => {
                    let Self { hasher, events, ids, .. } = self;
                    let hash = |event: &u32| hasher.hash_one(id_of(events, *event));
                    ids.insert_unique(hash(&event), event, hash);
                }
                Index::Expiration => {
                    self.expiring.insert((keys::expiration_of_key(key), event));
                }
                Index::Time
                | Index::Author
                | Index::AuthorKind
                | Index::Kind
                | Index::Tag
                | Index::TagKind
                | Index::Head => {
                    let (subject, kind) = index.split_prefix(index.prefix(key));
                    let subject = self.subjects.find_or_add(subject);
                    let place = Place { index, kind, subject };
                    if is_leaving {
                        self.leaving_entries.push((place, event));
                    } else {
                        self.list(place, event);
                    }
                }
            }
        }
    }

    fn list(&mut self, place: Place, event: u32) {
        use std::collections::hash_map::Entry;
        let Self { events, places, long, .. } = self;
        match places.entry(place) {
            Entry::Vacant(free) => {
                free.insert(List::One(event));
            }
            Entry::Occupied(mut taken) => match *taken.get() {
                List::One(first) => {
                    taken.insert(List::Long(ordinal(long.len())));
                    let mut list = Long::of(events, first);
                    list.insert(events, event);
                    long.push(list);
                }
                List::Long(number) => {
                    if let Some(list) = long.get_mut(number as usize) {
                        list.insert(events, event);
                    }
                }
            },
        }
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        // Tables and lists have room to grow; the factors are measured.
        const EVENT: usize = 112;
        const PLACE: usize = 40;
        const SUBJECT: usize = 20;
        const ENTRY: usize = 8;
        self.events.len() * EVENT
            + self.places.len() * PLACE
            + self.subjects.len() * SUBJECT
            + self.subjects.bytes()
            + self.size.entries * ENTRY
    }

    /// What the entries are going to take in their tables, and what they are going to give back, in bytes.
    pub(crate) fn table_bytes(&self) -> (usize, usize) {
        let removed = self.removed_bytes.load(Ordering::Relaxed);
        (self.size.coming_bytes.saturating_sub(removed), self.size.leaving_bytes)
    }

    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    /// How many runs its entries are, in all indexes.
    pub(crate) fn runs_count(&self) -> usize {
        self.events.len() + self.expiring.len() + self.places.len()
    }

    /// The highest number of an event that came; `Seq(0)` when none did.
    pub(crate) const fn last(&self) -> Seq {
        self.last
    }

    /// The events that leave.
    pub(crate) fn leaving(&self) -> &[Seq] {
        &self.leaving
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            events: self.events.len(),
            subjects: self.subjects.len(),
            long: self.long.len(),
            size: self.size,
            last: self.last,
            leaving: self.leaving.len(),
            leaving_entries: self.leaving_entries.len(),
        }
    }

    /// Forgets what came after the mark. Costs time in proportion to all there is.
    pub(crate) fn roll_back(&mut self, mark: &Mark) {
        let kept = ordinal(mark.events);
        let Self { events, ids, subjects, places, long, expiring, .. } = self;
        ids.retain(|&mut event| event < kept);
        expiring.retain(|&(_, event)| event < kept);
        long.iter_mut().for_each(|list| list.events.retain(|&event| event < kept));
        places.retain(|_, list| match *list {
            List::One(event) => event < kept,
            List::Long(number) if (number as usize) < mark.long => true,
            // It became long after the mark: of a single one, or of none.
            List::Long(number) => {
                let first = long.get(number as usize).and_then(|list| list.events.first()).copied();
                first.is_some_and(|event| {
                    *list = List::One(event);
                    true
                })
            }
        });
        long.truncate(mark.long);
        subjects.truncate(mark.subjects);
        events.truncate(mark.events);
        self.table_bytes.truncate(mark.events);
        self.leaving.truncate(mark.leaving);
        self.leaving_entries.truncate(mark.leaving_entries);
        (self.size, self.last) = (mark.size, mark.last);
    }

    /// Notes which transaction removed an event. Nothing when the event did not come with this generation.
    pub(crate) fn remove(&self, seq: Seq, position: Position, by: TxnId) {
        let Self { hasher, events, ids, table_bytes, .. } = self;
        let came = |event: &u32| events.get(*event as usize).is_some_and(|event| event.seq == seq);
        let Some(&event) = ids.find(hasher.hash_one(position.id()), came) else { return };
        if let (Some(young), Some(&bytes)) = (events.get(event as usize), table_bytes.get(event as usize)) {
            young.removed_by.store(by, Ordering::Release);
            self.removed_bytes.fetch_add(bytes as usize, Ordering::Relaxed);
        }
    }

    /// The number of the event that has this key in `by_id` or `heads`, if `is_there` does not deny it.
    pub(crate) fn find(
        &self,
        (index, key): (Index, &[u8]),
        hash: u64,
        reader: TxnId,
        is_there: impl Fn(Seq) -> Result<bool, Error>,
    ) -> Result<Option<Seq>, Error> {
        let is_same = |event: &&u32| id_of(&self.events, **event) == key;
        let by_id = self.ids.iter_hash(hash).filter(|_| index == Index::Id).filter(is_same);
        let place = if index == Index::Id { None } else { self.place(index, key, hash) };
        let in_list = place.map(|place| self.list_at(place)).unwrap_or_default().iter().rev();
        for seq in by_id.chain(in_list).filter_map(|&event| self.seen(event, reader)) {
            if is_there(seq)? {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    /// Whether the event of this position and number has this key. `hash` is that of its prefix's subject.
    pub(crate) fn has(
        &self,
        (index, key): (Index, &[u8]),
        hash: u64,
        reader: TxnId,
        (position, seq): (Position, Seq),
    ) -> Result<bool, Error> {
        Ok(match index {
            Index::Id | Index::Head => {
                self.find((index, key), hash, reader, |found| Ok(found == seq))?.is_some()
            }
            Index::Expiration => {
                let at = keys::expiration_of_key(key);
                let mut due = self.expiring.range((at, 0)..=(at, u32::MAX));
                due.any(|&(_, event)| self.seen(event, reader) == Some(seq))
            }
            Index::Time | Index::Author | Index::AuthorKind | Index::Kind | Index::Tag | Index::TagKind => {
                let mut found = Vec::new();
                if let Some(place) = self.place(index, index.prefix(key), hash) {
                    let sieve = Sieve::default();
                    let from = (position, Seq(0));
                    let wanted = Wanted { from, to: position, sieve: &sieve, entries_max: 1, visits_max: 1 };
                    self.entries(place, &wanted, reader, &mut 0, &mut found);
                }
                found.contains(&(position, seq))
            }
        })
    }

    /// Where the entries are whose keys start like this; `hash` is that of the prefix's subject. Nothing when no entry
    /// ever had the subject.
    pub(crate) fn place(&self, index: Index, prefix: &[u8], hash: u64) -> Option<Place> {
        let (subject, kind) = index.split_prefix(prefix);
        let subject = self.subjects.find(hash, subject)?;
        Some(Place { index, kind, subject })
    }

    /// Appends the first entries of a place that pass, lowest position first. Says how far it has come when it has ended
    /// before the entries of the place did.
    pub(crate) fn entries(
        &self,
        place: Place,
        wanted: &Wanted<'_>,
        reader: TxnId,
        visits: &mut usize,
        out: &mut Vec<Reached>,
    ) -> Option<Reached> {
        let Wanted { from, to, sieve, entries_max, visits_max } = *wanted;
        let list = self.list_at(place);
        let is_within =
            |event: &u32| self.events.get(*event as usize).is_some_and(|event| event.position >= from.0);
        let within = list.get(..list.partition_point(is_within)).unwrap_or_default();
        let (mut taken, mut visited, mut last) = (0, 0, None);
        for event in within.iter().rev().filter_map(|&event| self.events.get(event as usize)) {
            if event.position > to {
                break;
            }
            let entry = (event.position, event.seq);
            if entry <= from {
                continue;
            }
            // An event that was removed and came again is there twice. Whoever goes on after the last must not miss one.
            let is_far = taken >= entries_max || visited >= visits_max.max(1);
            if is_far && last != Some(&event.position) {
                *visits += visited;
                return last.map(|&position| (position, Seq(u64::MAX)));
            }
            (visited, last) = (visited + 1, Some(&event.position));
            if sieve.passes(event.hint) && event.removed_by() > reader {
                out.push(entry);
                taken += 1;
            }
        }
        *visits += visited;
        None
    }

    /// Appends the entries of a place of indexes by time from the end of the list on: those below `after`, down to `newest`,
    /// up to `entries_max` and all that have the position of the last. That position, when it ended before they did.
    pub(crate) fn oldest(
        &self,
        place: Place,
        (after, newest): (Option<Position>, Position),
        reader: TxnId,
        entries_max: usize,
        out: &mut Vec<Reached>,
    ) -> Option<Position> {
        let list = self.list_at(place);
        let position = |event: u32| self.events.get(event as usize).map(|event| event.position);
        let is_behind = |event: &u32| after.is_some() && position(*event) >= after;
        let ahead = list.get(list.partition_point(is_behind)..).unwrap_or_default();
        let (mut taken, mut last) = (0, None);
        for event in ahead.iter().filter_map(|&event| self.events.get(event as usize)) {
            if event.position < newest {
                break;
            }
            if taken >= entries_max && last != Some(event.position) {
                return last;
            }
            if event.removed_by() > reader {
                out.push((event.position, event.seq));
                (taken, last) = (taken + 1, Some(event.position));
            }
        }
        None
    }

    /// The events that expire until this time.
    pub(crate) fn expiring(&self, until: u64, reader: TxnId) -> impl Iterator<Item = Seq> {
        let due = self.expiring.range(..=(until, u32::MAX));
        due.filter_map(move |&(_, event)| self.seen(event, reader))
    }

    fn seen(&self, event: u32, reader: TxnId) -> Option<Seq> {
        let event = self.events.get(event as usize)?;
        (event.removed_by() > reader).then_some(event.seq)
    }

    fn list_at(&self, place: Place) -> &[u32] {
        self.places.get(&place).map(|list| self.listed(list)).unwrap_or_default()
    }

    fn listed<'l>(&'l self, list: &'l List) -> &'l [u32] {
        match list {
            List::One(event) => std::slice::from_ref(event),
            List::Long(number) => {
                self.long.get(*number as usize).map(|list| list.events.as_slice()).unwrap_or_default()
            }
        }
    }
}

/// What the entries with these keys take in their tables, about.
fn table_bytes(keys: &RecordKeys) -> usize {
    keys.bytes() + keys.iter().count() * ENTRY_BYTES
}

fn id_of(events: &[Young], event: u32) -> &[u8] {
    events.get(event as usize).map(|event| event.position.id()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
