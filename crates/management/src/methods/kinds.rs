//! Which kinds are taken: once one is on the list of allowed kinds, only those on it are.

use chappe_protocol::Kind;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::state::Edit;
use crate::values::KindRule;

/// Undoes `disallowkind`; of a kind that was not disallowed, it puts it on the list of those that alone are taken.
pub(super) fn allow(act: &mut Act<'_>) -> Result<Value, CallError> {
    let kind = act.params.at_most(1)?.kind(0)?;
    let was_disallowed = act.state.kinds.get(&kind) == Some(&KindRule::Disallowed);
    let edit = if was_disallowed && !has_allowed(act, None) { None } else { Some(KindRule::Allowed) };
    act.edits.push(Edit::KindDecided(kind, edit));
    done()
}

/// Undoes `allowkind` while other kinds are still on the list; else the kind is refused by name, because an empty list
/// would let it in again.
pub(super) fn disallow(act: &mut Act<'_>) -> Result<Value, CallError> {
    let kind = act.params.at_most(1)?.kind(0)?;
    let edit = if has_allowed(act, Some(kind)) { None } else { Some(KindRule::Disallowed) };
    act.edits.push(Edit::KindDecided(kind, edit));
    done()
}

/// Forgets both lists.
pub(super) fn reset(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    act.edits.extend(act.state.kinds.keys().map(|&kind| Edit::KindDecided(kind, None)));
    done()
}

pub(super) fn list_allowed(act: &mut Act<'_>) -> Result<Value, CallError> {
    list(act, KindRule::Allowed)
}

pub(super) fn list_disallowed(act: &mut Act<'_>) -> Result<Value, CallError> {
    list(act, KindRule::Disallowed)
}

fn has_allowed(act: &Act<'_>, but: Option<Kind>) -> bool {
    act.state.kinds.iter().any(|(kind, rule)| *rule == KindRule::Allowed && Some(*kind) != but)
}

fn list(act: &Act<'_>, rule: KindRule) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| value.as_u64()?.try_into().ok().map(Kind))?;
    let of_rule = act.state.kinds.range(after(start)).filter(|(_, decided)| **decided == rule);
    Ok(of_rule.take(page.entries_max).map(|(kind, _)| json!(kind.0)).collect())
}
