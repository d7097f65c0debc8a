//! The store, and what is decided by.

use std::fmt;

use chappe_store::{Saved, Store};
use chappe_validation::KeyLookups;

use super::page::Page;
use crate::relay::Shared;

pub(super) fn write(page: &mut Page<'_>, shared: &Shared) -> fmt::Result {
    // What cannot be asked is left out, so that nobody takes it for empty; the failure is in the log of whoever needs it.
    let usage = shared.services.store.usage().ok();
    let of = |value: fn(chappe_store::Usage) -> u64| usage.map(|usage| ([], value(usage)));
    page.gauges(
        "chappe_store_events",
        "Stored events, expired ones included that are not swept yet.",
        of(|usage| usage.events),
    )?;
    page.gauges(
        "chappe_store_used_bytes",
        "Bytes of the map that hold something, or are going to.",
        of(|usage| usage.bytes_used),
    )?;
    page.gauges(
        "chappe_store_map_bytes",
        "Bytes of the map (store.map_bytes): the most that the store can hold.",
        of(|usage| usage.map_bytes),
    )?;
    disk(page, shared)?;
    saved(page, &shared.services.store)?;
    let KeyLookups { hits, misses } = shared.services.verifier.key_lookups();
    page.counters(
        "chappe_cache_lookups",
        "Looks into what is remembered so as not to be made again, by what came of them.",
        [("hit", hits), ("miss", misses)]
            .map(|(result, count)| ([("cache", "author_keys"), ("result", result)], count)),
    )?;
    page.gauge(
        "chappe_ready",
        "Whether the relay is ready to serve, as /readyz says: 1 or 0.",
        shared.unready().is_empty().into(),
    )?;
    page.gauge(
        "chappe_policy_stale",
        "Whether a policy file has a fault, so that what it said before is still in force: 1 or 0.",
        shared.services.management.is_policy_stale().into(),
    )
}

fn saved(page: &mut Page<'_>, store: &Store) -> fmt::Result {
    let Saved { events, plain_bytes, kept_bytes } = store.saved();
    page.gauge(
        "chappe_store_dictionaries",
        "Dictionaries that stored events are compressed by.",
        store.dictionaries() as u64,
    )?;
    page.counters("chappe_store_compressed_events", "Events that were stored compressed.", [([], events)])?;
    page.counters(
        "chappe_store_compressed_plain_bytes",
        "Bytes that those have when they are served.",
        [([], plain_bytes)],
    )?;
    page.counters(
        "chappe_store_compression_saved_bytes",
        "Bytes that those take less on disk.",
        [([], plain_bytes.saturating_sub(kept_bytes))],
    )
}

fn disk(page: &mut Page<'_>, shared: &Shared) -> fmt::Result {
    let disk = shared.services.store.disk().ok().flatten();
    let of = |value: fn(chappe_store::Disk) -> u64| disk.map(|disk| ([], value(disk)));
    page.gauges(
        "chappe_store_disk_free_bytes",
        "Bytes that are free on the disk of the store.",
        of(|disk| disk.free_bytes),
    )?;
    page.gauges(
        "chappe_store_disk_free_min_bytes",
        "Bytes that stay free there: store.disk_free_bytes_min.",
        of(|disk| disk.free_bytes_min),
    )?;
    page.gauges(
        "chappe_store_disk_low",
        "Whether events are refused because too little is free on the disk: 1 or 0.",
        of(|disk| disk.is_low.into()),
    )
}
