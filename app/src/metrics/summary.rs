//! The numbers that the administration draws: some of the metrics, as JSON. The page makes rates of what only grows.

use std::path::Path;
use std::time::Duration;

use chappe_counters::{BOUNDS, Sums};
use serde_json::{Map, Value, json};

use super::stages::stages;
use crate::relay::Shared;

/// The numbers as they are now. Asks the store.
pub(crate) fn summary(shared: &Shared) -> Value {
    let session = shared.services.counts.snapshot();
    let processing = shared.services.processor.snapshot();
    let answers = session.answering.iter().map(|(request, sums)| (request.as_str(), sums));
    let usage = shared.services.store.usage().ok();
    let [received, sent] = shared.traffic.bytes();
    let now = shared.clock.now();
    json!({
        "at": now.0,
        "started_at": shared.started_at.0,
        "version": env!("CARGO_PKG_VERSION"),
        "unready": shared.unready().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "policy_stale": shared.services.management.is_policy_stale(),
        "connections": shared.slots.taken(),
        "connections_max": shared.slots.max(),
        "subscriptions": shared.services.processor.subscriptions(),
        "store": usage.map(|usage| json!({
            "events": usage.events, "used_bytes": usage.bytes_used, "map_bytes": usage.map_bytes,
        })),
        "accepted": by_name(session.accepted.iter().map(|(outcome, count)| (outcome.as_str(), *count))),
        "refused": by_name(session.refused.iter().map(|(prefix, count)| (prefix.as_str(), *count))),
        "requests_refused": by_name(session.requests_refused.iter().map(|(prefix, count)| (prefix.as_str(), *count))),
        "limited": by_name(session.limited.iter().map(|(limit, count)| (limit.as_str(), *count))),
        "sent": by_name(session.sent.iter().map(|(source, count)| (source.as_str(), *count))),
        "turned_away": by_name(shared.traffic.turned().map(|(why, count)| (why.as_str(), count))),
        "bounds_seconds": BOUNDS.map(|bound| Duration::from_nanos(bound).as_secs_f64()),
        "stages": buckets(stages(&session, &processing).into_iter()),
        "answers": buckets(answers),
        "disk": disk(shared.data_dir()),
        "bytes": { "received": received, "sent": sent },
    })
}

/// How many took how long, by name; the bounds are told beside it.
fn buckets<'a>(sums: impl Iterator<Item = (&'a str, &'a Sums)>) -> Map<String, Value> {
    sums.map(|(name, sums)| (name.to_owned(), json!(sums.buckets))).collect()
}

/// How much there is of the disk that the events are on, and how much of it is free; nothing where the system does not say.
fn disk(directory: &Path) -> Value {
    let Ok(disk) = rustix::fs::statvfs(directory) else { return Value::Null };
    json!({
        "free_bytes": disk.f_bavail.saturating_mul(disk.f_frsize),
        "total_bytes": disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

fn by_name<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Map<String, Value> {
    counts.map(|(name, count)| (name.to_owned(), count.into())).collect()
}
