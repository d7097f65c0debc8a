//! People who come and go by themselves (NIP-43).

use std::borrow::Cow;

use chappe_authorization::Viewer;
use chappe_protocol::{EventHead, Kind, Prefix, PublicKey, Refusal, Timestamp};
use chappe_validation::Verified;

use crate::invites::{CODE_BYTES_MAX, REQUESTED_MAX, expiry};
use crate::management::Management;
use crate::packed::Name;
use crate::state::{Edit, State};
use crate::values::{Invite, Member, Origin};
use crate::{InvitesBy, OwnEvent};

/// What an event that speaks to the relay itself is answered: the text of an `OK true`, or a no.
pub type Answer = Result<Cow<'static, str>, Refusal>;

/// NIP-43: "The event's created_at MUST be now, plus or minus a few minutes".
const SECONDS_MAX: u64 = 600;

impl Management {
    /// Answers a request to become a member (kind 28934). `viewer` is who has signed in on the connection it came over.
    ///
    /// Whoever is let in is a member, on disk and in force, when this returns. Waits for the writer's turn.
    ///
    /// # Errors
    ///
    /// The refusal to send.
    pub fn join(&self, verified: &Verified<'_>, viewer: &Viewer, now: Timestamp) -> Answer {
        let head = verified.head();
        check_request(&head, Kind::JOIN_REQUEST, viewer, now)?;
        let mut state = self.lock_state();
        if self.live().load().is_banned(&head.pubkey) {
            return Err(Refusal::new(Prefix::Blocked, "this key is banned from this relay"));
        }
        if state.members.contains_key(&head.pubkey) {
            return Ok("duplicate: you are already a member of this relay".into());
        }
        let claim = head.tags.values_of(b"claim").next().unwrap_or_default();
        let (code, invite) = state.claimed(claim, now)?;
        let params = format!("[\"{}\"]", claim_in_log(&code.0));
        let uses_left = invite.uses_left.saturating_sub(1);
        // A used up one is kept as an expired one is, to be told apart from one that never was.
        let expires_at =
            if uses_left == 0 { Some(invite.expires_at.unwrap_or(now)) } else { invite.expires_at };
        let member = Member { joined_at: now, roles: Vec::new() };
        let mut edits = vec![
            Edit::Membership(head.pubkey, Some(member)),
            Edit::Invited(code, Some(Invite { uses_left, expires_at, ..invite })),
        ];
        if state.check_room(&edits).is_err() {
            return Err(Refusal::new(Prefix::Restricted, "this relay takes no more members"));
        }
        self.audit(&state, &mut edits, (head.pubkey, "join", &params), now);
        self.change(&mut state, edits, now).map_err(|error| not_now(&error))?;
        tracing::info!(key = %head.pubkey, "joined");
        Ok(match &self.terms().relay_url {
            Some(url) => format!("info: welcome to {url}!").into(),
            None => "info: welcome!".into(),
        })
    }

    /// Answers a request to be a member no longer (kind 28936), as [`Self::join`] does.
    ///
    /// # Errors
    ///
    /// The refusal to send.
    pub fn leave(&self, verified: &Verified<'_>, viewer: &Viewer, now: Timestamp) -> Answer {
        let head = verified.head();
        check_request(&head, Kind::LEAVE_REQUEST, viewer, now)?;
        if !head.is_protected() {
            return Err(Refusal::new(Prefix::Invalid, "a request to leave has the tag [\"-\"]"));
        }
        let mut state = self.lock_state();
        if !state.members.contains_key(&head.pubkey) {
            return Ok("duplicate: you are not a member of this relay".into());
        }
        let mut edits = vec![Edit::Membership(head.pubkey, None)];
        self.audit(&state, &mut edits, (head.pubkey, "leave", "[]"), now);
        self.change(&mut state, edits, now).map_err(|error| not_now(&error))?;
        tracing::info!(key = %head.pubkey, "left");
        Ok("info: you are no longer a member of this relay".into())
    }

    /// A claim for somebody who asks for kind 28935, in an event of the relay's own. It is made on the fly, and given
    /// again once the key has ten that are open. Waits for the writer's turn.
    ///
    /// # Errors
    ///
    /// The refusal for those who get none.
    pub fn invite_for(&self, viewer: &Viewer, now: Timestamp) -> Result<OwnEvent, Refusal> {
        let mut state = self.lock_state();
        let key = self.inviter(&state, viewer)?;
        let open = state.requested_by(&key, now);
        let code = if let Some((code, _)) = open.first().filter(|_| open.len() >= REQUESTED_MAX) {
            code.0.clone()
        } else {
            self.make_requested(&mut state, key, now)?
        };
        let tags = [vec!["-".to_owned()], vec!["claim".to_owned(), code]];
        Ok(self.keys().sign(Kind::INVITE, now, &tags))
    }

    fn make_requested(&self, state: &mut State, by: PublicKey, now: Timestamp) -> Result<String, Refusal> {
        let terms = self.terms();
        let (code, counted) = self.new_code(state);
        let invite = Invite {
            by,
            made_at: now,
            uses_left: terms.invite_uses,
            // One that is asked for has to end some day: nobody looks after it.
            expires_at: expiry(now, terms.invite_days.max(1)),
            origin: Origin::Requested,
        };
        let edits = vec![counted, Edit::Invited(Name(code.clone()), Some(invite))];
        if state.check_room(&edits).is_err() {
            return Err(Refusal::new(
                Prefix::RateLimited,
                "there are too many open invites, try again later",
            ));
        }
        self.change(state, edits, now).map_err(|error| not_now(&error))?;
        Ok(code)
    }

    /// The first of the viewer's keys that may invite.
    fn inviter(&self, state: &State, viewer: &Viewer) -> Result<PublicKey, Refusal> {
        if !self.is_members_mode() {
            return Err(Refusal::new(Prefix::Restricted, "this relay has no members"));
        }
        if viewer.is_anonymous() {
            return Err(Refusal::new(Prefix::AuthRequired, "invites are for members"));
        }
        if viewer.iter().any(|key| self.live().load().is_banned(key)) {
            return Err(Refusal::new(Prefix::Blocked, "this key is banned from this relay"));
        }
        let by_members = self.terms().invites_by == InvitesBy::Members;
        let may =
            |key: &&PublicKey| self.role(key).is_some() || (by_members && state.members.contains_key(*key));
        let inviter = viewer.iter().find(may).copied();
        inviter.ok_or_else(|| Refusal::new(Prefix::Restricted, "you may not invite people to this relay"))
    }
}

impl State {
    fn claimed(&self, claim: &[u8], now: Timestamp) -> Result<(Name, Invite), Refusal> {
        let restricted = |text: &'static str| Err(Refusal::new(Prefix::Restricted, text));
        if claim.is_empty() {
            return restricted("to join takes an invite code, in a claim tag");
        }
        let code = str::from_utf8(claim).ok().filter(|code| code.len() <= CODE_BYTES_MAX);
        let Some((code, invite)) = code.and_then(|code| self.invites.get_key_value(&Name(code.to_owned())))
        else {
            return restricted("that is an invalid invite code");
        };
        if invite.uses_left == 0 {
            return restricted("that invite code is used up");
        }
        if invite.is_expired(now) {
            return restricted("that invite code is expired");
        }
        Ok((code.clone(), invite.clone()))
    }
}

/// What both requests have to be.
fn check_request(head: &EventHead<'_>, kind: Kind, viewer: &Viewer, now: Timestamp) -> Result<(), Refusal> {
    if head.kind != kind {
        return Err(Refusal::new(Prefix::Invalid, "the request is of another kind"));
    }
    check_fresh(head, now)?;
    // NIP-70: only the author may publish, and has to have signed in to show that it is them.
    if head.is_protected() && !viewer.contains(&head.pubkey) {
        let prefix = if viewer.is_anonymous() { Prefix::AuthRequired } else { Prefix::Restricted };
        return Err(Refusal::new(prefix, "this event may only be published by its author"));
    }
    Ok(())
}

/// Requests to the relay hold for a few minutes, so that nobody can bring an old one back.
pub(crate) fn check_fresh(head: &EventHead<'_>, now: Timestamp) -> Result<(), Refusal> {
    let at = head.created_at;
    if at < now.minus_seconds(SECONDS_MAX) || at > now.plus_seconds(SECONDS_MAX) {
        let text = format!("created_at has to lie within {SECONDS_MAX} seconds of the relay's clock");
        return Err(Refusal::new(Prefix::Invalid, text));
    }
    Ok(())
}

/// The log names an invite without giving it away.
fn claim_in_log(code: &str) -> String {
    code.chars().take(4).filter(|c| c.is_alphanumeric()).chain("...".chars()).collect()
}

pub(crate) fn not_now(error: &chappe_store::Error) -> Refusal {
    tracing::error!(%error, "could not keep a change");
    Refusal::new(Prefix::Error, "the relay could not store this, try again later")
}

#[cfg(test)]
mod tests;
