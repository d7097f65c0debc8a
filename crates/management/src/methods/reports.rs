//! The moderation queue: what people have reported (NIP-56).

use chappe_protocol::{EventId, PublicKey};
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::params::wrong;
use crate::state::Edit;
use crate::values::{Report, ReportStanding, Reported};

pub(super) fn list_events(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| EventId::from_hex(value.as_str()?.as_bytes()).ok())?;
    let open = open_after(act, start.map(Reported::Event)).filter_map(|(reported, report)| match reported {
        // Its author may have deleted it.
        Reported::Event(_) if !act.desk.is_here(reported) => None,
        Reported::Event(id) => Some(described(report, "id", &id.to_string())),
        Reported::Key(_) => None,
    });
    Ok(open.take(page.entries_max).collect())
}

pub(super) fn list_keys(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| PublicKey::from_hex(value.as_str()?.as_bytes()).ok())?;
    let open = open_after(act, start.map(Reported::Key)).filter_map(|(reported, report)| match reported {
        Reported::Key(key) => Some(described(report, "pubkey", &key.to_string())),
        Reported::Event(_) => None,
    });
    Ok(open.take(page.entries_max).collect())
}

/// Settles what was reported about a key; `allowevent` does it for an event.
pub(super) fn dismiss(act: &mut Act<'_>) -> Result<Value, CallError> {
    let reported = Reported::Key(act.params.at_most(1)?.key(0)?);
    let report = act.state.reports.get(&reported).ok_or_else(|| wrong(0, "a key that was reported"))?;
    let settled = Report { standing: ReportStanding::Settled, ..report.clone() };
    act.edits.push(Edit::Reporting(reported, Some(settled)));
    done()
}

fn open_after<'a>(
    act: &Act<'a>,
    start: Option<Reported>,
) -> impl Iterator<Item = (&'a Reported, &'a Report)> {
    let entries = act.state.reports.range(after(start));
    entries.filter(|(_, report)| report.standing == ReportStanding::Open)
}

fn described(report: &Report, name: &str, hex: &str) -> Value {
    json!({
        name: hex,
        "reason": report.reason,
        "reports": report.reporters.len(),
        "first_at": report.first_at.0,
    })
}
