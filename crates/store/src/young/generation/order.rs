//! A generation's entries in the order of their keys, as they settle.

use super::{Generation, LEAVING, List, NOBODY, Young, id_of};
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

/// Entries of one index whose keys follow each other: those of one place, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    list: List,
    subject: u32,
    kind: u16,
    expires_at: u64,
}

impl Run {
    const fn just(event: u32) -> Self {
        Self { list: List::One(event), subject: 0, kind: 0, expires_at: 0 }
    }
}

impl Generation {
    /// All entries of an index in the order of their keys. `ranks` is the order of the subjects.
    pub(crate) fn runs(&self, index: Index, ranks: &[u32]) -> Vec<Run> {
        match index {
            Index::Id => {
                let id = |event| id_of(&self.events, event);
                let events = 0..ordinal(self.events.len());
                let mut events: Vec<_> = events.map(|event| (first_eight(id(event)), event)).collect();
                events.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| id(a.1).cmp(id(b.1))));
                events.into_iter().map(|(_, event)| Run::just(event)).collect()
            }
            Index::Expiration => {
                let run = |&(expires_at, event)| Run { expires_at, ..Run::just(event) };
                self.expiring.iter().map(run).collect()
            }
            Index::Time
            | Index::Author
            | Index::AuthorKind
            | Index::Kind
            | Index::Tag
            | Index::TagKind
            | Index::Head => {
                let of_index = self.places.iter().filter(|(place, _)| place.index == index);
                let mut runs: Vec<_> = of_index
                    .map(|(place, &list)| {
                        let rank = ranks.get(place.subject as usize).copied().unwrap_or_default();
                        let run = Run { list, subject: place.subject, kind: place.kind, expires_at: 0 };
                        (u64::from(rank) << 16 | u64::from(place.kind), run)
                    })
                    .collect();
                runs.sort_unstable_by_key(|&(rank, _)| rank);
                runs.into_iter().map(|(_, run)| run).collect()
            }
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

    /// The events of a run, the last key first.
    pub(crate) fn events_of<'r>(&'r self, run: &'r Run) -> &'r [u32] {
        self.listed(&run.list)
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
