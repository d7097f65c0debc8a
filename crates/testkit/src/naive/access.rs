//! Who may write what, and who may see what, by plain loops over lists of hex keys.
//!
//! Read beside docs/policy.md: each function is one of its sentences. [`policy`] judges by the policy file alone.

pub mod policy;

use std::collections::HashMap;

use chappe_protocol::Filter;
use serde_json::Value;

use crate::TestEvent;

/// What an operator has decided, and what moderators and people have done since. Keys and ids are lowercase hex.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Who may write.
    pub mode: Mode,
    /// The configuration's owners; those of the policy file count as well.
    pub owners: Vec<String>,
    /// The configuration's administrators.
    pub admins: Vec<String>,
    /// The configuration's moderators.
    pub moderators: Vec<String>,
    /// Whether one signs in before one asks.
    pub auth_read: bool,
    /// Whether one signs in before one publishes.
    pub auth_write: bool,
    /// Kinds that pass both gates and the mode's list of writers.
    pub exempt_kinds: Vec<u16>,
    /// Whether nobody brings the events of others.
    pub own_events_only: bool,
    /// Kinds for their author and those in their `p` tags alone.
    pub private_kinds: Vec<u16>,
    /// The policy file.
    pub policy: Option<Value>,
    /// Whom each key follows, by its newest kind 3.
    pub follows: HashMap<String, Vec<String>>,
    /// Banned keys.
    pub banned_keys: Vec<String>,
    /// The blacklist of mode `curating`.
    pub blacklisted_keys: Vec<String>,
    /// Banned events.
    pub banned_events: Vec<String>,
    /// The list of mode `managed`.
    pub allowed_keys: Vec<String>,
    /// The list of mode `members`.
    pub members: Vec<String>,
}

/// Who may write, beside owners, administrators and moderators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everybody.
    #[default]
    Open,
    /// Whom an administrator follows.
    Follows,
    /// Whom the moderators allow.
    Managed,
    /// Everybody but the blacklisted, so and so much a day; the bounds are not modelled.
    Curating,
    /// Everybody, the later the farther away; delays are not modelled.
    Social,
    /// Members.
    Members,
}

/// One reason not to accept an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its author, who brings it, or itself is banned; or one of the people is blacklisted.
    Banned,
    /// It is protected, and its author did not sign in (NIP-70).
    Protected,
    /// Nobody signed in, and one has to.
    AuthWrite,
    /// It is somebody else's.
    NotOwn,
    /// The mode's list does not have who brings it.
    Mode,
    /// The policy file, and why.
    Policy(String),
}

impl Reason {
    /// With which prefixes an answer may begin that gives this reason to somebody who has, or has not, signed in.
    #[must_use]
    pub fn prefixes(&self, signed_in: &[String]) -> &'static [&'static str] {
        match self {
            Self::Banned => &["blocked: "],
            Self::AuthWrite => &["auth-required: "],
            Self::Protected | Self::NotOwn | Self::Mode if signed_in.is_empty() => &["auth-required: "],
            Self::Protected | Self::NotOwn | Self::Mode => &["restricted: "],
            Self::Policy(_) if signed_in.is_empty() => &["auth-required: ", "restricted: ", "blocked: "],
            Self::Policy(_) => &["restricted: ", "blocked: "],
        }
    }
}

/// Whether a REQ or COUNT is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// By what may be seen.
    Yes,
    /// By a CLOSED that begins with this.
    Closed(&'static str),
    /// By what may be seen, or, as that is nothing whatever is stored, by a CLOSED.
    Perhaps,
}

impl Access {
    /// All reasons not to accept a valid event at this time (seconds since the epoch) from a connection on which these
    /// keys have signed in. None: it is accepted.
    #[must_use]
    pub fn reasons_against(&self, event: &TestEvent, signed_in: &[String], now: u64) -> Vec<Reason> {
        let author = event.pubkey().to_string();
        let anonymous = signed_in.is_empty();
        let exempt = self.exempt_kinds.contains(&event.kind());
        let submitters = submitters(&author, signed_in);
        let mut reasons = Vec::new();
        let banned = |key: &String| self.banned_keys.contains(key) || self.is_blacklisted(key);
        if banned(&author)
            || signed_in.iter().any(banned)
            || self.banned_events.contains(&event.id().to_string())
        {
            reasons.push(Reason::Banned);
        }
        if has_tag(event, "-") && !signed_in.contains(&author) {
            reasons.push(Reason::Protected);
        }
        if self.auth_write && anonymous && !exempt {
            reasons.push(Reason::AuthWrite);
        }
        if self.own_events_only && !signed_in.contains(&author) && !exempt {
            reasons.push(Reason::NotOwn);
        }
        if !exempt && !submitters.iter().any(|key| self.may_write_in_mode(key)) {
            reasons.push(Reason::Mode);
        }
        if let Some(policy) = &self.policy
            && !submitters.iter().any(|key| self.is_owner(key))
            && let Err(why) = policy::may_write(policy, event, submitters, &self.follows, now)
        {
            reasons.push(Reason::Policy(why));
        }
        reasons
    }

    /// Whether a viewer who has signed in with these keys, or with none, may see the event: stored, live, counted.
    #[must_use]
    pub fn can_see(&self, viewer: &[String], event: &TestEvent) -> bool {
        if viewer.iter().any(|key| self.banned_keys.contains(key)) {
            return false;
        }
        let author = event.pubkey().to_string();
        let hidden = self.banned_keys.contains(&author)
            || self.is_blacklisted(&author)
            || self.banned_events.contains(&event.id().to_string());
        if hidden && !viewer.iter().any(|key| self.is_staff(key)) {
            return false;
        }
        if self.auth_read && viewer.is_empty() && !self.exempt_kinds.contains(&event.kind()) {
            return false;
        }
        if self.private_kinds.contains(&event.kind()) && !is_involved(viewer, event) {
            return false;
        }
        if viewer.iter().any(|key| self.is_owner(key)) {
            return true;
        }
        match &self.policy {
            None => true,
            Some(policy) => policy::may_read(policy, event, viewer, &self.follows).is_ok(),
        }
    }

    /// Whether the relay answers this question of a viewer. `world` is every event that anybody might have written.
    #[must_use]
    pub fn answers(&self, viewer: &[String], filters: &[Filter], world: &[TestEvent]) -> Answered {
        if viewer.iter().any(|key| self.banned_keys.contains(key)) {
            return Answered::Closed("blocked: ");
        }
        let only = |filter: &Filter, among: &[u16]| {
            filter.kinds.as_ref().is_some_and(|kinds| kinds.iter().all(|kind| among.contains(&kind.0)))
        };
        if self.auth_read && viewer.is_empty() {
            let passes = |filter: &&Filter| only(filter, &self.exempt_kinds) || can_match_nothing(filter);
            let exempt = filters.iter().filter(passes).count();
            if exempt == 0 {
                return Answered::Closed("auth-required: ");
            }
            // With filters of both sorts, either answer shows nothing that it should not.
            if exempt < filters.len() {
                return Answered::Perhaps;
            }
        }
        let matches = |event: &TestEvent| filters.iter().any(|filter| super::matches(filter, event));
        if world.iter().any(|event| matches(event) && self.can_see(viewer, event)) {
            return Answered::Yes;
        }
        Answered::Perhaps
    }

    fn is_owner(&self, key: &String) -> bool {
        let in_file = self.policy.as_ref().is_some_and(|policy| policy::has(policy, "owners", key));
        in_file || self.owners.contains(key)
    }

    fn is_blacklisted(&self, key: &String) -> bool {
        self.mode == Mode::Curating && self.blacklisted_keys.contains(key)
    }

    /// Who sees what is hidden from others.
    fn is_staff(&self, key: &String) -> bool {
        self.is_owner(key) || self.admins.contains(key) || self.moderators.contains(key)
    }

    fn may_write_in_mode(&self, key: &String) -> bool {
        let listed = match self.mode {
            Mode::Open | Mode::Curating | Mode::Social => true,
            Mode::Follows => {
                let mut lists = self.admins.iter().filter_map(|admin| self.follows.get(admin));
                lists.any(|list| list.contains(key))
            }
            Mode::Managed => self.allowed_keys.contains(key),
            Mode::Members => self.members.contains(key),
        };
        listed || self.is_staff(key)
    }
}

/// Whether no event at all could match: some list is empty, or the window is.
fn can_match_nothing(filter: &Filter) -> bool {
    filter.ids.as_ref().is_some_and(Vec::is_empty)
        || filter.authors.as_ref().is_some_and(Vec::is_empty)
        || filter.kinds.as_ref().is_some_and(Vec::is_empty)
        || filter.tags.iter().any(|tag| tag.values.is_empty())
        || filter.since.zip(filter.until).is_some_and(|(since, until)| since > until)
}

/// Who brings an event: its author, when nobody has signed in or the author has; else everybody who has.
fn submitters<'a>(author: &'a String, signed_in: &'a [String]) -> &'a [String] {
    if signed_in.is_empty() || signed_in.contains(author) { std::slice::from_ref(author) } else { signed_in }
}

/// Whether one of these keys wrote it or is in its `p` tags.
fn is_involved(keys: &[String], event: &TestEvent) -> bool {
    let author = event.pubkey().to_string();
    keys.iter().any(|key| *key == author || event.tag_values("p").any(|to| to == key))
}

fn has_tag(event: &TestEvent, name: &str) -> bool {
    event.tags().iter().any(|tag| tag.first().is_some_and(|first| first == name))
}

#[cfg(test)]
mod tests;
