//! A generation's entries in the order of their keys, as they settle.

use std::hint::black_box;
use std::ops::Range;

use super::{Generation, LEAVING, List, NOBODY, Place, Young, id_of};
use crate::hint::Hint;
use crate::tables::{Index, Pointer};
use crate::young::ordinal;

/// What is to be done with an entry's key in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Put,
    /// If it is still this event's.
    Delete,
}

/// All entries of one index, run after run in the order of the keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sorted {
    pub(crate) runs: Vec<Run>,
    /// The events whose entries leave a place. Each run has a part of them.
    leaving: Vec<u32>,
}

/// Entries of one place, or a single one: those that leave, then those that come, each in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    coming: Option<List>,
    leaving: Range<u32>,
    subject: u32,
    kind: u16,
    expires_at: u64,
}

impl Run {
    const NOTHING: Self = Self { coming: None, leaving: 0..0, subject: 0, kind: 0, expires_at: 0 };

    const fn just(event: u32) -> Self {
        Self { coming: Some(List::One(event)), ..Self::NOTHING }
    }

    const fn of(place: Place) -> Self {
        Self { subject: place.subject, kind: place.kind, ..Self::NOTHING }
    }
}

/// The events of a run's entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Events<'g> {
    leaving: &'g [u32],
    /// The last key first.
    coming: &'g [u32],
}

impl<'g> Events<'g> {
    pub(crate) const fn len(&self) -> usize {
        self.leaving.len() + self.coming.len()
    }

    pub(crate) const fn has_coming(&self) -> bool {
        !self.coming.is_empty()
    }

    /// Each, in the order of the run's entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + use<'g> {
        self.leaving.iter().chain(self.coming.iter().rev()).copied()
    }
}

impl Generation {
    /// All entries of an index. `ranks` is the order of the subjects.
    pub(crate) fn sorted(&self, index: Index, ranks: &[u32]) -> Sorted {
        let single = |runs| Sorted { runs, leaving: Vec::new() };
        match index {
            Index::Id => {
                let id = |event| id_of(&self.events, event);
                let events = 0..ordinal(self.events.len());
                let mut events: Vec<_> = events.map(|event| (first_eight(id(event)), event)).collect();
                events.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| id(a.1).cmp(id(b.1))));
                single(events.into_iter().map(|(_, event)| Run::just(event)).collect())
            }
            Index::Expiration => {
                let run = |&(expires_at, event)| Run { expires_at, ..Run::just(event) };
                single(self.expiring.iter().map(run).collect())
            }
            Index::Time
            | Index::Author
            | Index::AuthorKind
            | Index::Kind
            | Index::Tag
            | Index::TagKind
            | Index::Head => self.sorted_places(index, ranks),
        }
    }

    fn sorted_places(&self, index: Index, ranks: &[u32]) -> Sorted {
        let rank = |place: &Place| {
            let of_subject = ranks.get(place.subject as usize).copied().unwrap_or_default();
            u64::from(of_subject) << 16 | u64::from(place.kind)
        };
        let position = |event: u32| self.events.get(event as usize).map(|event| &event.position);
        let leaving = self.leaving_entries.iter().filter(|(place, _)| place.index == index);
        let mut leaving: Vec<_> = leaving.map(|&(place, event)| (rank(&place), place, event)).collect();
        leaving.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| position(a.2).cmp(&position(b.2))));
        let of_index = self.places.iter().filter(|(place, _)| place.index == index);
        let coming =
            of_index.map(|(place, &list)| (rank(place), Run { coming: Some(list), ..Run::of(*place) }));
        let mut runs: Vec<_> = coming.collect();
        let mut start = 0;
        for of_place in leaving.chunk_by(|a, b| a.0 == b.0) {
            let leaving = start..start + ordinal(of_place.len());
            start = leaving.end;
            runs.extend(of_place.first().map(|&(rank, place, _)| (rank, Run { leaving, ..Run::of(place) })));
        }
        runs.sort_unstable_by_key(|&(rank, _)| rank);
        runs.dedup_by(|(other_rank, other), (rank, run)| {
            let is_same = other_rank == rank;
            if is_same {
                run.coming = run.coming.or(other.coming);
                if run.leaving.is_empty() {
                    run.leaving = other.leaving.clone();
                }
            }
            is_same
        });
        Sorted {
            runs: runs.into_iter().map(|(_, run)| run).collect(),
            leaving: leaving.into_iter().map(|(.., event)| event).collect(),
        }
    }

    /// For each subject, how many come before it.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let subjects = &self.subjects;
        let numbers = 0..ordinal(subjects.len());
        let mut order: Vec<_> = numbers.map(|number| (first_eight(subjects.get(number)), number)).collect();
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| subjects.get(a.1).cmp(subjects.get(b.1))));
        let mut ranks = vec![0; order.len()];
        for (rank, &(_, number)) in (0_u32..).zip(&order) {
            if let Some(place) = ranks.get_mut(number as usize) {
                *place = rank;
            }
        }
        ranks
    }

    /// The events of a run, which is one of `sorted`.
    pub(crate) fn events_of<'r>(&'r self, sorted: &'r Sorted, run: &'r Run) -> Events<'r> {
        let leaving = run.leaving.start as usize..run.leaving.end as usize;
        Events {
            leaving: sorted.leaving.get(leaving).unwrap_or_default(),
            coming: run.coming.as_ref().map(|list| self.listed(list)).unwrap_or_default(),
        }
    }

    /// Reads something of all that [`Self::append_key`] is going to read. Each event and subject is a wait for memory in a large
    /// generation, and where nothing else is done in between those waits pass together.
    pub(crate) fn bring_near(&self, entries: &[(&Run, u32)]) {
        let event = |event: u32| self.events.get(event as usize).map_or(0, |event| event.seq.0);
        let near = |&(run, of): &(&Run, u32)| event(of) ^ u64::from(self.subjects.first_byte(run.subject));
        black_box(entries.iter().map(near).fold(0, |a, b| a ^ b));
    }

    /// Appends the key that an event has in a run and says whose it is, and what is to be done. Nothing when the event
    /// was removed.
    pub(crate) fn append_key(
        &self,
        index: Index,
        run: &Run,
        event: u32,
        out: &mut Vec<u8>,
    ) -> Option<(Pointer, Change)> {
        let young = self.events.get(event as usize)?;
        let Young { position, seq, hint, .. } = young;
        let change = match young.removed_by() {
            NOBODY => Change::Put,
            LEAVING => Change::Delete,
            _ => return None,
        };
        let (subject, kind) = (self.subjects.get(run.subject), run.kind.to_be_bytes());
        let parts: [&[u8]; 3] = match index {
            Index::Id => [position.id(), &[], &[]],
            Index::Time => [position.as_bytes(), &[], &[]],
            Index::Kind => [&kind, position.as_bytes(), &[]],
            Index::Author | Index::Tag => [subject, position.as_bytes(), &[]],
            Index::AuthorKind | Index::TagKind => [subject, &kind, position.as_bytes()],
            Index::Expiration => [&run.expires_at.to_be_bytes(), position.id(), &[]],
            Index::Head => [subject, &[], &[]],
        };
        parts.iter().for_each(|part| out.extend_from_slice(part));
        let hint = if index.has_positions() { *hint } else { Hint::NONE };
        Some((Pointer { seq: *seq, hint }, change))
    }
}

/// So that most comparisons of two strings need not look them up.
fn first_eight(string: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(string).for_each(|(place, &byte)| *place = byte);
    u64::from_be_bytes(first)
}
