//! `chappe policy explain`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use chappe_authorization::{Access, Meters};
use chappe_codec::Scratch;
use chappe_management::explain_by;
use chappe_protocol::{PublicKey, Refusal};
use chappe_validation::Verifier;
use serde_json::{Map, Value, json};

use super::{PolicyError, read};
use crate::Clock;
use crate::commands::desk::{Desk, DeskError};
use crate::config::Config;
use crate::relay;

/// What is to be explained, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// A file with an event, which need not be whole; `-` is standard input.
    pub event: Option<PathBuf>,
    /// A filter, as JSON.
    pub filter: Option<Value>,
    /// Who has signed in; nobody when it is empty.
    pub signed_in: Vec<PublicKey>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Prints what a relay with this configuration would decide, step by step; with a file, by that policy instead of the
/// configured one.
///
/// Bans, lists, members and follow lists are those of the store. When a relay has that open, the relay is asked.
///
/// # Errors
///
/// [`PolicyError`]; a decision against the event or filter is none.
pub fn explain(
    config: &Config,
    clock: &Clock,
    (file, question): (Option<&Path>, &Question),
    mut out: impl Write,
    mut remarks: impl Write,
) -> Result<(), PolicyError> {
    let event = question.event.as_deref().map(read_event).transpose()?;
    let mut asked = Map::new();
    if let Some(event) = &event {
        asked.insert("event".to_owned(), Value::Object(event.clone()));
    }
    if let Some(filter) = &question.filter {
        asked.insert("filter".to_owned(), filter.clone());
    }
    let keys: Vec<_> = question.signed_in.iter().map(ToString::to_string).collect();
    asked.insert("as".to_owned(), json!(keys));
    asked.insert("address".to_owned(), json!(question.address));
    let mut config = config.clone();
    if file.is_some() {
        let (_, text, _) = read(&config, file)?;
        asked.insert("policy".to_owned(), json!(text));
        // The configured one does not matter, and may have faults.
        config.policy.file = PathBuf::new();
        config.policy.shadow_file = PathBuf::new();
    }
    let (answer, remark) = decide(&config, clock, Value::Object(asked))?;
    if let Some(remark) = remark {
        // What is decided is told in any case.
        let _ = writeln!(remarks, "{remark}");
    }
    if let Some(refusal) = event.as_ref().and_then(|event| refused_before(&config, clock, event)) {
        let _ = writeln!(remarks, "No rule would be asked about this very event: {refusal}");
    }
    write_answer(question, &answer, &mut out).map_err(PolicyError::Write)
}

/// The answer, and what it does not take into account.
fn decide(config: &Config, clock: &Clock, question: Value) -> Result<(Value, Option<String>), PolicyError> {
    if !config.store.data_dir.is_dir() {
        let remark = "There is no store yet: no lists, no members, nobody follows anybody.".to_owned();
        return Ok((by_configuration(config, clock, &question)?, Some(remark)));
    }
    let params = Value::Array(vec![question]);
    let desk = Desk::open(config, clock).map_err(PolicyError::Desk)?;
    match desk.call("explain", &params, clock) {
        Ok(answer) => Ok((answer, None)),
        Err(DeskError::Remote(error)) => {
            let Value::Array(params) = params else {
                return Err(PolicyError::Desk(DeskError::Remote(error)));
            };
            let question = params.into_iter().next().unwrap_or_default();
            let remark = format!("Bans, lists, members and follow lists are not taken into account: {error}");
            Ok((by_configuration(config, clock, &question)?, Some(remark)))
        }
        Err(error) => Err(PolicyError::Desk(error)),
    }
}

/// By configuration and policy file alone.
fn by_configuration(config: &Config, clock: &Clock, question: &Value) -> Result<Value, PolicyError> {
    let mut access = Access::new(relay::access(config));
    if !config.policy.file.as_os_str().is_empty() {
        access = access.with_policy(std::sync::Arc::new(read(config, None)?.2));
    }
    explain_by(&access, &Meters::new(), question, clock.now())
        .map_err(|error| PolicyError::Desk(DeskError::Call(error.to_string())))
}

fn read_event(path: &Path) -> Result<Map<String, Value>, PolicyError> {
    let unreadable = |error| PolicyError::Read(path.to_owned(), error);
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
    } else {
        text = fs::read_to_string(path).map_err(unreadable)?;
    }
    match serde_json::from_str(&text) {
        Ok(Value::Object(event)) => Ok(event),
        Ok(_) => Err(PolicyError::NoEvent(path.to_owned(), "it is no JSON object".to_owned())),
        Err(error) => Err(PolicyError::NoEvent(path.to_owned(), error.to_string())),
    }
}

/// Why the event would not come as far as to any rule, if it is a whole one.
fn refused_before(config: &Config, clock: &Clock, event: &Map<String, Value>) -> Option<Refusal> {
    if !event.contains_key("id") && !event.contains_key("sig") {
        return None;
    }
    let text = Value::Object(event.clone()).to_string();
    let mut scratch = Scratch::new();
    let event = match chappe_codec::decode_event(text.as_bytes(), &mut scratch) {
        Ok(event) => event,
        Err(malformed) => return Some(malformed.reason.into()),
    };
    let rules = relay::rules(&config.limits);
    let verified = Verifier::new().verify(event, &rules, clock.now(), &mut Vec::new());
    verified.err().map(Refusal::from)
}

fn write_answer(question: &Question, answer: &Value, out: &mut impl Write) -> io::Result<()> {
    let who = match question.signed_in.as_slice() {
        [] => "nobody signed in".to_owned(),
        keys => {
            let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
            format!("signed in as {}", keys.join(" and "))
        }
    };
    let from = question.address.map(|address| format!(", from {address}")).unwrap_or_default();
    let mut between = "";
    for (part, title) in [("write", "Writing it"), ("read", "Reading it"), ("ask", "Asking for it")] {
        let Some(told) = answer.get(part) else { continue };
        writeln!(out, "{between}{title}, {who}{from}:")?;
        between = "\n";
        let steps = told.get("steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (number, step) in steps.iter().enumerate() {
            // The policy's own steps are lines within one.
            let step = step.as_str().unwrap_or_default().replace('\n', "\n     ");
            writeln!(out, "{:>3}. {step}", number + 1)?;
        }
        writeln!(out, "  => {}", told.get("verdict").and_then(Value::as_str).unwrap_or_default())?;
    }
    Ok(())
}
