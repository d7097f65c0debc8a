//! What compression saves, and what it keeps for that. Nothing where it is switched off.

use std::fmt;

use chappe_frames::Compressed;

use super::page::{Label, Page};
use crate::relay::Shared;

pub(super) fn write(page: &mut Page<'_>, shared: &Shared) -> fmt::Result {
    let compression = shared.compression.as_ref();
    let both = compression.map(|both| {
        [("received", both.inflater.tally().sum()), ("sent", both.compressor.sent())]
            .map(|(direction, compressed)| ([("direction", direction)], compressed))
    });
    let rows = |of: fn(Compressed) -> u64| -> Vec<([Label<'static>; 1], u64)> {
        both.into_iter().flatten().map(|(labels, compressed)| (labels, of(compressed))).collect()
    };
    page.counters(
        "chappe_compressed_messages",
        "Messages of WebSocket clients that came or went compressed.",
        rows(|compressed| compressed.messages),
    )?;
    page.counters(
        "chappe_compressed_plain_bytes",
        "Bytes of the messages that came or went compressed, as text.",
        rows(|compressed| compressed.plain_bytes),
    )?;
    page.counters(
        "chappe_compression_saved_bytes",
        "Bytes by which those messages were shorter on their way.",
        rows(|compressed| compressed.plain_bytes.saturating_sub(compressed.deflated_bytes)),
    )?;
    let remembered = compression.map(|both| both.compressor.remembered());
    page.counters(
        "chappe_compressed_events",
        "Events that were compressed; each is remembered for whoever is sent it next.",
        remembered.map(|remembered| ([], remembered.compressed)),
    )?;
    page.gauges(
        "chappe_compressed_events_kept",
        "Compressed events that are remembered.",
        remembered.map(|remembered| ([], remembered.events as u64)),
    )?;
    page.gauges(
        "chappe_compressed_events_kept_bytes",
        "What they take; compression.events_bytes_max bounds it.",
        remembered.map(|remembered| ([], remembered.bytes as u64)),
    )
}
