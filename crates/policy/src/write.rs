//! May this event be written?

use chappe_protocol::{Kind, PublicKey, Tag};

use crate::denial::{Bound, Denial, TagName};
use crate::evaluate::{Desk, Gate, Question};
use crate::rule::Rule;
use crate::witness::{Mark, Witness};
use crate::{Direction, Field, Follows, KeySet, Submission};

/// A submission, put to one rule after the other.
pub(crate) struct Writing<'a> {
    pub(crate) submission: &'a Submission<'a>,
    pub(crate) follows: &'a Follows,
}

impl Question for Writing<'_> {
    const DIRECTION: Direction = Direction::Write;

    fn kind(&self) -> Kind {
        self.submission.head.kind
    }

    fn ask(
        &self,
        rule: &Rule,
        admins: &KeySet,
        desk: &mut Desk<'_, impl Witness>,
    ) -> Result<Option<Field>, Denial> {
        self.check_deny(rule, desk)?;
        let granted = self.check_grants(rule, admins, desk)?;
        self.check_bytes(rule, desk)?;
        self.check_times(rule, desk)?;
        self.check_tags(rule, desk)?;
        Ok(granted)
    }
}

impl Writing<'_> {
    fn is_any(&self, test: impl Fn(&PublicKey) -> bool) -> bool {
        self.submission.submitters.iter().any(test)
    }

    fn check_deny(&self, rule: &Rule, desk: &mut Desk<'_, impl Witness>) -> Result<(), Denial> {
        if rule.write_deny.is_empty() {
            return Ok(());
        }
        let denied = self.is_any(|key| rule.write_deny.contains(key));
        desk.check(Field::WriteDeny, (!denied).into(), Bound::Plain, || {
            format!("the submitter is {}listed", if denied { "" } else { "not " })
        })
    }

    fn check_grants(
        &self,
        rule: &Rule,
        admins: &KeySet,
        desk: &mut Desk<'_, impl Witness>,
    ) -> Result<Option<Field>, Denial> {
        let mut gate = Gate::new();
        let listed = |list: &KeySet| self.is_any(|key| list.contains(key));
        let near =
            |list: &KeySet| self.is_any(|key| list.contains(key) || self.follows.any_follows(list, key));
        let present = |list: &KeySet| (!list.is_empty()).into();
        gate.offer(Field::WriteAllow, present(&rule.write_allow), || listed(&rule.write_allow), desk);
        gate.offer(
            Field::WriteAllowFollows,
            rule.write_allow_follows.into(),
            || self.is_any(|key| self.follows.any_follows(admins, key)),
            desk,
        );
        let list = &rule.follows_whitelist_admins;
        gate.offer(Field::FollowsWhitelistAdmins, present(list), || near(list), desk);
        let list = &rule.write_follows_whitelist;
        gate.offer(Field::WriteFollowsWhitelist, present(list), || near(list), desk);
        let list = &rule.write_allow_if_tagged;
        gate.offer(Field::WriteAllowIfTagged, present(list), || self.tags_one_of(list), desk);
        gate.close(desk)
    }

    fn tags_one_of(&self, keys: &KeySet) -> bool {
        let values = self.submission.head.tags.values_of(b"p");
        values.filter_map(|value| PublicKey::from_hex(value).ok()).any(|key| keys.contains(&key))
    }

    fn check_bytes(&self, rule: &Rule, desk: &mut Desk<'_, impl Witness>) -> Result<(), Denial> {
        let limits = [
            (Field::SizeLimit, rule.size_limit, self.submission.event_bytes),
            (Field::ContentLimit, rule.content_limit, self.submission.content_bytes),
        ];
        for (field, limit, bytes) in limits {
            let Some(limit) = limit else { continue };
            let holds = u64::try_from(bytes).is_ok_and(|bytes| bytes <= limit);
            desk.check(field, holds.into(), Bound::At(limit), || format!("{bytes} bytes, at most {limit}"))?;
        }
        Ok(())
    }

    fn check_times(&self, rule: &Rule, desk: &mut Desk<'_, impl Witness>) -> Result<(), Denial> {
        let (head, now) = (self.submission.head, self.submission.now);
        if let Some(seconds) = rule.max_age_of_event {
            let holds = now.minus_seconds(seconds) <= head.created_at;
            desk.check(Field::MaxAgeOfEvent, holds.into(), Bound::At(seconds), || {
                format!("{} seconds old, at most {seconds}", now.0.saturating_sub(head.created_at.0))
            })?;
        }
        if let Some(seconds) = rule.max_age_event_in_future {
            let holds = head.created_at <= now.plus_seconds(seconds);
            desk.check(Field::MaxAgeEventInFuture, holds.into(), Bound::At(seconds), || {
                format!("{} seconds ahead, at most {seconds}", head.created_at.0.saturating_sub(now.0))
            })?;
        }
        let Some((field, seconds)) = rule.max_expiry else { return Ok(()) };
        let expiration = head.expiration();
        let holds = expiration.is_some_and(|at| at <= head.created_at.plus_seconds(seconds));
        desk.check(field, holds.into(), Bound::At(seconds), || match expiration {
            None => "no expiration tag".to_owned(),
            Some(at) => {
                let after = at.0.saturating_sub(head.created_at.0);
                format!("expires {after} seconds after created_at, at most {seconds}")
            }
        })
    }

    fn check_tags(&self, rule: &Rule, desk: &mut Desk<'_, impl Witness>) -> Result<(), Denial> {
        let tags = self.submission.head.tags;
        for needed in rule.must_have_tags.iter() {
            let holds = tags.iter().any(|tag| tag.name() == needed.as_bytes());
            let bound = Bound::Tag(TagName::new(needed.as_bytes()));
            desk.check(Field::MustHaveTags, holds.into(), bound, || format!("tag {bound}"))?;
        }
        if rule.protected_required {
            let holds = self.submission.head.is_protected();
            desk.check(Field::ProtectedRequired, holds.into(), Bound::Plain, || "tag \"-\"".to_owned())?;
        }
        if !rule.allowed_tags.is_empty() {
            let other = tags.iter().find(|tag| !rule.allowed_tags.contains(tag.name()));
            deny_some(other, Field::AllowedTags, desk)?;
        }
        if !rule.tag_validation.is_empty() {
            let wrong = tags.iter().find(|tag| is_wrong(rule, *tag));
            deny_some(wrong, Field::TagValidation, desk)?;
        }
        let Some(pattern) = &rule.identifier_regex else { return Ok(()) };
        let mut identifiers = tags.iter().filter(|tag| tag.name() == b"d").peekable();
        let holds = identifiers.peek().is_some()
            && identifiers.all(|tag| pattern.matches(tag.value().unwrap_or_default()));
        desk.check(Field::IdentifierRegex, holds.into(), Bound::Plain, || {
            format!("every d tag, and there must be one, matches {}", pattern.text())
        })
    }
}

/// Whether a regex for tags of this name does not match its value. A tag without a value counts as an empty one.
fn is_wrong(rule: &Rule, tag: Tag<'_>) -> bool {
    let mut patterns = rule.tag_validation.iter().filter(|(name, _)| name.as_bytes() == tag.name());
    patterns.any(|(_, pattern)| !pattern.matches(tag.value().unwrap_or_default()))
}

fn deny_some(tag: Option<Tag<'_>>, field: Field, desk: &mut Desk<'_, impl Witness>) -> Result<(), Denial> {
    let Some(tag) = tag else {
        desk.note(field, Mark::Passes, || "every tag".to_owned());
        return Ok(());
    };
    let bound = Bound::Tag(TagName::new(tag.name()));
    desk.note(field, Mark::Denies, || format!("tag {bound}"));
    Err(desk.denial(field, bound))
}
