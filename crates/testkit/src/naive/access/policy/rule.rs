//! One rule, field by field.

use std::collections::HashMap;

use serde_json::Value;

use super::{has, is_filled};
use crate::TestEvent;

/// What a rule says about one direction.
pub(super) enum Opinion {
    /// No, and why.
    No(String),
    /// The direction is restricted, and this person is granted it.
    Granted,
    /// The direction is not restricted.
    Unrestricted,
}

/// Who asks, and what is known of who follows whom.
pub(super) struct Person<'a> {
    pub(super) keys: &'a [String],
    pub(super) policy: &'a Value,
    pub(super) follows: &'a HashMap<String, Vec<String>>,
}

impl Person<'_> {
    fn is_on(&self, rule: &Value, list: &str) -> bool {
        self.keys.iter().any(|key| has(rule, list, key))
    }

    fn is_followed_by(&self, roots: &Value) -> bool {
        let roots = roots.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut lists =
            roots.iter().filter_map(Value::as_str).filter_map(|root| self.follows.get(root)).flatten();
        lists.any(|followed| self.keys.contains(followed))
    }

    /// Listed keys and those they follow.
    fn is_on_or_followed_by(&self, rule: &Value, list: &str) -> bool {
        self.is_on(rule, list) || self.is_followed_by(&rule[list])
    }

    /// Keys followed by the policy admins.
    fn is_followed_by_admins(&self, rule: &Value) -> bool {
        rule["write_allow_follows"] == true && self.is_followed_by(&self.policy["policy_admins"])
    }
}

/// Who may write, then what may be written.
pub(super) fn write(rule: &Value, event: &TestEvent, person: &Person<'_>, now: u64) -> Opinion {
    if person.is_on(rule, "write_deny") {
        return Opinion::No("write_deny".to_owned());
    }
    if let Some(field) = broken_condition(rule, event, now) {
        return Opinion::No(field.to_owned());
    }
    let restricted = rule["write_allow_follows"] == true
        || ["write_allow", "follows_whitelist_admins", "write_follows_whitelist", "write_allow_if_tagged"]
            .iter()
            .any(|list| is_filled(&rule[list]));
    let granted = person.is_on(rule, "write_allow")
        || person.is_followed_by_admins(rule)
        || person.is_on_or_followed_by(rule, "follows_whitelist_admins")
        || person.is_on_or_followed_by(rule, "write_follows_whitelist")
        || event.tag_values("p").any(|to| has(rule, "write_allow_if_tagged", to));
    opinion(restricted, granted)
}

/// Who may read.
pub(super) fn read(rule: &Value, event: &TestEvent, person: &Person<'_>) -> Opinion {
    if person.is_on(rule, "read_deny") {
        return Opinion::No("read_deny".to_owned());
    }
    let restricted = rule["privileged"] == true
        || rule["write_allow_follows"] == true
        || ["read_allow", "follows_whitelist_admins", "read_follows_whitelist"]
            .iter()
            .any(|list| is_filled(&rule[list]));
    let granted = (rule["privileged"] == true && super::super::is_involved(person.keys, event))
        || person.is_on(rule, "read_allow")
        || person.is_followed_by_admins(rule)
        || person.is_on_or_followed_by(rule, "follows_whitelist_admins")
        || person.is_on_or_followed_by(rule, "read_follows_whitelist");
    opinion(restricted, granted)
}

fn opinion(restricted: bool, granted: bool) -> Opinion {
    match (restricted, granted) {
        (false, _) => Opinion::Unrestricted,
        (true, true) => Opinion::Granted,
        (true, false) => Opinion::No("not among those who may".to_owned()),
    }
}

/// The first condition on an event's shape that it does not fulfil.
fn broken_condition(rule: &Value, event: &TestEvent, now: u64) -> Option<&'static str> {
    let number = |field: &str| rule[field].as_u64();
    let age = now.saturating_sub(event.created_at());
    let ahead = event.created_at().saturating_sub(now);
    let above = |field: &str, value: u64| number(field).is_some_and(|bound| value > bound);
    let names = || event.tags().iter().map(|tag| tag.first().map_or("", String::as_str));
    let strings = |field: &str| -> Vec<&str> {
        rule[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let must_have = strings("must_have_tags");
    let may_have = strings("allowed_tags");
    let conditions = [
        ("size_limit", !above("size_limit", event.json().len() as u64)),
        ("content_limit", !above("content_limit", event.content().len() as u64)),
        ("max_age_of_event", !above("max_age_of_event", age)),
        ("max_age_event_in_future", !above("max_age_event_in_future", ahead)),
        ("max_expiry", number("max_expiry").is_none_or(|bound| expires_within(event, bound))),
        (
            "max_expiry_duration",
            rule["max_expiry_duration"].as_str().is_none_or(|text| expires_within(event, seconds(text))),
        ),
        ("must_have_tags", must_have.iter().all(|name| names().any(|own| own == *name))),
        ("allowed_tags", may_have.is_empty() || names().all(|own| may_have.contains(&own))),
        ("tag_validation", fits_patterns(rule, event)),
        ("identifier_regex", rule["identifier_regex"].as_str().is_none_or(|regex| identified(event, regex))),
        ("protected_required", rule["protected_required"] != true || names().any(|own| own == "-")),
    ];
    conditions.iter().find(|(_, fulfilled)| !fulfilled).map(|(field, _)| *field)
}

/// Whether it names when it expires (NIP-40), so many seconds after it was made at the latest.
fn expires_within(event: &TestEvent, seconds: u64) -> bool {
    let at = event.tag_values("expiration").next().and_then(|value| value.parse::<u64>().ok());
    at.is_some_and(|at| at <= event.created_at() + seconds)
}

/// Tags that are there have to fit; none has to be there.
fn fits_patterns(rule: &Value, event: &TestEvent) -> bool {
    let patterns = rule["tag_validation"].as_object().into_iter().flatten();
    patterns.filter_map(|(name, regex)| Some((name, regex.as_str()?))).all(|(name, regex)| {
        let mut tags = event.tags().iter().filter(|tag| tag.first() == Some(name));
        tags.all(|tag| fits(regex, tag.get(1).map_or("", String::as_str)))
    })
}

/// Whether it has a `d` tag, and all of them fit.
fn identified(event: &TestEvent, regex: &str) -> bool {
    let mut tags = event.tags().iter().filter(|tag| tag.first().is_some_and(|name| name == "d")).peekable();
    tags.peek().is_some() && tags.all(|tag| fits(regex, tag.get(1).map_or("", String::as_str)))
}

/// Whether a text fits.
type Fits = fn(&str) -> bool;

/// The regular expressions the evaluator knows, and what they mean.
pub const PATTERNS: [(&str, Fits); 5] = [
    ("^[a-z]{1,6}$", |text| {
        (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
    }),
    ("^[0-9a-f]{64}$", |text| {
        text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }),
    ("o", |text| text.contains('o')),
    ("^(settings|hello)$", |text| text == "settings" || text == "hello"),
    (".", |text| text.chars().any(|char| char != '\n')),
];

fn fits(regex: &str, text: &str) -> bool {
    let known = PATTERNS.iter().find(|(pattern, _)| *pattern == regex);
    known.expect("one of PATTERNS").1(text)
}

/// The length of an ISO 8601 duration of weeks, days, hours, minutes and seconds.
#[must_use]
pub fn seconds(duration: &str) -> u64 {
    let (mut total, mut number) = (0, 0);
    let (mut is_time, mut units) = (false, duration.chars());
    assert_eq!(units.next(), Some('P'), "a duration begins with P: {duration}");
    for unit in units {
        let digit = unit.to_digit(10).map(u64::from);
        let length = match unit {
            'T' => {
                is_time = true;
                0
            }
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' => {
                assert!(is_time, "months have no length: {duration}");
                60
            }
            _ => 1,
        };
        match digit {
            Some(digit) => number = number * 10 + digit,
            None => {
                total += number * length;
                number = 0;
            }
        }
    }
    total
}
