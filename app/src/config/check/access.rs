//! Modes without the people they need, and the bounds of what a mode asks besides.

use chappe_authorization::KindSet;

use super::{Fault, Faults, nothing_through};
use crate::config::{Config, Kinds, Mode, Others};

/// The follow graph of the whole world is not deeper.
const DEPTH_MAX: u8 = 8;

/// Who pages through lists in pieces larger than this holds up the others.
const PAGE_MAX: usize = 10_000;

pub(super) fn check(config: &Config, faults: &mut Faults) {
    check_people(config, faults);
    check_policy(config, faults);
    check_delays(config, faults);
    check_curating(config, faults);
    let Config { members, management, .. } = config;
    faults.unless(members.invite_uses > 0, "members.invite_uses", || {
        "an invite of 0 uses could not be used; the least is 1".to_owned()
    });
    faults.unless((1..=PAGE_MAX).contains(&management.page_max), "management.page_max", || {
        format!("{} is not between 1 and {PAGE_MAX}", management.page_max)
    });
}

/// A mode that is about somebody's list needs somebody.
fn check_people(config: &Config, faults: &mut Faults) {
    let access = &config.access;
    // The policy file may name owners, too; it is read later.
    let has_policy = !config.policy.file.as_os_str().is_empty();
    let has_admins = !access.owners.is_empty() || !access.admins.is_empty() || has_policy;
    let needs_admins = |faults: &mut Faults, why: &str| {
        faults.unless(has_admins, "access.mode", || format!("{why}: set access.owners or access.admins"));
    };
    match access.mode {
        Mode::Open | Mode::Curating => {}
        Mode::Follows => {
            faults.unless(!access.admins.is_empty(), "access.mode", || {
                "\"follows\" needs somebody whose follow list counts: set access.admins".to_owned()
            });
        }
        Mode::Social => needs_admins(faults, "\"social\" needs somebody to measure distances from"),
        Mode::Members => needs_admins(faults, "\"members\" needs somebody who looks after the members"),
        Mode::Managed => {
            faults.unless(has_admins || !access.moderators.is_empty(), "access.mode", || {
                "\"managed\" needs somebody who keeps the list: set access.owners, access.admins or \
                 access.moderators"
                    .to_owned()
            });
            faults.unless(config.management.enabled, "management.enabled", || {
                "access.mode \"managed\" keeps its list by the management API".to_owned()
            });
        }
    }
}

fn check_policy(config: &Config, faults: &mut Faults) {
    let policy = &config.policy;
    faults.unless(policy.plugin_timeout_milliseconds > 0, "policy.plugin_timeout_milliseconds", || {
        "no answer could come within 0 ms; the least is 1".to_owned()
    });
    faults.unless(policy.plugin_in_flight_max > 0, "policy.plugin_in_flight_max", nothing_through);
    let same = !policy.file.as_os_str().is_empty() && policy.file == policy.shadow_file;
    faults.unless(!same, "policy.shadow_file", || {
        "it is policy.file itself, from which it cannot differ".to_owned()
    });
}

fn check_delays(config: &Config, faults: &mut Faults) {
    let Config { follows, social, .. } = config;
    if follows.others == Others::Delay {
        faults.unless(follows.delay_step_milliseconds > 0, "follows.delay_step_milliseconds", || {
            "0 would be no delay; the least is 1".to_owned()
        });
    }
    for (step, max, key) in [
        (follows.delay_step_milliseconds, follows.delay_max_milliseconds, "follows.delay_max_milliseconds"),
        (social.delay_step_milliseconds, social.delay_max_milliseconds, "social.delay_max_milliseconds"),
    ] {
        faults.unless(step <= max, key, || format!("{max} is less than one step, {step}"));
    }
    faults.unless((1..=DEPTH_MAX).contains(&social.depth_max), "social.depth_max", || {
        format!("{} is not between 1 and {DEPTH_MAX}", social.depth_max)
    });
}

fn check_curating(config: &Config, faults: &mut Faults) {
    let curating = &config.curating;
    faults.unless(curating.ban_hours_first > 0, "curating.ban_hours_first", || {
        "0 would be no ban; the least is 1".to_owned()
    });
    let (first, max) = (curating.ban_hours_first, curating.ban_hours_max);
    faults.unless(first <= max, "curating.ban_hours_max", || {
        format!("{max} is less than curating.ban_hours_first, {first}")
    });
    if let Err(error) = KindSet::parse(&Kinds::words(&curating.kinds)) {
        faults.0.push(Fault { key: "curating.kinds", reason: error.to_string() });
    }
}
