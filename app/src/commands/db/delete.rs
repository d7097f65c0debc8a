//! `chappe db delete`.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

use chappe_protocol::{EventId, Filter, Timestamp};
use chappe_store::{QueryBounds, Return, Seq, Step, Store, query};

use super::DbError;
use crate::commands::progress::{Progress, Unit};
use crate::figures::{bytes, grouped, many};

/// Events that are removed by one commit.
const AT_ONCE: usize = 500;
const STEP: Step = Step { events_max: AT_ONCE, scans_max: 16 * 1024 };
/// Nothing has expired then: what waits to be swept is looked at too.
const BEFORE_ALL: Timestamp = Timestamp(0);

/// Whether to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Only say what would be removed.
    Try,
    Remove(Return),
}

/// Says what matches, by kind, and removes it if that is asked for.
pub(super) fn run(store: &Store, filter: &Filter, deed: Deed, mut out: impl Write) -> Result<(), DbError> {
    let mut ids = Vec::new();
    let mut kinds: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    let mut asked = query(vec![filter.clone()], QueryBounds::unlimited(Seq(u64::MAX)));
    loop {
        let progress = asked.advance(store, BEFORE_ALL, STEP, &mut |_| true, &mut |record| {
            let head = record.head();
            ids.push(head.id);
            let (events, size) = kinds.entry(head.kind.0).or_default();
            (*events, *size) = (*events + 1, *size + record.bytes() as u64);
            ControlFlow::Continue(())
        });
        if let chappe_store::Progress::Done(_) = progress.map_err(DbError::Store)? {
            break;
        }
    }
    for (kind, (events, size)) in &kinds {
        writeln!(out, "kind {kind:<6}{:>12} events  {}", grouped(*events), bytes(*size))
            .map_err(DbError::Write)?;
    }
    let said = match deed {
        Deed::Try => {
            let verb = if ids.len() == 1 { "matches" } else { "match" };
            let matching = many(ids.len() as u64, "event");
            format!("{matching} {verb}; nothing was removed: --yes does it")
        }
        Deed::Remove(may_return) => format!("{} removed", many(remove(store, &ids, may_return)?, "event")),
    };
    writeln!(out, "{said}").map_err(DbError::Write)
}

fn remove(store: &Store, ids: &[EventId], may_return: Return) -> Result<u64, DbError> {
    let mut progress = Progress::new("delete", Unit::Events, Some(ids.len() as u64));
    let mut removed = 0;
    for some in ids.chunks(AT_ONCE) {
        let done = store.remove(some, may_return);
        removed += done.map_err(|error| DbError::Stopped { removed, error })? as u64;
        progress.show(removed, String::new);
    }
    progress.clear();
    Ok(removed)
}
