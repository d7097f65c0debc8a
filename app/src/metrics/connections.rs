//! Connections, and what goes over them.

use std::fmt;

use super::page::Page;
use crate::relay::Shared;

pub(super) fn write(page: &mut Page<'_>, shared: &Shared) -> fmt::Result {
    let traffic = &shared.traffic;
    let [received, sent] = traffic.bytes();
    page.gauge("chappe_connections", "Open connections of all sorts.", shared.slots.taken() as u64)?;
    page.gauge(
        "chappe_connections_max",
        "Connections that may be open: limits.connections_max, or what the system has descriptors for.",
        shared.slots.max().into(),
    )?;
    page.counter(
        "chappe_websockets_opened",
        "Connections that became WebSocket connections.",
        traffic.opened(),
    )?;
    page.counters(
        "chappe_websockets_ended",
        "WebSocket connections that ended, by why.",
        traffic.ended().map(|(ending, count)| ([("reason", ending.as_str())], count)),
    )?;
    page.counters(
        "chappe_connections_refused",
        "Connections and HTTP requests that were turned away before anything else, by why.",
        traffic.turned().map(|(turned, count)| ([("reason", turned.as_str())], count)),
    )?;
    page.counter(
        "chappe_websocket_received_bytes",
        "Bytes of the frames that WebSocket clients sent, compressed as they came; without what TLS adds.",
        received,
    )?;
    page.counter(
        "chappe_websocket_sent_bytes",
        "Bytes of the frames that WebSocket clients were sent, compressed as they went; without what TLS adds.",
        sent,
    )?;
    page.gauges(
        "chappe_certificate_expiry_timestamp_seconds",
        "When the TLS certificate in force expires, in seconds since 1970; nothing without one.",
        shared.tls.as_ref().and_then(|tls| tls.expires_at()).map(|at| ([], at)),
    )
}
