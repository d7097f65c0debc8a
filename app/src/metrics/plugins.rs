//! External checks.

use std::fmt;
use std::sync::Arc;

use super::page::Page;
use crate::plugins::Tally;

pub(super) fn write(page: &mut Page<'_>, tallies: &[Arc<Tally>]) -> fmt::Result {
    let answering: Vec<_> = tallies.iter().map(|tally| (tally.name(), tally.answering())).collect();
    page.histograms(
        "chappe_plugin_seconds",
        "From an event's coming to a plugin or script until its answer, the wait for others before it included.",
        answering.iter().map(|(name, sums)| ([("program", *name)], sums)),
    )?;
    page.counters(
        "chappe_plugin_answers",
        "Answers of a plugin or script, by what it wants done with the event.",
        tallies.iter().flat_map(|tally| {
            tally
                .verdicts()
                .map(|(verdict, count)| ([("program", tally.name()), ("verdict", verdict)], count))
        }),
    )?;
    page.counters(
        "chappe_plugin_failures",
        "Events that a plugin or script gave no answer for, by why; policy.on_failure decides about them.",
        tallies.iter().flat_map(|tally| {
            tally.failures().map(|(reason, count)| ([("program", tally.name()), ("reason", reason)], count))
        }),
    )?;
    page.counters(
        "chappe_plugin_starts",
        "How often a plugin or script was started.",
        tallies.iter().map(|tally| ([("program", tally.name())], tally.starts())),
    )?;
    page.gauges(
        "chappe_plugin_waiting",
        "Events that wait for the answer of a plugin or script.",
        tallies.iter().map(|tally| ([("program", tally.name())], tally.waiting())),
    )
}
