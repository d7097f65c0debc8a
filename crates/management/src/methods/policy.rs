//! The policy file, as it is and read again.

use chappe_authorization::{Differed, Difference, ShadowCounts};
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, done};

/// The text of the file in force; null when none is configured.
pub(super) fn get(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    Ok(json!(act.desk.policy_text().as_deref()))
}

/// The shadow policy, and how it differs from the one in force: counted since it was read, with the last events to be
/// written that it differed about. Null when there is none.
pub(super) fn get_shadow(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    let Some(shadow) = act.desk.live().load().shadow().cloned() else { return Ok(Value::Null) };
    let differed = shadow.remembered().iter().map(differed).collect::<Vec<_>>();
    Ok(json!({
        "text": act.desk.shadow_text(),
        "writes": counts(shadow.writes()),
        "reads": counts(shadow.reads()),
        "differed": differed,
    }))
}

fn counts(counts: ShadowCounts) -> Value {
    let ShadowCounts { agreed, only_policy_denies, only_shadow_denies } = counts;
    json!({
        "agreed": agreed, "only_policy_denies": only_policy_denies, "only_shadow_denies": only_shadow_denies,
    })
}

fn differed(event: &Differed) -> Value {
    let Differed { at, id, author, kind, difference, because } = event;
    let denied_by = match difference {
        Difference::OnlyPolicyDenies => "policy",
        Difference::OnlyShadowDenies => "shadow",
    };
    json!({
        "at": at.0,
        "id": id.to_string(),
        "pubkey": author.to_string(),
        "kind": kind.0,
        "denied_by": denied_by,
        "because": because,
    })
}

/// The old file stays in force when there is a fault in the new one; the answer names it.
pub(super) fn reload(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    act.desk.reload_policy(act.now).map_err(|error| CallError::Refused(error.to_string()))?;
    done()
}
