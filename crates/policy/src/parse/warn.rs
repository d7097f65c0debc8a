//! What a file says, and what can never come of it.

use chappe_protocol::Kind;

use super::Document;
use super::notes::Notes;
use super::path::Path;
use super::rule::{Placed, Scope, needed_tags};
use crate::rule::Rule;
use crate::{Direction, Field, KeySet, Verdict};

/// Warns of everything in a faultless file that is probably not meant.
pub(super) fn warn(document: &Document, admins: &KeySet, notes: &mut Notes) {
    default_policy(document, notes);
    kind_lists(document, notes);
    follow_lists(document, admins, notes);
    document.for_each_rule(|path, placed, scope| {
        empty_lists(placed, path, notes);
        tags(placed, path, notes);
        bytes(placed, path, notes);
        if let Scope::Kind(kind) = scope {
            never_asked(document, kind, placed, path, notes);
            says_nothing(document, placed, path, notes);
            behind_the_global_rule(&document.global.rule, placed, path, notes);
        }
    });
}

fn default_policy(document: &Document, notes: &mut Notes) {
    let (top, rules) = (Path::Top, &document.rules);
    if document.default.is_none() && !rules.is_empty() {
        let reason = "is not set, so kinds without a rule are allowed: say \"allow\" or \"deny\"";
        notes.warning(document.fields_place, &top.name("default_policy"), reason);
    }
    if document.default != Some(Verdict::Deny) {
        return;
    }
    let granting =
        [Direction::Write, Direction::Read].map(|way| document.global.rule.restriction(way).is_some());
    if rules.is_empty() && granting == [false, false] {
        let reason = "denies everything: there is no rule for a kind, and the global rule grants nothing";
        notes.warning(document.fields_place, &top.name("default_policy"), reason);
        return;
    }
    let has_rule = |kind: &Kind| rules.iter().any(|(other, _)| other == kind);
    for kind in document.kinds.whitelist.iter().filter(|kind| granting == [false, false] && !has_rule(kind)) {
        let reason = format!("kind {kind} has no rule, so default_policy denies it");
        notes.warning(document.kinds_place, &top.name("kind").name("whitelist"), reason);
    }
}

fn kind_lists(document: &Document, notes: &mut Notes) {
    let top = Path::Top;
    let global = &document.global;
    let flags = [
        (Field::ReadAllowPermissive, global.rule.read_allow_permissive),
        (Field::WriteAllowPermissive, global.rule.write_allow_permissive),
    ];
    for (field, _) in flags.into_iter().filter(|(_, set)| *set && document.kinds.whitelist.is_empty()) {
        let path = top.name("global");
        notes.warning(
            global.place_of(field),
            &path.name(field.name()),
            "there is no kind.whitelist to pass over",
        );
    }
}

fn follow_lists(document: &Document, admins: &KeySet, notes: &mut Notes) {
    let Some((true, place)) = document.follows_enabled else { return };
    let top = Path::Top;
    let path = top.name("policy_follow_whitelist_enabled");
    let mut used = false;
    document.for_each_rule(|_, placed, _| used |= placed.rule.write_allow_follows);
    if !used {
        notes.warning(place, &path, "no rule has write_allow_follows");
    } else if admins.is_empty() {
        let place = document.admins_place.unwrap_or(place);
        notes.warning(place, &top.name("policy_admins"), "is empty, so write_allow_follows grants nobody");
    }
}

fn empty_lists(placed: &Placed, path: &Path<'_>, notes: &mut Notes) {
    for (field, keys) in placed.rule.key_lists() {
        let denies = matches!(field, Field::WriteDeny | Field::ReadDeny);
        if keys.is_empty() && !denies && placed.has(field) {
            let reason = "is empty and restricts nothing: leave it out, or say who may";
            notes.warning(placed.place_of(field), &path.name(field.name()), reason);
        }
    }
    let field = Field::AllowedTags;
    if placed.rule.allowed_tags.is_empty() && placed.has(field) {
        let reason = "is empty and restricts nothing: leave it out, or say which";
        notes.warning(placed.place_of(field), &path.name(field.name()), reason);
    }
}

fn tags(placed: &Placed, path: &Path<'_>, notes: &mut Notes) {
    let Rule { allowed_tags, tag_validation, .. } = &placed.rule;
    let field = Field::TagValidation;
    for (name, _) in tag_validation.iter().filter(|_| !allowed_tags.is_empty()) {
        if !allowed_tags.contains(name.as_bytes()) {
            let path = path.name(field.name());
            notes.warning(placed.place_of(field), &path.name(name), "allowed_tags does not allow such a tag");
        }
    }
}

/// The shortest event's JSON: id, key, signature and the names.
const EVENT_BYTES_MIN: u64 = 333;

fn bytes(placed: &Placed, path: &Path<'_>, notes: &mut Notes) {
    let Some(size) = placed.rule.size_limit else { return };
    if size < EVENT_BYTES_MIN {
        let field = Field::SizeLimit;
        notes.warning(placed.place_of(field), &path.name(field.name()), "no event is that short");
    }
    if placed.rule.content_limit.is_some_and(|content| content >= size) {
        let field = Field::ContentLimit;
        let reason = format!("never decides: size_limit allows {size} bytes for the whole event");
        notes.warning(placed.place_of(field), &path.name(field.name()), reason);
    }
}

fn never_asked(document: &Document, kind: Kind, placed: &Placed, path: &Path<'_>, notes: &mut Notes) {
    let (lists, global) = (&document.kinds, &document.global.rule);
    let permissive = global.read_allow_permissive || global.write_allow_permissive;
    if lists.blacklist.contains(&kind) {
        notes.warning(placed.place, path, format!("can never fire: kind {kind} is in kind.blacklist"));
    } else if !lists.whitelist.is_empty() && !lists.whitelist.contains(&kind) && !permissive {
        notes.warning(placed.place, path, format!("can never fire: kind {kind} is not in kind.whitelist"));
    }
}

fn says_nothing(document: &Document, placed: &Placed, path: &Path<'_>, notes: &mut Notes) {
    if placed.rule == Rule::default() && document.default != Some(Verdict::Deny) {
        notes.warning(placed.place, path, "says nothing");
    }
}

/// Every rule comes after the global one, which already said no to some.
fn behind_the_global_rule(global: &Rule, placed: &Placed, path: &Path<'_>, notes: &mut Notes) {
    let rule = &placed.rule;
    for ((field, bound), (_, before)) in rule.bounds().into_iter().zip(global.bounds()) {
        if let Some((bound, before)) = bound.zip(before)
            && bound >= before
            && placed.has(field)
        {
            let reason = format!("never decides: the global rule's bound is {before}");
            notes.warning(placed.place_of(field), &path.name(field.name()), reason);
        }
    }
    let lists = [
        (Field::WriteAllow, &rule.write_allow, Direction::Write, &global.write_allow, &global.write_deny),
        (Field::ReadAllow, &rule.read_allow, Direction::Read, &global.read_allow, &global.read_deny),
    ];
    for (field, keys, direction, before, denied) in lists {
        let (place, path) = (placed.place_of(field), path.name(field.name()));
        for key in keys.common(denied) {
            notes.warning(place, &path, format!("grants {key} nothing: the global rule denies it"));
        }
        if !has_only_a_list(global, direction) {
            continue;
        }
        for key in keys.iter().filter(|key| !before.contains(key)) {
            notes.warning(place, &path, format!("grants {key} nothing: the global rule's {field} does not"));
        }
    }
    for (field, name) in needed_tags(rule) {
        if !global.allowed_tags.is_empty() && !global.allowed_tags.contains(name.as_bytes()) {
            let reason = format!("no event can pass: the global rule's allowed_tags has no {name:?}");
            notes.warning(placed.place_of(field), &path.name(field.name()), reason);
        }
    }
    for (field, name) in needed_tags(global) {
        if !rule.allowed_tags.is_empty() && !rule.allowed_tags.contains(name.as_bytes()) {
            let reason = format!("no event can pass: the global rule's {field} needs a tag {name:?}");
            let field = Field::AllowedTags;
            notes.warning(placed.place_of(field), &path.name(field.name()), reason);
        }
    }
}

/// Whether the direction is restricted by the plain list of keys and nothing else.
fn has_only_a_list(rule: &Rule, direction: Direction) -> bool {
    let mut rule = rule.clone();
    let list = match direction {
        Direction::Write => &mut rule.write_allow,
        Direction::Read => &mut rule.read_allow,
    };
    !std::mem::take(list).is_empty() && rule.restriction(direction).is_none()
}
