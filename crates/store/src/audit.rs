//! Checking that the store's tables agree with each other, record by record and entry by entry.

use std::collections::HashMap;
use std::fmt;

use foldhash::fast::RandomState;
use heed::RoTxn;

use crate::error::Error;
use crate::keys::RecordKeys;
use crate::record::RecordView;
use crate::store::{Seq, Store};
use crate::tables::Index;

/// How many faults are listed; all are counted.
const FAULTS_LISTED_MAX: usize = 100;

/// What an [audit](Store::audit) found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// Records looked at.
    pub events: u64,
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

impl Store {
    /// Reads every record, looks up each index entry it must have, and counts the entries. Takes as long as the store
    /// is big.
    ///
    /// One read transaction, so it sees one commit; writing goes on meanwhile, but pages it frees are not used again
    /// until this is over.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`]. Damage is not an error here but a [`Fault`].
    pub fn audit(&self) -> Result<Audit, Error> {
        let txn = self.env.read_txn()?;
        let (mut audit, mut keys) = (Audit::default(), RecordKeys::default());
        let mut expected: HashMap<Index, u64, RandomState> = HashMap::default();
        let last = self.tables.last_seq(&txn)?;
        for entry in self.tables.records.iter(&txn)? {
            let (seq, bytes) = entry.map(|(seq, bytes)| (Seq(seq), bytes))?;
            audit.events += 1;
            if seq > last {
                audit.note(Fault::UnknownSeq(seq));
            }
            let Some(record) = RecordView::parse(bytes) else {
                audit.note(Fault::UnreadableRecord(seq));
                continue;
            };
            keys.fill(&record);
            for (index, key) in keys.iter() {
                *expected.entry(index).or_default() += 1;
                if self.tables.index(index).get(&txn, key)? != Some(seq.0) {
                    audit.note(Fault::MissingEntry(seq, index.name()));
                }
            }
        }
        // No two records have the same entry without a fault being noted above. So without one, an index with as many
        // entries as the records have in it has no others, and need not be read.
        let is_sound = audit.is_clean();
        for index in Index::ALL {
            let entries = self.tables.index(index).len(&txn)?;
            audit.entries += entries;
            if !is_sound || entries != expected.get(&index).copied().unwrap_or_default() {
                self.find_strays(&txn, index, &mut audit, &mut keys)?;
            }
        }
        Ok(audit)
    }

    fn find_strays(
        &self,
        txn: &RoTxn<'_>,
        index: Index,
        audit: &mut Audit,
        keys: &mut RecordKeys,
    ) -> Result<(), Error> {
        for entry in self.tables.index(index).iter(txn)? {
            let (key, seq) = entry?;
            let record = self.tables.records.get(txn, &seq)?.and_then(RecordView::parse);
            let accounts_for_it = record.is_some_and(|record| {
                keys.fill(&record);
                keys.iter().any(|own| own == (index, key))
            });
            if !accounts_for_it {
                audit.note(Fault::StrayEntry(Seq(seq), index.name()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
