//! Banned events.

use chappe_protocol::EventId;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::state::Edit;
use crate::values::{Report, ReportStanding, Reported};

pub(super) fn ban(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let (id, note) = (params.event_id(0)?, act.note(params.reason(1)?));
    act.edits.push(Edit::BannedEvent(id, Some(note)));
    if act.state.reports.contains_key(&Reported::Event(id)) {
        act.edits.push(Edit::Reporting(Reported::Event(id), None));
    }
    done()
}

/// Undoes `banevent`, and settles what was reported about the event.
pub(super) fn allow(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let id = params.event_id(0)?;
    params.reason(1)?;
    act.edits.push(Edit::BannedEvent(id, None));
    if let Some(report) = act.state.reports.get(&Reported::Event(id)) {
        let settled = Report { standing: ReportStanding::Settled, ..report.clone() };
        act.edits.push(Edit::Reporting(Reported::Event(id), Some(settled)));
    }
    done()
}

pub(super) fn list_banned(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| EventId::from_hex(value.as_str()?.as_bytes()).ok())?;
    let entries = act.state.banned_events.range(after(start)).take(page.entries_max);
    Ok(entries.map(|(id, note)| json!({"id": id.to_string(), "reason": note.reason})).collect())
}
