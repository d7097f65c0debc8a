//! Bringing a store of an earlier layout up to date, when it is opened to write.
//!
//! Layout 1 is one of layout 2 whose entries are all in their tables. In layout 2 every tag of an event had an entry in
//! `by_tag`; in layout 3 those of the common kinds are in `by_tag_kind` alone, and the others of them go. `meta` says what
//! the layout was until that is done, and nobody reads the store before; one that was killed begins again with those that are
//! left. Docs/decisions/0033-common-kinds.md says why.

use std::ops::Bound;

use heed::{Env, RoTxn, RwTxn, WithoutTls};

use crate::env::SCHEMA;
use crate::error::Error;
use crate::hint::Hint;
use crate::keys::COMMON_KINDS;
use crate::record::RecordView;
use crate::tables::{
    Index, META_BEGUN, META_FROM, META_LAST_SEQ, META_SCHEMA, META_SETTLED, Pointer, Tables,
};

/// The layout in which all index entries were in their tables.
const SCHEMA_ALL_SETTLED: u64 = 1;

/// So many entries are looked at in one transaction: what bounds its memory and its pages.
const STEP_ENTRIES: usize = 64 << 10;

/// How far the store has been brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The layout that it had.
    pub from: u64,
    /// Index entries looked at.
    pub entries: u64,
    /// How many there are to look at.
    pub total: u64,
}

/// Notes in the store which layout it had. From here on no earlier version opens it, and this one does not read it before
/// [`finish`] has come to its end.
pub(crate) fn begin(tables: &Tables<'_>, txn: &mut RwTxn<'_>, found: u64) -> heed::Result<()> {
    if found >= SCHEMA {
        return Ok(());
    }
    if found == SCHEMA_ALL_SETTLED {
        let last = tables.meta.get(txn, META_LAST_SEQ)?.unwrap_or_default();
        tables.meta.put(txn, META_SETTLED, &last)?;
        tables.meta.put(txn, META_BEGUN, &last)?;
    }
    tables.meta.put(txn, META_FROM, &found)?;
    tables.meta.put(txn, META_SCHEMA, &SCHEMA)
}

/// Does what is left to do, if there is anything, and tells how far it is before the first step and after each.
pub(crate) fn finish(
    env: &Env<WithoutTls>,
    tables: &Tables<'static>,
    tell: &mut dyn FnMut(Migrated),
) -> Result<(), Error> {
    let txn = env.read_txn()?;
    let (from, total) = (tables.meta.get(&txn, META_FROM)?, tables.index(Index::Tag).len(&txn)?);
    drop(txn);
    let Some(from) = from else { return Ok(()) };
    let (mut migrated, mut place) = (Migrated { from, entries: 0, total }, None);
    tell(migrated);
    loop {
        let entries = step(env, tables, &mut place, STEP_ENTRIES)?;
        migrated.entries += entries as u64;
        tell(migrated);
        if entries < STEP_ENTRIES {
            return Ok(());
        }
    }
}

/// Removes the entries of common kinds among the next ones of `by_tag`, in one transaction, and says how many it has looked at.
/// When there were fewer than it might look at, the store is one of today's layout.
fn step(
    env: &Env<WithoutTls>,
    tables: &Tables<'static>,
    place: &mut Option<Vec<u8>>,
    entries_max: usize,
) -> Result<usize, Error> {
    let (mut txn, by_tag) = (env.write_txn()?, tables.index(Index::Tag));
    let after = place.take();
    let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let (mut entries, mut surplus) = (0, Vec::new());
    for entry in by_tag.range(&txn, &(start, Bound::Unbounded))?.take(entries_max) {
        let (key, pointer) = entry?;
        entries += 1;
        if is_common(tables, &txn, pointer)? {
            surplus.push(key.to_vec());
        }
        if entries == entries_max {
            *place = Some(key.to_vec());
        }
    }
    for key in &surplus {
        by_tag.delete(&mut txn, key)?;
    }
    if entries < entries_max {
        tables.meta.delete(&mut txn, META_FROM)?;
    }
    txn.commit()?;
    Ok(entries)
}

/// Whether an entry is of an event of a common kind. One without a hint asks the record, or what is left of it; where there
/// is neither it is no event's, and stays for the audit to find.
fn is_common(tables: &Tables<'static>, txn: &RoTxn<'_>, pointer: Pointer) -> Result<bool, Error> {
    if pointer.hint != Hint::NONE {
        return Ok(COMMON_KINDS.contains(&pointer.hint.kind()));
    }
    let bytes = match tables.records.get(txn, &pointer.seq.0)? {
        Some(bytes) => Some(bytes),
        None => tables.leaving.get(txn, &pointer.seq.0)?,
    };
    Ok(bytes.and_then(RecordView::parse).is_some_and(|record| COMMON_KINDS.contains(&record.head().kind)))
}

#[cfg(test)]
mod tests;
