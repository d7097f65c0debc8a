//! What members can be (NIP-43).

use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::packed::Name;
use crate::params::wrong;
use crate::state::Edit;
use crate::values::{Member, MemberRole};

/// The longest id of a role, in bytes.
const ID_BYTES_MAX: usize = 64;
/// The longest label, in bytes.
const LABEL_BYTES_MAX: usize = 100;
/// The longest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 1_000;
/// How many roles one member can have.
const ROLES_OF_A_MEMBER_MAX: usize = 20;

pub(super) fn create(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (id, role) = id_and_role(act)?;
    if act.state.roles.contains_key(&id) {
        return Err(wrong(0, "an id that no role has"));
    }
    act.edits.push(Edit::RoleDefined(id, Some(role)));
    done()
}

pub(super) fn edit(act: &mut Act<'_>) -> Result<Value, CallError> {
    let (id, role) = id_and_role(act)?;
    if !act.state.roles.contains_key(&id) {
        return Err(unknown_role(0));
    }
    act.edits.push(Edit::RoleDefined(id, Some(role)));
    done()
}

/// Takes it from everybody who has it, too.
pub(super) fn delete(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(1)?;
    let id = existing(act, 0)?;
    let holders = act.state.members.iter().filter(|(_, member)| member.roles.contains(&id.0));
    act.edits.extend(holders.map(|(&key, member)| {
        let mut member = member.clone();
        member.roles.retain(|role| *role != id.0);
        Edit::Membership(key, Some(member))
    }));
    act.edits.push(Edit::RoleDefined(id, None));
    done()
}

pub(super) fn list(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| Some(Name(value.as_str()?.to_owned())))?;
    let roles = act.state.roles.range(after(start)).take(page.entries_max);
    let entry = |(id, role): (&Name, &MemberRole)| {
        let MemberRole { label, description, color, order } = role;
        json!({"id": id.0, "label": label, "description": description, "color": color, "order": order})
    };
    Ok(roles.map(entry).collect())
}

pub(super) fn assign(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let (key, id) = (params.key(0)?, existing(act, 1)?);
    let mut member = act.state.members.get(&key).ok_or_else(not_a_member)?.clone();
    if !member.roles.contains(&id.0) {
        if member.roles.len() >= ROLES_OF_A_MEMBER_MAX {
            let text = format!("a member has {ROLES_OF_A_MEMBER_MAX} roles at most");
            return Err(CallError::Refused(text));
        }
        member.roles.push(id.0);
        act.edits.push(Edit::Membership(key, Some(member)));
    }
    done()
}

pub(super) fn unassign(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let (key, id) = (params.key(0)?, params.text(1, "a role's id", ID_BYTES_MAX)?);
    let member = act.state.members.get(&key).ok_or_else(not_a_member)?;
    if member.roles.iter().any(|role| role == id) {
        let roles = member.roles.iter().filter(|role| *role != id).cloned().collect();
        act.edits.push(Edit::Membership(key, Some(Member { roles, ..*member })));
    }
    done()
}

/// `[id, label, description, color, order]`; all but the id may be absent.
fn id_and_role(act: &Act<'_>) -> Result<(Name, MemberRole), CallError> {
    let params = act.params.at_most(5)?;
    let id = params.text(0, "a role's id", ID_BYTES_MAX)?;
    if id.is_empty() || id.chars().any(char::is_control) {
        return Err(wrong(0, "a role's id: not empty, without control characters"));
    }
    let color = params.optional_number(3, "a hue", (0, 360))?.and_then(|hue| u16::try_from(hue).ok());
    let role = MemberRole {
        label: params.optional_text(1, "a label", LABEL_BYTES_MAX)?.unwrap_or_default().to_owned(),
        description: params
            .optional_text(2, "a description", DESCRIPTION_BYTES_MAX)?
            .unwrap_or_default()
            .to_owned(),
        color,
        order: params.optional_number(4, "an order", (i64::MIN, i64::MAX))?,
    };
    Ok((Name(id.to_owned()), role))
}

fn existing(act: &Act<'_>, place: usize) -> Result<Name, CallError> {
    let id = Name(act.params.text(place, "a role's id", ID_BYTES_MAX)?.to_owned());
    if act.state.roles.contains_key(&id) { Ok(id) } else { Err(unknown_role(place)) }
}

fn unknown_role(place: usize) -> CallError {
    wrong(place, "the id of a role: listroles names those that there are")
}

fn not_a_member() -> CallError {
    wrong(0, "the key of a member: addmember makes it one")
}
