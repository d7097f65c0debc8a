//! Invites (NIP-43), made by hand.

use serde_json::{Map, Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::invites::{CODE_BYTES_MAX, DAYS_MAX, USES_MAX, expiry};
use crate::packed::Name;
use crate::params::wrong;
use crate::state::Edit;
use crate::values::{Invite, Origin};

/// `[{"uses": 1, "days": 7, "code": "..."}]`: all optional; 0 days never expire.
pub(super) fn create(act: &mut Act<'_>) -> Result<Value, CallError> {
    let none = Map::new();
    let options = act.params.at_most(1)?.options(0)?.unwrap_or(&none);
    let known = ["uses", "days", "code"];
    if options.keys().any(|name| !known.contains(&name.as_str())) {
        return Err(wrong(0, "an object with the members uses, days and code"));
    }
    let number = |name: &str, default: u32, least: u32, most: u32| match options.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            let number = number.filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| {
                wrong(0, &format!("an object whose {name} is a number from {least} to {most}"))
            })
        }
    };
    let uses_left = number("uses", act.terms.invite_uses, 1, USES_MAX)?;
    let days = number("days", act.terms.invite_days, 0, DAYS_MAX)?;
    let code = match options.get("code") {
        None | Some(Value::Null) => act.new_code(),
        Some(code) => chosen_code(act, code)?,
    };
    let invite = Invite {
        by: act.caller,
        made_at: act.now,
        uses_left,
        expires_at: expiry(act.now, days),
        origin: Origin::Made,
    };
    let answer = described(&code, &invite);
    act.edits.push(Edit::Invited(Name(code), Some(invite)));
    Ok(answer)
}

pub(super) fn revoke(act: &mut Act<'_>) -> Result<Value, CallError> {
    let code = Name(act.params.at_most(1)?.text(0, "an invite's code", CODE_BYTES_MAX)?.to_owned());
    if !act.state.invites.contains_key(&code) {
        return Err(wrong(0, "the code of an open invite"));
    }
    act.edits.push(Edit::Invited(code, None));
    done()
}

pub(super) fn list(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| Some(Name(value.as_str()?.to_owned())))?;
    let invites = act.state.invites.range(after(start)).take(page.entries_max);
    Ok(invites.map(|(code, invite)| described(&code.0, invite)).collect())
}

/// A code that people can remember is one that people can guess, so it has a least length.
fn chosen_code(act: &Act<'_>, code: &Value) -> Result<String, CallError> {
    let fits =
        |code: &&str| (8..=CODE_BYTES_MAX).contains(&code.len()) && !code.chars().any(char::is_control);
    let code = code.as_str().filter(fits);
    let code =
        code.ok_or_else(|| wrong(0, &format!("an object whose code has 8 to {CODE_BYTES_MAX} bytes")))?;
    if act.state.invites.contains_key(&Name(code.to_owned())) {
        return Err(wrong(0, "an object whose code no other invite has"));
    }
    Ok(code.to_owned())
}

fn described(code: &str, invite: &Invite) -> Value {
    json!({
        "code": code,
        "uses": invite.uses_left,
        "expires_at": invite.expires_at.map(|at| at.0),
        "by": invite.by.to_string(),
        "made_at": invite.made_at.0,
    })
}
