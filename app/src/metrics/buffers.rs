//! The pool of buffers, by class.

use std::fmt;

use chappe_buffers::{ClassSnapshot, Snapshot};

use super::page::{Label, Page};

type Row<'a> = ([Label<'a>; 1], u64);

pub(super) fn write(page: &mut Page<'_>, pool: &Snapshot) -> fmt::Result {
    let class = |class: &ClassSnapshot| ("class", class.class.name());
    let rows = |value: fn(&ClassSnapshot) -> u64| -> Vec<Row<'static>> {
        pool.classes.iter().map(|of| ([class(of)], value(of))).collect()
    };
    let acquired = pool.classes.iter().flat_map(|of| {
        let sources = [("thread", of.from_thread), ("shared", of.from_shared), ("created", of.created)];
        sources.map(|(source, count)| ([class(of), ("source", source)], count))
    });
    page.counters("chappe_buffers_acquired", "Buffers lent, by where they came from.", acquired)?;
    page.counters(
        "chappe_buffers_returned",
        "Buffers that came back and were kept.",
        rows(|of| of.returned),
    )?;
    page.counters(
        "chappe_buffers_discarded",
        "Buffers that came back and were freed: too large, too small, or no room.",
        rows(|of| of.discarded),
    )?;
    page.counters(
        "chappe_buffers_trimmed",
        "Buffers freed after they had been kept for a while.",
        rows(|of| of.trimmed),
    )?;
    page.counters(
        "chappe_buffers_outgrown",
        "Buffers that came back grown into a larger class.",
        rows(|of| of.outgrown),
    )?;
    page.gauges("chappe_buffers_in_use", "Buffers lent now.", rows(|of| of.in_use))?;
    page.gauges(
        "chappe_buffers_in_use_peak",
        "The most buffers that were lent at the same time.",
        rows(|of| of.in_use_peak),
    )?;
    page.gauges(
        "chappe_buffers_in_use_bytes",
        "Capacity of the buffers lent now, as it was when they were lent.",
        rows(|of| of.bytes_in_use),
    )?;
    page.gauges("chappe_buffers_kept", "Idle buffers.", rows(|of| of.kept))?;
    page.gauges("chappe_buffers_kept_bytes", "Capacity of the idle buffers.", rows(|of| of.bytes_kept))?;
    page.gauge(
        "chappe_buffers_kept_max_bytes",
        "The most that idle buffers of all classes may take.",
        pool.kept_bytes_max,
    )?;
    // A class that lent nothing yet has no rate.
    let rates = pool.classes.iter().filter_map(|of| Some(([class(of)], of.hit_rate()?)));
    page.ratios("chappe_buffers_hit_ratio", "The part of all buffers lent that needed no allocation.", rates)
}
