//! How the store's queries were answered, and what that took.

use std::fmt;

use chappe_store::{Cost, QueryCounts};

use super::page::Page;

pub(super) fn write(page: &mut Page<'_>, counts: &QueryCounts) -> fmt::Result {
    let QueryCounts { by_ids, by_time, by_kinds, by_authors, by_tags, retreats, cost } = *counts;
    let plans =
        [("ids", by_ids), ("time", by_time), ("kinds", by_kinds), ("authors", by_authors), ("tags", by_tags)];
    page.counters(
        "chappe_query_filters",
        "Filters answered from the store, by what was looked through; the relay's own questions included.",
        plans.map(|(plan, count)| ([("plan", plan)], count)),
    )?;
    page.counter(
        "chappe_query_retreats",
        "How often looking through the newest events was given up, and authors were merged instead.",
        retreats,
    )?;
    let Cost { look_ups, skipped, records, events } = cost;
    let costs = [("look_up", look_ups), ("skipped", skipped), ("record", records), ("event", events)];
    page.counters(
        "chappe_query_steps",
        "What queries took: look-ups in indexes, entries skipped, records read, events found.",
        costs.map(|(step, count)| ([("step", step)], count)),
    )
}
