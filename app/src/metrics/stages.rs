//! How long the stages of an event's way take, and what waits before them.

use std::fmt;

use chappe_counters::Sums;

use super::page::Page;

/// How long each stage took, by its name.
pub(super) const fn stages<'a>(
    session: &'a chappe_session::Snapshot,
    processing: &'a chappe_processing::Snapshot,
) -> [(&'static str, &'a Sums); 6] {
    [
        ("validate", &session.validating),
        ("authorize", &session.authorizing),
        ("wait", &processing.waiting),
        ("commit", &processing.committing),
        ("match", &processing.matching),
        ("deliver", &session.delivering),
    ]
}

pub(super) fn write(
    page: &mut Page<'_>,
    session: &chappe_session::Snapshot,
    processing: &chappe_processing::Snapshot,
) -> fmt::Result {
    page.histograms(
        "chappe_stage_seconds",
        "How long a stage of an event's way took; commit and match count batches, deliver deliveries.",
        stages(session, processing).map(|(stage, sums)| ([("stage", stage)], sums)),
    )?;
    page.histograms(
        "chappe_request_seconds",
        "From the turn of a REQ to its EOSE, of a COUNT to its answer; a client that reads slowly makes it long.",
        session.answering.iter().map(|(request, sums)| ([("type", request.as_str())], sums)),
    )?;
    page.counter(
        "chappe_committed_events",
        "Events in all batches that the writer took to the store, divided by the commits: how many share one.",
        processing.events_batched,
    )?;
    page.counter(
        "chappe_matches",
        "Subscriptions that new events matched: deliveries before visibility is asked.",
        processing.matches,
    )?;
    page.gauge("chappe_subscriptions", "Open subscriptions.", processing.subscriptions)?;
    page.gauge(
        "chappe_write_queue_events",
        "Events that wait for the writer to take them up.",
        processing.queued_events,
    )?;
    page.gauge(
        "chappe_write_queue_bytes",
        "Bytes of messages whose events are queued or being written; limits.write_queue_bytes_max bounds them.",
        processing.queued_bytes,
    )
}
