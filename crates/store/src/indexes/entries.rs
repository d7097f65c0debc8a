//! The entries of a range: what its table has, and what both generations in memory have, in one order.

use std::ops::Bound;
use std::sync::Arc;

use heed::RoRange;
use heed::types::Bytes;

use super::Indexes;
use crate::error::Error;
use crate::hint::Sieve;
use crate::keys::{Mark, Position};
use crate::tables::{Index, Pointer};
use crate::young::{Place, TxnId, View, Wanted};

/// How many entries are taken out of memory at once: few for who wants the first ones only.
const FIRST_ENTRIES: usize = 4;
const MORE_ENTRIES: usize = 32;
/// How many are looked at for that, at most, because whoever writes waits so long.
const VISITS_MAX: usize = 4_096;

/// The longest key of an index.
const KEY_BYTES_MAX: usize = 92;

/// Which entries of a place are wanted, in the order of their positions.
#[derive(Debug, Clone)]
pub(crate) struct Within<'p> {
    pub(crate) index: Index,
    /// What their keys start with, all of it but the position.
    pub(crate) prefix: &'p [u8],
    /// Those after this.
    pub(crate) from: Mark,
    /// Up to this.
    pub(crate) to: Position,
    /// Those that pass.
    pub(crate) sieve: Arc<Sieve>,
}

/// What lies ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// This entry.
    Entry(Mark),
    /// Nothing up to this; beyond it was not looked.
    NotYet(Mark),
    Nothing,
}

/// How many entries that do not pass may be looked at, and how many were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Skips {
    pub(crate) left: usize,
    pub(crate) done: usize,
}

impl Skips {
    pub(crate) const UNBOUNDED: Self = Self { left: usize::MAX, done: 0 };

    fn count(&mut self, skipped: usize) {
        self.left = self.left.saturating_sub(skipped);
        self.done += skipped;
    }
}

/// The entries of a place that pass, lowest position first, each once. Some may be of records that are not there.
pub(crate) struct Entries<'t> {
    table: InTable<'t>,
    memory: InMemory<'t>,
}

impl<'t> Indexes<'t> {
    /// The entries, one after the other.
    pub(crate) fn entries(&self, within: &Within<'_>) -> Result<Entries<'t>, Error> {
        let Within { index, prefix, from, to, .. } = *within;
        let hash = self.view.hash(index, prefix);
        let mut places = [None; 2];
        for (place, generation) in places.iter_mut().zip(self.view.generations()) {
            *place = generation.read().place(index, prefix, hash);
        }
        let (first, last) = (Key::new(prefix, &from.0), Key::new(prefix, &to));
        let bounds = (Bound::Included(first.as_bytes()), Bound::Included(last.as_bytes()));
        let range = self.tables.index(index).range(self.txn, &bounds)?;
        let sieve = Arc::clone(&within.sieve);
        let memory = InMemory {
            view: self.view,
            reader: self.reader(),
            places,
            found: Vec::new(),
            from,
            to,
            sieve: Arc::clone(&sieve),
            entries_max: FIRST_ENTRIES,
            is_over: places == [None; 2],
        };
        let table = InTable { range, from, ahead: None, sieve };
        Ok(Entries { table, memory })
    }
}

impl Entries<'_> {
    /// Takes the next one. Looks at one entry more at least, whatever `skips` are left.
    pub(crate) fn next(&mut self, skips: &mut Skips) -> Result<Ahead, Error> {
        let (old, young) = (self.table.ahead(skips)?, self.memory.ahead(skips));
        let next = match (old, young) {
            (Ahead::Nothing, next) | (next, Ahead::Nothing) => next,
            (Ahead::NotYet(old), Ahead::NotYet(young)) => Ahead::NotYet(old.min(young)),
            (Ahead::Entry(old), Ahead::Entry(young)) => Ahead::Entry(old.min(young)),
            (Ahead::Entry(found), Ahead::NotYet(mark)) | (Ahead::NotYet(mark), Ahead::Entry(found)) => {
                if found <= mark {
                    Ahead::Entry(found)
                } else {
                    Ahead::NotYet(mark)
                }
            }
        };
        if let Ahead::Entry(_) = next {
            if old == next {
                self.table.ahead = None;
            }
            if young == next {
                self.memory.found.pop();
            }
        }
        Ok(next)
    }
}

struct InTable<'t> {
    range: RoRange<'t, Bytes, Pointer>,
    /// Until here all was taken or skipped.
    from: Mark,
    /// The next one, if it is known.
    ahead: Option<Ahead>,
    sieve: Arc<Sieve>,
}

impl InTable<'_> {
    fn ahead(&mut self, skips: &mut Skips) -> Result<Ahead, Error> {
        match self.ahead {
            Some(ahead @ (Ahead::Entry(_) | Ahead::Nothing)) => Ok(ahead),
            Some(Ahead::NotYet(_)) | None => {
                let ahead = self.look(skips)?;
                self.ahead = Some(ahead);
                Ok(ahead)
            }
        }
    }

    fn look(&mut self, skips: &mut Skips) -> Result<Ahead, Error> {
        for entry in self.range.by_ref() {
            let (key, Pointer { seq, hint }) = entry?;
            let position = Position::of_key(key).ok_or(Error::Corrupt("an index key is too short"))?;
            let mark = (position, seq);
            if mark <= self.from {
                continue;
            }
            self.from = mark;
            if self.sieve.passes(hint) {
                return Ok(Ahead::Entry(mark));
            }
            skips.count(1);
            if skips.left == 0 {
                return Ok(Ahead::NotYet(mark));
            }
        }
        Ok(Ahead::Nothing)
    }
}

struct InMemory<'t> {
    view: &'t View,
    reader: TxnId,
    places: [Option<Place>; 2],
    /// The next ones there, the first of them last.
    found: Vec<Mark>,
    /// Where they go on, once these are used up.
    from: Mark,
    to: Position,
    sieve: Arc<Sieve>,
    entries_max: usize,
    is_over: bool,
}

impl InMemory<'_> {
    fn ahead(&mut self, skips: &mut Skips) -> Ahead {
        loop {
            if let Some(&next) = self.found.last() {
                return Ahead::Entry(next);
            }
            if self.is_over {
                return Ahead::Nothing;
            }
            self.fill(skips);
            if self.found.is_empty() && !self.is_over && skips.left == 0 {
                return Ahead::NotYet(self.from);
            }
        }
    }

    /// Looks at the entries that follow in both generations.
    fn fill(&mut self, skips: &mut Skips) {
        let Self { view, reader, places, found, from, to, sieve, entries_max, .. } = self;
        let visits_max = skips.left.min(VISITS_MAX);
        let wanted = Wanted { from: *from, to: *to, sieve, entries_max: *entries_max, visits_max };
        let (mut visits, mut reached): (usize, Option<Mark>) = (0, None);
        for (place, generation) in places.iter().zip(view.generations()) {
            if let Some(place) = place {
                let end = generation.read().entries(*place, &wanted, *reader, &mut visits, found);
                reached = end.into_iter().chain(reached).min();
            }
        }
        skips.count(visits.saturating_sub(found.len()));
        match reached {
            Some(reached) => {
                // What one generation gave beyond where the other has come to may not be all that lies between.
                found.retain(|entry| *entry <= reached);
                self.from = reached;
            }
            None => self.is_over = true,
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        self.entries_max = MORE_ENTRIES;
    }
}

/// A key in a table: a place among the entries with a prefix.
struct Key {
    bytes: [u8; KEY_BYTES_MAX],
    length: usize,
}

impl Key {
    fn new(prefix: &[u8], position: &Position) -> Self {
        let (mut bytes, mut length) = ([0; KEY_BYTES_MAX], 0);
        for part in [prefix, position.as_bytes()] {
            if let Some(place) = bytes.get_mut(length..length + part.len()) {
                place.copy_from_slice(part);
                length += part.len();
            }
        }
        Self { bytes, length }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
