//! What the relay says of its members under its own key (NIP-43).

use std::collections::VecDeque;

use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_store::{RecordView, Store};

use crate::packed::Name;
use crate::state::{Edit, State};
use crate::stored::for_each;
use crate::values::{Member, MemberRole};
use crate::{OwnEvent, RelayKeys};

/// How many members the roster names, those that have been here longest, and how long their tags may be together. With
/// more it would be longer than a message, and NIP-43 does not ask for it to be complete.
const ROSTER_MEMBERS_MAX: usize = 4_000;
const ROSTER_BYTES_MAX: usize = 400_000;
/// How many events wait to be published. More are not made: none of them has to be.
const WAITING_MAX: usize = 10_000;

/// Events on their way to be published, and what is known of those that were.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    waiting: VecDeque<OwnEvent>,
    /// When the last roster says it was made: the next has to be newer to replace it.
    roster_at: Option<Timestamp>,
    /// The same for roles, and for what deletes them.
    roles_at: Option<Timestamp>,
    roster: Roster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Roster {
    #[default]
    Told,
    Changed,
}

/// Something that the relay tells the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// The roster is another.
    Roster,
    Came(PublicKey),
    Gone(PublicKey),
    /// None: it is no more.
    Role(Name, Option<MemberRole>),
}

/// What there is to tell of these changes, before they are made.
pub(crate) fn news(state: &State, edits: &[Edit]) -> Vec<News> {
    let mut news = Vec::new();
    for edit in edits {
        match edit {
            Edit::Membership(key, after) => {
                news.push(News::Roster);
                match (state.members.contains_key(key), after) {
                    (false, Some(_)) => news.push(News::Came(*key)),
                    (true, None) => news.push(News::Gone(*key)),
                    (true, Some(_)) | (false, None) => {}
                }
            }
            Edit::BannedKey(key, _) if state.members.contains_key(key) => news.push(News::Roster),
            Edit::RoleDefined(id, role) if role.is_some() || state.roles.contains_key(id) => {
                news.push(News::Role(id.clone(), role.clone()));
            }
            Edit::BannedKey(..)
            | Edit::RoleDefined(..)
            | Edit::AllowedKey(..)
            | Edit::TrustedKey(..)
            | Edit::BlacklistedKey(..)
            | Edit::BannedEvent(..)
            | Edit::BlockedAddress(..)
            | Edit::KindDecided(..)
            | Edit::Invited(..)
            | Edit::Moderator(..)
            | Edit::Reporting(..)
            | Edit::Identified(..)
            | Edit::Audited(..)
            | Edit::Counted(..) => {}
        }
    }
    news
}

impl Announcer {
    /// Holds what is stored of the relay's own against the state, and tells what differs: a relay that was killed
    /// between a change and its publication says it now.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub(crate) fn resume(
        keys: &RelayKeys,
        store: &Store,
        state: &State,
        now: Timestamp,
    ) -> Result<Self, chappe_store::Error> {
        let mut announcer = Self::default();
        let mut is_told = state.members.is_empty();
        for_each(store, keys.public(), &[Kind::MEMBERS], now, |record| {
            let at = record.head().created_at;
            announcer.roster_at = announcer.roster_at.max(Some(at));
            is_told = is_record_of(&roster(keys, state, at), record);
        })?;
        if !is_told {
            announcer.roster = Roster::Changed;
        }
        let mut unknown: Vec<&Name> = state.roles.keys().collect();
        let mut stale = Vec::new();
        for_each(store, keys.public(), &[Kind::ROLE, Kind::DELETION], now, |record| {
            let head = record.head();
            announcer.roles_at = announcer.roles_at.max(Some(head.created_at));
            if head.kind == Kind::ROLE && !is_current(keys, state, record) {
                stale.push(Name(String::from_utf8_lossy(head.d_tag()).into_owned()));
            } else {
                unknown.retain(|id| id.0.as_bytes() != head.d_tag());
            }
        })?;
        for id in unknown {
            announcer.tell_role(keys, id, state.roles.get(id), now);
        }
        for id in stale.iter().filter(|id| !state.roles.contains_key(id)) {
            announcer.tell_role(keys, id, None, now);
        }
        Ok(announcer)
    }

    /// Tells of what has changed.
    pub(crate) fn tell(&mut self, keys: &RelayKeys, news: Vec<News>, now: Timestamp) {
        for news in news {
            match news {
                News::Roster => self.roster = Roster::Changed,
                News::Came(key) => self.tell_member(keys, Kind::MEMBER_ADDED, &key, now),
                News::Gone(key) => self.tell_member(keys, Kind::MEMBER_REMOVED, &key, now),
                News::Role(id, role) => self.tell_role(keys, &id, role.as_ref(), now),
            }
        }
    }

    /// Puts the roster on its way when it changed, once a second at most: of two in the same second the second would not
    /// replace the first.
    pub(crate) fn tell_roster(&mut self, keys: &RelayKeys, state: &State, now: Timestamp) {
        if self.roster == Roster::Changed && self.roster_at != Some(now) {
            self.roster = Roster::Told;
            let at = next(&mut self.roster_at, now);
            let roster = roster(keys, state, at);
            // An older one that still waits would only be replaced.
            self.waiting.retain(|event| event.kind() != Kind::MEMBERS);
            self.push(roster);
        }
    }

    /// Everything that waits, oldest first.
    pub(crate) fn take(&mut self) -> Vec<OwnEvent> {
        std::mem::take(&mut self.waiting).into()
    }

    fn tell_member(&mut self, keys: &RelayKeys, kind: Kind, member: &PublicKey, now: Timestamp) {
        let event = keys.sign(kind, now, &[vec!["-".to_owned()], vec!["p".to_owned(), member.to_string()]]);
        self.push(event);
    }

    /// A role that is gone is deleted (NIP-09).
    fn tell_role(&mut self, keys: &RelayKeys, id: &Name, role: Option<&MemberRole>, now: Timestamp) {
        let at = next(&mut self.roles_at, now);
        let event = match role {
            Some(role) => role_event(keys, id, role, at),
            None => {
                let address = format!("{}:{}:{}", Kind::ROLE, keys.public(), id.0);
                let tags =
                    [vec!["-".into()], vec!["a".into(), address], vec!["k".into(), Kind::ROLE.to_string()]];
                keys.sign::<String>(Kind::DELETION, at, &tags)
            }
        };
        self.push(event);
    }

    fn push(&mut self, event: OwnEvent) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(event);
        } else {
            tracing::warn!(kind = %event.kind(), "too many events of the relay's own wait: one was not made");
        }
    }
}

/// When the next version of something is made: later than the one before it.
fn next(last: &mut Option<Timestamp>, now: Timestamp) -> Timestamp {
    let at = last.map_or(now, |last| now.max(last.plus_seconds(1)));
    *last = Some(at);
    at
}

/// Signing the same again gives the same bytes, so equal bytes are the same statement.
fn is_current(keys: &RelayKeys, state: &State, record: &RecordView<'_>) -> bool {
    let head = record.head();
    let id = Name(String::from_utf8_lossy(head.d_tag()).into_owned());
    let role = state.roles.get(&id);
    role.is_some_and(|role| is_record_of(&role_event(keys, &id, role, head.created_at), record))
}

/// What cannot be read is as good as told otherwise.
fn is_record_of(event: &OwnEvent, record: &RecordView<'_>) -> bool {
    record.json(&mut Vec::new()).is_ok_and(|json| json == event.json())
}

fn role_event(keys: &RelayKeys, id: &Name, role: &MemberRole, at: Timestamp) -> OwnEvent {
    let MemberRole { label, description, color, order } = role;
    let mut tags = vec![vec!["-".to_owned()], vec!["d".to_owned(), id.0.clone()]];
    let mut add = |name: &str, value: String| tags.push(vec![name.to_owned(), value]);
    if !label.is_empty() {
        add("label", label.clone());
    }
    if !description.is_empty() {
        add("description", description.clone());
    }
    if let Some(color) = color {
        add("color", color.to_string());
    }
    if let Some(order) = order {
        add("order", order.to_string());
    }
    keys.sign(Kind::ROLE, at, &tags)
}

/// Who is banned has no access, so the roster does not name them.
fn roster(keys: &RelayKeys, state: &State, at: Timestamp) -> OwnEvent {
    let mut members: Vec<(&PublicKey, &Member)> =
        state.members.iter().filter(|(key, _)| !state.banned_keys.contains_key(key)).collect();
    members.sort_by_key(|&(key, member)| (member.joined_at, *key));
    let (mut tags, mut bytes) = (vec![vec!["-".to_owned()]], 0_usize);
    for (key, member) in members.into_iter().take(ROSTER_MEMBERS_MAX) {
        let mut tag = vec!["member".to_owned(), key.to_string()];
        tag.extend(member.roles.iter().cloned());
        // Each string has its quotes and a comma.
        bytes = tag.iter().fold(bytes, |bytes, string| bytes.saturating_add(string.len() + 3));
        if bytes > ROSTER_BYTES_MAX {
            break;
        }
        tags.push(tag);
    }
    keys.sign(Kind::MEMBERS, at, &tags)
}

#[cfg(test)]
mod tests;
