//! What a policy admin may do to the owners' policy.
//!
//! An extension adds grants (keys to lists that allow, kinds to the whitelist, tags to the allowed ones) and raises
//! bounds. It takes nothing away, neither a grant nor a denial nor a bound, and adds no condition. What is not clearly
//! one of these is none: the owners can always do it themselves.

use std::fmt;

use crate::rule::{Names, Rule};
use crate::{Direction, Field, Policy, Verdict};

/// A change that a policy admin may not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// The way to what was changed, as `rules.1.write_allow`.
    pub path: String,
    /// Why it is no extension.
    pub reason: String,
}

impl fmt::Display for Narrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl std::error::Error for Narrowed {}

const OWNERS_ONLY: &str = "only an owner may change this";

/// See [`Policy::check_extension`].
pub(crate) fn check(old: &Policy, new: &Policy) -> Result<(), Vec<Narrowed>> {
    let mut complaints = Complaints { rule: String::new(), found: Vec::new() };
    let mut keep = |name, same| complaints.unless(same, name, OWNERS_ONLY);
    keep("owners", old.owners == new.owners);
    keep("policy_admins", old.admins == new.admins);
    keep("default_policy", old.default == new.default);
    keep("policy_follow_whitelist_enabled", !old.follows_enabled || new.follows_enabled);
    keep("kind.blacklist", old.kinds.blacklist == new.kinds.blacklist);

    let (before, after) = (&old.kinds.whitelist, &new.kinds.whitelist);
    complaints.unless(
        before.is_empty() == after.is_empty() && before.iter().all(|kind| after.contains(kind)),
        "kind.whitelist",
        "kinds can only be added to a list that there is",
    );

    "global".clone_into(&mut complaints.rule);
    compare(&old.global, &new.global, &mut complaints);
    for (kind, rule) in &old.rules {
        complaints.rule = format!("rules.{kind}");
        match new.rule(*kind) {
            Some(other) => compare(rule, other, &mut complaints),
            None => complaints.add("", "the rule is gone"),
        }
    }
    // A kind without a rule is denied to all where the default says so and the global rule grants nobody anything.
    let grants = |way| old.global.restriction(way).is_some();
    let was_closed = old.default == Verdict::Deny && !grants(Direction::Write) && !grants(Direction::Read);
    for (kind, rule) in new.rules.iter().filter(|(kind, _)| old.rule(*kind).is_none()) {
        complaints.rule = format!("rules.{kind}");
        let adds_nothing = *rule == Rule::default();
        complaints.unless(was_closed || adds_nothing, "", "a rule for a kind that was open until now");
    }
    if complaints.found.is_empty() { Ok(()) } else { Err(complaints.found) }
}

struct Complaints {
    rule: String,
    found: Vec<Narrowed>,
}

impl Complaints {
    fn unless(&mut self, right: bool, name: &str, reason: &str) {
        if !right {
            self.add(name, reason);
        }
    }

    fn add(&mut self, name: &str, reason: &str) {
        let dot = if self.rule.is_empty() || name.is_empty() { "" } else { "." };
        self.found.push(Narrowed { path: format!("{}{dot}{name}", self.rule), reason: reason.to_owned() });
    }
}

fn compare(old: &Rule, new: &Rule, complaints: &mut Complaints) {
    grants(old, new, complaints);
    for ((field, before), (_, after)) in old.bounds().into_iter().zip(new.bounds()) {
        match (before, after) {
            (Some(before), Some(after)) => {
                complaints.unless(before <= after, field.name(), "a bound can only be raised");
            }
            (None, Some(_)) => complaints.add(field.name(), "a bound where there was none"),
            (Some(_), None) => complaints.add(field.name(), "only an owner may lift a bound altogether"),
            (None, None) => {}
        }
    }
    let is_wider = |before: &Names, after: &Names| {
        before.is_empty() == after.is_empty() && before.iter().all(|name| after.contains(name.as_bytes()))
    };
    complaints.unless(
        is_wider(&old.allowed_tags, &new.allowed_tags),
        Field::AllowedTags.name(),
        "tags can only be added to a list that there is",
    );
    let same = [
        (Field::WriteDeny, old.write_deny == new.write_deny),
        (Field::ReadDeny, old.read_deny == new.read_deny),
        (Field::ReadAllowPermissive, old.read_allow_permissive == new.read_allow_permissive),
        (Field::WriteAllowPermissive, old.write_allow_permissive == new.write_allow_permissive),
        (Field::MustHaveTags, old.must_have_tags == new.must_have_tags),
        (Field::TagValidation, old.tag_validation == new.tag_validation),
        (Field::IdentifierRegex, old.identifier_regex == new.identifier_regex),
        (Field::ProtectedRequired, old.protected_required == new.protected_required),
        (Field::Script, old.script == new.script),
    ];
    for (field, same) in same {
        complaints.unless(same, field.name(), OWNERS_ONLY);
    }
}

/// Fields that grant: where a direction is restricted already, another one only grants more.
fn grants(old: &Rule, new: &Rule, complaints: &mut Complaints) {
    let is_chosen = |way| old.restriction(way).is_some();
    let (write, read) = (is_chosen(Direction::Write), is_chosen(Direction::Read));
    let both = write && read;
    let lists = [
        (Field::WriteAllow, &old.write_allow, &new.write_allow, write),
        (Field::ReadAllow, &old.read_allow, &new.read_allow, read),
        (Field::FollowsWhitelistAdmins, &old.follows_whitelist_admins, &new.follows_whitelist_admins, both),
        (Field::ReadFollowsWhitelist, &old.read_follows_whitelist, &new.read_follows_whitelist, read),
        (Field::WriteFollowsWhitelist, &old.write_follows_whitelist, &new.write_follows_whitelist, write),
        (Field::WriteAllowIfTagged, &old.write_allow_if_tagged, &new.write_allow_if_tagged, write),
    ];
    for (field, before, after, restricted) in lists {
        let is_new = before.is_empty() && !after.is_empty();
        complaints.unless(restricted || !is_new, field.name(), "restricts what was open until now");
        complaints.unless(before.is_subset(after), field.name(), "drops a grant");
    }
    let flags = [
        (Field::WriteAllowFollows, old.write_allow_follows, new.write_allow_follows, both),
        (Field::Privileged, old.privileged, new.privileged, read),
    ];
    for (field, before, after, restricted) in flags {
        complaints.unless(restricted || before || !after, field.name(), "restricts what was open until now");
        complaints.unless(after || !before, field.name(), "drops a grant");
    }
}

#[cfg(test)]
mod tests;
