//! One rule.

use chappe_protocol::Kind;

use super::fields::Fields;
use super::notes::Notes;
use super::path::Path;
use super::values;
use crate::json::{Node, Place};
use crate::rule::{Pattern, Rule};
use crate::{Field, KeySet, Rate};

/// A rule, and where its fields stand.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) rule: Rule,
    pub(super) place: Place,
    pub(super) fields: Vec<(Field, Place)>,
}

impl Placed {
    /// Where a field stands, or else the rule.
    pub(super) fn place_of(&self, field: Field) -> Place {
        self.fields.iter().find(|(name, _)| *name == field).map_or(self.place, |(_, place)| *place)
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.fields.iter().any(|(name, _)| *name == field)
    }
}

/// Whose rule it is: some fields are the global rule's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Global,
    Kind(Kind),
}

struct RuleReader<'a, 'n> {
    fields: Fields<'a>,
    path: Path<'a>,
    places: Vec<(Field, Place)>,
    notes: &'n mut Notes,
}

impl<'a> RuleReader<'a, '_> {
    fn read<T>(
        &mut self,
        field: Field,
        read: impl FnOnce(&'a Node, &Path<'_>, &mut Notes) -> T,
    ) -> Option<T> {
        let node = self.fields.take(field.name())?;
        self.places.push((field, node.place));
        Some(read(node, &self.path.name(field.name()), self.notes))
    }

    fn flag(&mut self, field: Field) -> bool {
        self.read(field, values::flag).flatten().unwrap_or_default()
    }

    fn keys(&mut self, field: Field) -> KeySet {
        self.read(field, values::keys).unwrap_or_default()
    }

    fn amount(&mut self, field: Field) -> Option<u64> {
        self.read(field, values::amount).flatten()
    }

    /// A bound of which 0 means that there is none, as ORLY has it.
    fn amount_unless_zero(&mut self, field: Field) -> Option<u64> {
        let amount = self.amount(field)?;
        if amount == 0 {
            let place = self.places.last().map_or(self.fields.place, |(_, place)| *place);
            self.notes.warning(place, &self.path.name(field.name()), "0 means no limit: leave it out");
            return None;
        }
        Some(amount)
    }
}

/// Reads one rule.
pub(super) fn read(node: &Node, path: Path<'_>, scope: Scope, notes: &mut Notes) -> Placed {
    let fields = Fields::of(node, &path, notes);
    let mut reader = RuleReader { fields, path, places: Vec::new(), notes };
    reader
        .fields
        .take("description")
        .and_then(|node| values::text(node, &reader.path.name("description"), reader.notes));
    let rule = Rule {
        write_allow: reader.keys(Field::WriteAllow),
        write_deny: reader.keys(Field::WriteDeny),
        read_allow: reader.keys(Field::ReadAllow),
        read_deny: reader.keys(Field::ReadDeny),
        privileged: reader.flag(Field::Privileged),
        write_allow_follows: reader.flag(Field::WriteAllowFollows),
        follows_whitelist_admins: reader.keys(Field::FollowsWhitelistAdmins),
        read_follows_whitelist: reader.keys(Field::ReadFollowsWhitelist),
        write_follows_whitelist: reader.keys(Field::WriteFollowsWhitelist),
        write_allow_if_tagged: reader.keys(Field::WriteAllowIfTagged),
        read_allow_permissive: reader.flag(Field::ReadAllowPermissive),
        write_allow_permissive: reader.flag(Field::WriteAllowPermissive),
        size_limit: reader.amount(Field::SizeLimit),
        content_limit: reader.amount(Field::ContentLimit),
        max_age_of_event: reader.amount_unless_zero(Field::MaxAgeOfEvent),
        max_age_event_in_future: reader.amount_unless_zero(Field::MaxAgeEventInFuture),
        max_expiry: max_expiry(&mut reader),
        must_have_tags: reader.read(Field::MustHaveTags, values::names).unwrap_or_default(),
        allowed_tags: reader.read(Field::AllowedTags, values::names).unwrap_or_default(),
        tag_validation: reader.read(Field::TagValidation, tag_validation).unwrap_or_default(),
        identifier_regex: reader.read(Field::IdentifierRegex, values::pattern).flatten(),
        protected_required: reader.flag(Field::ProtectedRequired),
        rate_limit: rate_limit(&mut reader),
        script: reader.read(Field::Script, values::text_unless_empty).flatten().map(Into::into),
    };
    let RuleReader { fields, path, places, notes } = reader;
    let placed = Placed { rule, place: fields.place, fields: places };
    fields.finish(&path, notes);
    check(&placed, &path, scope, notes);
    placed
}

fn max_expiry(reader: &mut RuleReader<'_, '_>) -> Option<(Field, u64)> {
    let old = reader.amount_unless_zero(Field::MaxExpiry);
    let duration = reader.read(Field::MaxExpiryDuration, values::duration).flatten();
    if let Some((old, duration)) = old.zip(duration)
        && old != duration
    {
        let place = reader.places.last().map_or(reader.fields.place, |(_, place)| *place);
        let reason = format!("is {duration} seconds, but max_expiry says {old}: leave max_expiry out");
        reader.notes.fault(place, &reader.path.name("max_expiry_duration"), reason);
    }
    duration
        .map(|seconds| (Field::MaxExpiryDuration, seconds))
        .or(old.map(|seconds| (Field::MaxExpiry, seconds)))
}

fn rate_limit(reader: &mut RuleReader<'_, '_>) -> Option<Rate> {
    let amount = reader.amount_unless_zero(Field::RateLimit)?;
    // Four thousand million events a minute are as good as all.
    Some(Rate { per_minute: u32::try_from(amount).unwrap_or(u32::MAX) })
}

fn tag_validation(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Box<[(Box<str>, Pattern)]> {
    let members = Fields::of(node, path, notes).rest();
    let patterns = members.into_iter().filter_map(|member| {
        let path = path.name(&member.name);
        let name = values::tag_name(&member.name);
        let name = name.map_err(|reason| notes.fault(member.place, &path, reason)).ok()?;
        Some((name, values::pattern(&member.node, &path, notes)?))
    });
    let mut patterns: Vec<_> = patterns.collect();
    patterns.sort_by(|(one, _), (other, _)| one.cmp(other));
    patterns.into()
}

/// What cannot be meant together.
fn check(placed: &Placed, path: &Path<'_>, scope: Scope, notes: &mut Notes) {
    let rule = &placed.rule;
    let lists = [
        (Field::WriteAllow, &rule.write_allow, Field::WriteDeny, &rule.write_deny),
        (Field::ReadAllow, &rule.read_allow, Field::ReadDeny, &rule.read_deny),
    ];
    for (allow, allowed, deny, denied) in lists {
        for key in allowed.common(denied) {
            let reason = format!("{key} stands here and in {allow}");
            notes.fault(placed.place_of(deny), &path.name(deny.name()), reason);
        }
    }
    for field in [Field::ReadAllowPermissive, Field::WriteAllowPermissive] {
        if scope != Scope::Global && placed.has(field) {
            let reason = "stands in the global rule only";
            notes.fault(placed.place_of(field), &path.name(field.name()), reason);
        }
    }
    for (field, name) in needed_tags(rule) {
        if !rule.allowed_tags.is_empty() && !rule.allowed_tags.contains(name.as_bytes()) {
            let reason = format!("needs a tag {name:?}, which allowed_tags does not allow");
            notes.fault(placed.place_of(field), &path.name(field.name()), reason);
        }
    }
}

/// The tags without which no event passes the rule, and the field that says so.
pub(super) fn needed_tags(rule: &Rule) -> impl Iterator<Item = (Field, &str)> {
    let protected = rule.protected_required.then_some((Field::ProtectedRequired, "-"));
    let expiration = rule.max_expiry.map(|(field, _)| (field, "expiration"));
    let identifier = rule.identifier_regex.as_ref().map(|_| (Field::IdentifierRegex, "d"));
    let named = rule.must_have_tags.iter().map(|name| (Field::MustHaveTags, name));
    named.chain(protected).chain(expiration).chain(identifier)
}
