//! The policy file alone, read from its JSON anew for each question.
//!
//! Scripts are not run and rates are not counted.

mod rule;

use std::collections::HashMap;

use serde_json::Value;

use crate::TestEvent;

use rule::{Opinion, Person};
pub use rule::{PATTERNS, seconds};

/// Whether these submitters may write the event at this time (seconds since the epoch).
///
/// # Errors
///
/// Why not, for whom a test tells that it failed.
pub fn may_write(
    policy: &Value,
    event: &TestEvent,
    submitters: &[String],
    follows: &HashMap<String, Vec<String>>,
    now: u64,
) -> Result<(), String> {
    let person = Person { keys: submitters, policy, follows };
    decide(policy, event, "write_allow_permissive", |rule| rule::write(rule, event, &person, now))
}

/// Whether these viewers may read the event.
///
/// # Errors
///
/// Why not, for whom a test tells that it failed.
pub fn may_read(
    policy: &Value,
    event: &TestEvent,
    viewers: &[String],
    follows: &HashMap<String, Vec<String>>,
) -> Result<(), String> {
    let person = Person { keys: viewers, policy, follows };
    decide(policy, event, "read_allow_permissive", |rule| rule::read(rule, event, &person))
}

/// The documented order: kind lists, `global`, the kind's rule, `default_policy`. A no anywhere is a no.
fn decide(
    policy: &Value,
    event: &TestEvent,
    permissive: &str,
    opinion: impl Fn(&Value) -> Opinion,
) -> Result<(), String> {
    let lists = &policy["kind"];
    let kind = event.kind();
    let listed = |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|item| *item == kind));
    if listed(&lists["blacklist"]) {
        return Err(format!("kind {kind} is on the blacklist"));
    }
    let ignored = policy["global"][permissive] == true;
    if is_filled(&lists["whitelist"]) && !listed(&lists["whitelist"]) && !ignored {
        return Err(format!("kind {kind} is not on the whitelist"));
    }
    let global = opinion(&policy["global"]);
    if let Opinion::No(why) = global {
        return Err(format!("global: {why}"));
    }
    let rule = &policy["rules"][kind.to_string()];
    if !rule.is_null() {
        return match opinion(rule) {
            Opinion::No(why) => Err(format!("rule {kind}: {why}")),
            Opinion::Granted | Opinion::Unrestricted => Ok(()),
        };
    }
    if matches!(global, Opinion::Granted) || policy["default_policy"] != "deny" {
        return Ok(());
    }
    Err("default_policy".to_owned())
}

/// Whether a list of keys in this object has the key.
pub(super) fn has(object: &Value, list: &str, key: &str) -> bool {
    object[list].as_array().is_some_and(|list| list.iter().any(|item| item == key))
}

fn is_filled(list: &Value) -> bool {
    list.as_array().is_some_and(|list| !list.is_empty())
}

#[cfg(test)]
mod tests;
