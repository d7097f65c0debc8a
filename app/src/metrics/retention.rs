//! What has gone to make room, or because it was too old.

use std::fmt;

use chappe_retention::{Cause, Evicted};

use super::page::Page;
use crate::relay::Shared;

/// The rule of events that no rule speaks of. No rule can be called so.
const NO_RULE: &str = "none";

pub(super) fn write(page: &mut Page<'_>, shared: &Shared) -> fmt::Result {
    let plan = &shared.services.retention;
    page.gauge(
        "chappe_store_max_bytes",
        "Bytes that may be used, store.bytes_max; 0: as many as the map has.",
        plan.bytes_max,
    )?;
    let rules = plan.rules.iter().enumerate().map(|(place, rule)| (Some(place), rule.name.as_str()));
    let rows: Vec<_> = rules
        .chain([(None, NO_RULE)])
        .flat_map(|(place, name)| {
            [(Cause::Age, "age"), (Cause::Ceiling, "room")]
                .map(|(cause, word)| ([("rule", name), ("cause", word)], shared.evicted.get(place, cause)))
        })
        .collect();
    let of = |value: fn(&Evicted) -> u64| rows.iter().map(move |(labels, evicted)| (*labels, value(evicted)));
    page.counters(
        "chappe_evicted_events",
        "Events that were removed because they were too old, or to make room, by the rule that decided.",
        of(|evicted| evicted.events),
    )?;
    page.counters("chappe_evicted_bytes", "Bytes of their records.", of(|evicted| evicted.bytes))
}
