//! The store, and what is decided by.

use std::fmt;

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
