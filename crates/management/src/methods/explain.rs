//! Why an event or a filter is allowed or not.

use std::net::IpAddr;
use std::sync::Arc;

use chappe_authorization::{Access, Explanation, Meters, Peer, Viewer};
use chappe_codec::Scratch;
use chappe_policy::Policy;
use chappe_protocol::{PublicKey, Refusal, Timestamp};
use serde_json::{Map, Value, json};

use crate::CallError;
use crate::call::Act;

/// What may stand in a question.
const FIELDS: [&str; 5] = ["event", "filter", "as", "address", "policy"];

pub(super) fn explain(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(1)?;
    let question = params.get(0).unwrap_or(&Value::Null);
    explain_by(&act.desk.live().load_full(), act.desk.meters(), question, act.now)
}

/// Explains what would become of an event or a filter: `{"event": {...}}` or `{"filter": {...}}`, with `as` (the keys
/// signed in with, in hex), `address`, and `policy` (the text of a policy file to take instead of the one in force).
///
/// Fields that the event lacks are made up: the first key that is signed in is its author, now is its time. Id and
/// signature are not looked at. The answer holds `write` and `read` for an event, `ask` for a filter: for each the
/// `steps`, the `verdict` in words, and whether it is `allowed`.
///
/// # Errors
///
/// [`CallError::Params`] for a question that cannot be read.
pub fn explain_by(
    access: &Access,
    meters: &Meters,
    question: &Value,
    now: Timestamp,
) -> Result<Value, CallError> {
    let Value::Object(question) = question else { return Err(wrong("expected an object")) };
    if let Some(unknown) = question.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(wrong(&format!("{unknown:?} is none of {}", FIELDS.join(", "))));
    }
    let peer = peer(question)?;
    let access = with_policy(access, question)?;
    match (question.get("event"), question.get("filter")) {
        (Some(event), None) => explain_event(&access, meters, event, &peer, now),
        (None, Some(filter)) => {
            let filter = chappe_codec::decode_filter(filter.to_string().as_bytes())
                .map_err(|malformed| refused("filter", &malformed.reason.into()))?;
            Ok(json!({ "ask": told(&access.explain_filter(&filter, &peer.viewer)) }))
        }
        (Some(_), Some(_)) | (None, None) => Err(wrong("either \"event\" or \"filter\" is needed")),
    }
}

fn explain_event(
    access: &Access,
    meters: &Meters,
    event: &Value,
    peer: &Peer,
    now: Timestamp,
) -> Result<Value, CallError> {
    let Value::Object(event) = event else { return Err(wrong("\"event\" has to be an object")) };
    let text = complete(event, peer, now).to_string();
    let mut scratch = Scratch::new();
    let event = chappe_codec::decode_event(text.as_bytes(), &mut scratch)
        .map_err(|malformed| refused("event", &malformed.reason.into()))?;
    let write = access.explain_write(meters, &event, text.len(), peer, now);
    let read = access.explain_read(&event.head, &peer.viewer);
    Ok(json!({ "write": told(&write), "read": told(&read) }))
}

/// The event with all that it lacks.
fn complete(event: &Map<String, Value>, peer: &Peer, now: Timestamp) -> Value {
    let author = peer.viewer.iter().next().copied().unwrap_or(PublicKey::from_bytes([0; 32]));
    let mut whole = event.clone();
    for (field, value) in [
        ("id", json!("0".repeat(64))),
        ("pubkey", json!(author.to_string())),
        ("created_at", json!(now.0)),
        ("kind", json!(1)),
        ("tags", json!([])),
        ("content", json!("")),
        ("sig", json!("0".repeat(128))),
    ] {
        whole.entry(field).or_insert(value);
    }
    Value::Object(whole)
}

fn peer(question: &Map<String, Value>) -> Result<Peer, CallError> {
    let mut viewer = Viewer::anonymous();
    let keys = match question.get("as") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(keys)) => keys.as_slice(),
        Some(_) => return Err(wrong("\"as\" has to be a list of public keys")),
    };
    for key in keys {
        let key = key.as_str().and_then(|hex| PublicKey::from_hex(hex.as_bytes()).ok());
        let key = key.ok_or_else(|| wrong("\"as\" has to be a list of public keys, in lowercase hex"))?;
        viewer.add(key).map_err(|many| wrong(&many.to_string()))?;
    }
    let address = match question.get("address") {
        None | Some(Value::Null) => None,
        Some(address) => {
            let address = address.as_str().and_then(|text| text.parse::<IpAddr>().ok());
            Some(address.ok_or_else(|| wrong("\"address\" has to be an IP address"))?)
        }
    };
    Ok(Peer { viewer, address, ..Peer::default() })
}

fn with_policy(access: &Access, question: &Map<String, Value>) -> Result<Access, CallError> {
    let text = match question.get("policy") {
        None | Some(Value::Null) => return Ok(access.clone()),
        Some(text) => text.as_str().ok_or_else(|| wrong("\"policy\" has to be the text of a policy file"))?,
    };
    let policy = Policy::parse(text).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        wrong(&format!("\"policy\": {}", faults.join("; ")))
    })?;
    Ok(access.clone().with_policy(Arc::new(policy)))
}

fn told(explanation: &Explanation) -> Value {
    let verdict = match &explanation.verdict {
        Ok(()) => "allowed".to_owned(),
        Err(refusal) => format!("denied: {refusal}"),
    };
    json!({ "allowed": explanation.is_allowed(), "steps": explanation.steps, "verdict": verdict })
}

fn refused(field: &str, refusal: &Refusal) -> CallError {
    wrong(&format!("\"{field}\": {}", refusal.message))
}

fn wrong(text: &str) -> CallError {
    CallError::Params(format!("params[0]: {text}"))
}

#[cfg(test)]
mod tests;
