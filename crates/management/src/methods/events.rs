//! Events that are to be hidden, or gone.

use chappe_protocol::EventId;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::state::Edit;
use crate::stored::find;
use crate::values::{Report, ReportStanding, Reported};

pub(super) fn ban(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let (id, note) = (params.event_id(0)?, act.note(params.reason(1)?));
    act.edits.push(Edit::BannedEvent(id, Some(note)));
    forget_reports(act, id);
    done()
}

/// Has it leave the store, without a mark: whoever has it may send it again, unless it is banned as well. Its author may not
/// stand above the caller, and what the relay says of its members and roles is not for anybody to take away.
pub(super) fn delete(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let id = params.event_id(0)?;
    params.reason(1)?;
    let found = find(act.desk.store(), id)?;
    let event = found.ok_or_else(|| CallError::Refused("this event is not stored here".to_owned()))?;
    if event.author == act.desk.keys().public() {
        return Err(CallError::Refused("this event is the relay's own".to_owned()));
    }
    if event.author != act.caller {
        act.must_outrank(&event.author)?;
    }
    act.removal = Some(event);
    forget_reports(act, id);
    done()
}

/// What was decided about needs no further look.
fn forget_reports(act: &mut Act<'_>, id: EventId) {
    if act.state.reports.contains_key(&Reported::Event(id)) {
        act.edits.push(Edit::Reporting(Reported::Event(id), None));
    }
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

#[cfg(test)]
mod tests;
