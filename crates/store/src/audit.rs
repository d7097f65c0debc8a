//! Checking that the store's tables agree with each other, record by record and entry by entry.

use std::collections::HashMap;
use std::fmt;

use crate::error::Error;
use crate::hint::Hint;
use crate::indexes::Indexes;
use crate::keys::{Position, RecordKeys};
use crate::record::RecordView;
use crate::store::{Seq, Store};
use crate::tables::{Index, META_SETTLED, Pointer};
use crate::young::Change;
use foldhash::fast::RandomState;

/// How many faults are listed; all are counted.
const FAULTS_LISTED_MAX: usize = 100;

/// What an [audit](Store::audit) found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// Records looked at.
    pub events: u64,
    /// Those of them whose entries are not all in their tables yet.
    pub unsettled: u64,
    /// Index entries there are.
    pub entries: u64,
    /// How many faults there are.
    pub faults_count: u64,
    /// The first hundred of them.
    pub faults: Vec<Fault>,
}

/// A disagreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The record cannot be parsed.
    UnreadableRecord(Seq),
    /// The record's number was not given out.
    UnknownSeq(Seq),
    /// The record's entry in this index is missing or points elsewhere.
    MissingEntry(Seq, &'static str),
    /// An entry of this index points to a record that does not have it, or to none.
    StrayEntry(Seq, &'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreadableRecord(Seq(seq)) => write!(f, "record {seq} cannot be read"),
            Self::UnknownSeq(Seq(seq)) => write!(f, "record {seq} is beyond the last number given out"),
            Self::MissingEntry(Seq(seq), index) => write!(f, "record {seq} is missing from {index}"),
            Self::StrayEntry(Seq(seq), index) => {
                write!(f, "{index} has an entry that record {seq} does not account for")
            }
        }
    }
}

impl Audit {
    /// Whether everything agrees.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.faults_count == 0
    }

    fn note(&mut self, fault: Fault) {
        self.faults_count += 1;
        if self.faults.len() < FAULTS_LISTED_MAX {
            self.faults.push(fault);
        }
    }
}

/// Where the entries are that have not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsettled {
    /// In the memory of this process, so none may be missing.
    Here,
    /// In that of another one, or of none: they are made again from the records when the store is opened.
    Elsewhere,
}

/// Is shown each record in turn; one that cannot be parsed is nothing.
pub(crate) type See<'a> = &'a mut dyn FnMut(Seq, Option<RecordView<'_>>);

impl Store {
    /// Reads every record, looks up each index entry it must have, and counts the entries. Takes as long as the store
    /// is big.
    ///
    /// One read transaction, so it sees one commit; writing goes on meanwhile, but pages it frees are not used again
    /// until this is over.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`], and [`Error::Corrupt`] when records cannot even be looked for. All other damage is not an error
    /// here but a [`Fault`].
    pub fn audit(&self) -> Result<Audit, Error> {
        audit(&self.snapshot()?.indexes(), Unsettled::Here, &mut |_, _| {})
    }
}

pub(crate) fn audit(indexes: &Indexes<'_>, unsettled: Unsettled, see: See<'_>) -> Result<Audit, Error> {
    let mut count =
        Count { audit: Audit::default(), keys: RecordKeys::default(), in_tables: HashMap::default() };
    count.records(indexes, unsettled, see)?;
    count.leaving(indexes)?;
    let Count { mut audit, mut keys, in_tables } = count;
    // No two records have the same entry without a fault being noted above. So without one, an index with as many
    // entries as the records have in it has no others, and need not be read.
    let is_sound = audit.is_clean();
    for index in Index::ALL {
        let entries = indexes.tables.index(index).len(indexes.txn)?;
        audit.entries += entries;
        if !is_sound || entries != in_tables.get(&index).copied().unwrap_or_default() {
            find_strays(indexes, index, &mut audit, &mut keys)?;
        }
        find_young_strays(indexes, index, &mut audit, &mut keys)?;
    }
    Ok(audit)
}

/// What was found so far, and how many entries of each table are accounted for.
struct Count {
    audit: Audit,
    keys: RecordKeys,
    in_tables: HashMap<Index, u64, RandomState>,
}

impl Count {
    fn records(&mut self, indexes: &Indexes<'_>, unsettled: Unsettled, see: See<'_>) -> Result<(), Error> {
        let Self { audit, keys, in_tables } = self;
        let (tables, txn) = (indexes.tables, indexes.txn);
        let (last, settled) = (tables.last_seq(txn)?, tables.meta_seq(txn, META_SETTLED)?);
        // Looked up one by one: a walk would step from a damaged page onto others.
        for seq in (1..=tables.last_record(txn)?.0).map(Seq) {
            let found = tables.records.get(txn, &seq.0);
            let found = found.map_err(|_| Error::Corrupt("a page with records cannot be read"))?;
            let Some(bytes) = found else { continue };
            audit.events += 1;
            audit.unsettled += u64::from(seq > settled);
            if seq > last {
                audit.note(Fault::UnknownSeq(seq));
            }
            let record = tables.parse(bytes);
            see(seq, record);
            let Some(record) = record else {
                audit.note(Fault::UnreadableRecord(seq));
                continue;
            };
            keys.fill(&record);
            let position = Position::of(&record.head());
            for (index, key) in keys.iter() {
                if tables.index(index).get(txn, key)?.is_some_and(|there| is_of(there, seq, keys)) {
                    *in_tables.entry(index).or_default() += 1;
                } else if seq > settled && indexes.is_in_memory(index, key, (position, seq))? {
                    audit.entries += 1;
                } else if seq <= settled || unsettled == Unsettled::Here {
                    audit.note(Fault::MissingEntry(seq, index.name()));
                }
            }
        }
        Ok(())
    }

    /// Entries of removed records, which are yet to go.
    fn leaving(&mut self, indexes: &Indexes<'_>) -> Result<(), Error> {
        for entry in indexes.tables.leaving.iter(indexes.txn)? {
            let (seq, bytes) = entry?;
            let Some(record) = RecordView::parse(bytes) else { continue };
            self.keys.fill(&record);
            for (index, key) in self.keys.iter() {
                let there = indexes.tables.index(index).get(indexes.txn, key)?;
                if there.is_some_and(|there| there.seq.0 == seq) {
                    *self.in_tables.entry(index).or_default() += 1;
                }
            }
        }
        Ok(())
    }
}

fn find_strays(
    indexes: &Indexes<'_>,
    index: Index,
    audit: &mut Audit,
    keys: &mut RecordKeys,
) -> Result<(), Error> {
    for entry in indexes.tables.index(index).iter(indexes.txn)? {
        let (key, Pointer { seq, .. }) = entry?;
        let bytes = match indexes.tables.records.get(indexes.txn, &seq.0)? {
            Some(bytes) => Some(bytes),
            None => indexes.tables.leaving.get(indexes.txn, &seq.0)?,
        };
        let record = bytes.and_then(RecordView::parse);
        if !record.is_some_and(|record| has_key(keys, &record, index, key)) {
            audit.note(Fault::StrayEntry(seq, index.name()));
        }
    }
    Ok(())
}

/// An entry in memory may belong to a record that is gone or not committed yet, but to no other than it says.
fn find_young_strays(
    indexes: &Indexes<'_>,
    index: Index,
    audit: &mut Audit,
    keys: &mut RecordKeys,
) -> Result<(), Error> {
    indexes.for_each_in_memory(index, |key, seq, change| {
        if change == Change::Delete {
            return Ok(());
        }
        let record = indexes.tables.records.get(indexes.txn, &seq.0)?.and_then(RecordView::parse);
        if record.is_some_and(|record| !has_key(keys, &record, index, key)) {
            audit.note(Fault::StrayEntry(seq, index.name()));
        }
        Ok(())
    })
}

/// A wrong hint would keep a match from being found.
fn is_of(pointer: Pointer, seq: Seq, keys: &RecordKeys) -> bool {
    pointer.seq == seq && (pointer.hint == Hint::NONE || pointer.hint == keys.hint())
}

fn has_key(keys: &mut RecordKeys, record: &RecordView<'_>, index: Index, key: &[u8]) -> bool {
    keys.fill(record);
    keys.iter().any(|own| own == (index, key))
}

#[cfg(test)]
mod tests;
