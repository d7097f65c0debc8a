//! What happens here: numbers, and who did what.

use serde_json::{Value, json};

use crate::CallError;
use crate::call::Act;
use crate::packed::Place;
use crate::values::AuditEntry;

pub(super) fn stats(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    let numbers = act.around.numbers();
    let usage = act.desk.store().usage()?;
    let state = act.state;
    Ok(json!({
        "connections": numbers.connections,
        "subscriptions": numbers.subscriptions,
        "events_stored": usage.events,
        "bytes_used": usage.bytes_used,
        "uptime_seconds": numbers.uptime_seconds,
        "members": state.members.len(),
        "invites": state.invites.len(),
        "allowed_pubkeys": state.allowed_keys.len(),
        "banned_pubkeys": state.banned_keys.len(),
        "banned_events": state.banned_events.len(),
        "blocked_ips": state.blocked_addresses.len(),
        "reports": state.reports.len(),
    }))
}

/// What is configured and where each value comes from.
pub(super) fn list_settings(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    Ok(json!(act.around.settings()))
}

/// Newest first. `after` is the `number` of the last entry of the page before.
pub(super) fn list_audit(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| value.as_u64().map(Place))?;
    let before = start.unwrap_or(Place(u64::MAX));
    let entries = act.state.audit.range(..before).rev().take(page.entries_max);
    let entry = |(place, entry): (&Place, &AuditEntry)| {
        json!({
            "number": place.0,
            "at": entry.at.0,
            "pubkey": entry.by.to_string(),
            "method": entry.method,
            "params": entry.params,
        })
    };
    Ok(entries.map(entry).collect())
}
