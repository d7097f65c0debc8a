//! Lists of keys, each with a verb that puts on and one that takes off.

use std::collections::BTreeMap;

use chappe_protocol::PublicKey;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::state::Edit;
use crate::values::{Member, Note, Reported};

pub(super) fn ban(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (key, note) = key_and_note(act)?;
    act.must_outrank(&key)?;
    act.edits.push(Edit::BannedKey(key, Some(note)));
    // Who is banned needs no further look.
    if act.state.reports.contains_key(&Reported::Key(key)) {
        act.edits.push(Edit::Reporting(Reported::Key(key), None));
    }
    done()
}

pub(super) fn unban(act: &mut Act<'_>) -> Result<Value, CallError> {
    take_off(act, |key| Edit::BannedKey(key, None))
}

pub(super) fn list_banned(act: &mut Act<'_>) -> Result<Value, CallError> {
    list(act, &act.state.banned_keys)
}

/// Whoever is let in by this verb in mode `members` becomes a member: the members are that mode's white list.
pub(super) fn allow(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (key, note) = key_and_note(act)?;
    if act.is_members_mode() {
        if !act.state.members.contains_key(&key) {
            let member = Member { joined_at: act.now, roles: Vec::new() };
            act.edits.push(Edit::Membership(key, Some(member)));
        }
    } else {
        act.edits.push(Edit::AllowedKey(key, Some(note)));
    }
    done()
}

pub(super) fn unallow(act: &mut Act<'_>) -> Result<Value, CallError> {
    if act.is_members_mode() {
        take_off(act, |key| Edit::Membership(key, None))
    } else {
        take_off(act, |key| Edit::AllowedKey(key, None))
    }
}

pub(super) fn list_allowed(act: &mut Act<'_>) -> Result<Value, CallError> {
    if act.is_members_mode() { super::members::list(act) } else { list(act, &act.state.allowed_keys) }
}

pub(super) fn trust(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (key, note) = key_and_note(act)?;
    act.edits.extend([Edit::BlacklistedKey(key, None), Edit::TrustedKey(key, Some(note))]);
    done()
}

pub(super) fn untrust(act: &mut Act<'_>) -> Result<Value, CallError> {
    take_off(act, |key| Edit::TrustedKey(key, None))
}

pub(super) fn list_trusted(act: &mut Act<'_>) -> Result<Value, CallError> {
    list(act, &act.state.trusted_keys)
}

pub(super) fn blacklist(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (key, note) = key_and_note(act)?;
    act.must_outrank(&key)?;
    act.edits.extend([Edit::TrustedKey(key, None), Edit::BlacklistedKey(key, Some(note))]);
    done()
}

pub(super) fn unblacklist(act: &mut Act<'_>) -> Result<Value, CallError> {
    take_off(act, |key| Edit::BlacklistedKey(key, None))
}

pub(super) fn list_blacklisted(act: &mut Act<'_>) -> Result<Value, CallError> {
    list(act, &act.state.blacklisted_keys)
}

pub(super) fn add_moderator(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (key, note) = key_and_note(act)?;
    act.edits.push(Edit::Moderator(key, Some(note)));
    done()
}

pub(super) fn remove_moderator(act: &mut Act<'_>) -> Result<Value, CallError> {
    take_off(act, |key| Edit::Moderator(key, None))
}

pub(super) fn list_moderators(act: &mut Act<'_>) -> Result<Value, CallError> {
    list(act, &act.state.moderators)
}

fn key_and_note(act: &Act<'_>) -> Result<(PublicKey, Note), CallError> {
    let params = act.params.at_most(2)?;
    Ok((params.key(0)?, act.note(params.reason(1)?)))
}

/// NIP-86 gives the undoing verbs a reason too; the audit log keeps it. Taking off what is not on is no mistake.
fn take_off(act: &mut Act<'_>, edit: impl Fn(PublicKey) -> Edit) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let key = params.key(0)?;
    params.reason(1)?;
    act.edits.push(edit(key));
    done()
}

fn list(act: &Act<'_>, keys: &BTreeMap<PublicKey, Note>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| PublicKey::from_hex(value.as_str()?.as_bytes()).ok())?;
    let entries = keys.range(after(start)).take(page.entries_max);
    let entry = |(key, note): (&PublicKey, &Note)| json!({"pubkey": key.to_string(), "reason": note.reason});
    Ok(entries.map(entry).collect())
}
