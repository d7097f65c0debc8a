//! The ceiling and the rules of retention.

use std::collections::HashSet;

use chappe_authorization::KindSet;

use super::{Fault, Faults};
use crate::config::{Config, Kinds, RetentionRule};

/// An empty store is not much smaller.
const BYTES_LEAST: u64 = 4 << 20;
/// Each is a series of metrics, and is looked at for each event.
const RULES_MAX: usize = 64;
/// What no rule speaks of comes after all that one does.
const ORDER_MAX: u16 = 10_000;

pub(super) fn check(config: &Config, faults: &mut Faults) {
    let Config { retention, store, .. } = config;
    let (bytes_max, least) = (store.bytes_max, BYTES_LEAST);
    faults.unless(bytes_max == 0 || bytes_max >= least, "store.bytes_max", || {
        format!("{bytes_max} holds nothing; the least is {least}, or 0 for no ceiling")
    });
    let map = store.map_bytes.saturating_sub(store.map_reserve_bytes) as u64;
    faults.unless(bytes_max <= map, "store.bytes_max", || {
        format!("{bytes_max} is more than store.map_bytes less store.map_reserve_bytes, {map}")
    });
    let rules = &retention.rules;
    faults.unless(rules.len() <= RULES_MAX, "retention.rules", || {
        format!("{} rules are more than {RULES_MAX}", rules.len())
    });
    let mut names = HashSet::new();
    for rule in rules {
        for reason in reasons(rule) {
            faults.0.push(Fault { key: "retention.rules", reason });
        }
        faults.unless(names.insert(&rule.name), "retention.rules", || {
            format!("two rules are called {:?}", rule.name)
        });
    }
}

/// What is wrong with a rule.
fn reasons(rule: &RetentionRule) -> Vec<String> {
    let name = &rule.name;
    let mut reasons = Vec::new();
    if name.is_empty() || name == "none" {
        reasons.push(format!("a rule needs a name, and not {name:?}"));
    }
    if let Err(error) = KindSet::parse(&Kinds::words(&rule.kinds)) {
        reasons.push(format!("{name:?}: kinds: {error}"));
    }
    if rule.order > ORDER_MAX {
        reasons.push(format!("{name:?}: order: {} is more than {ORDER_MAX}", rule.order));
    }
    reasons
}
