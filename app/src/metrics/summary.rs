//! The numbers that the administration draws: some of the metrics, as JSON. The page makes rates of what only grows.

use serde_json::{Map, Value, json};

use crate::relay::Shared;

/// The numbers as they are now. Asks the store.
pub(crate) fn summary(shared: &Shared) -> Value {
    let session = shared.services.counts.snapshot();
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
        "bytes": { "received": received, "sent": sent },
    })
}

fn by_name<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Map<String, Value> {
    counts.map(|(name, count)| (name.to_owned(), count.into())).collect()
}
