//! Members (NIP-43), kept by hand.

use chappe_protocol::PublicKey;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::params::wrong;
use crate::state::Edit;
use crate::values::Member;

pub(super) fn add(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let key = params.key(0)?;
    params.reason(1)?;
    if !act.state.members.contains_key(&key) {
        let member = Member { joined_at: act.now, roles: Vec::new() };
        act.edits.push(Edit::Membership(key, Some(member)));
    }
    done()
}

pub(super) fn remove(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let key = params.key(0)?;
    params.reason(1)?;
    if !act.state.members.contains_key(&key) {
        return Err(wrong(0, "the key of a member"));
    }
    act.edits.push(Edit::Membership(key, None));
    done()
}

pub(super) fn list(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| PublicKey::from_hex(value.as_str()?.as_bytes()).ok())?;
    let members = act.state.members.range(after(start)).take(page.entries_max);
    let entry = |(key, member): (&PublicKey, &Member)| json!({"pubkey": key.to_string(), "roles": member.roles, "joined_at": member.joined_at.0});
    Ok(members.map(entry).collect())
}
