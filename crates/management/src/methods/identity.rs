//! What the relay calls itself in its NIP-11 document, where that is not the configuration's.

use serde_json::Value;

use crate::CallError;
use crate::call::{Act, done};
use crate::packed::Name;
use crate::params::wrong;
use crate::state::Edit;

pub(crate) const NAME: &str = "name";
pub(crate) const DESCRIPTION: &str = "description";
pub(crate) const ICON: &str = "icon";

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// The longest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 10_000;
/// The longest address of an icon, in bytes.
const ICON_BYTES_MAX: usize = 2_048;

pub(super) fn change_name(act: &mut Act<'_>) -> Result<Value, CallError> {
    change(act, NAME, "a name", NAME_BYTES_MAX)
}

pub(super) fn change_description(act: &mut Act<'_>) -> Result<Value, CallError> {
    change(act, DESCRIPTION, "a description", DESCRIPTION_BYTES_MAX)
}

pub(super) fn change_icon(act: &mut Act<'_>) -> Result<Value, CallError> {
    let icon = act.params.text(0, "an address", ICON_BYTES_MAX)?;
    // It becomes a link on the relay's page.
    if !(icon.is_empty() || icon.starts_with("https://") || icon.starts_with("http://")) {
        return Err(wrong(0, "an address that begins with https:// or http://"));
    }
    change(act, ICON, "an address", ICON_BYTES_MAX)
}

/// An empty text gives the configuration's back.
fn change(act: &mut Act<'_>, what: &str, described: &str, bytes_max: usize) -> Result<Value, CallError> {
    let text = act.params.at_most(1)?.text(0, described, bytes_max)?;
    let value = (!text.is_empty()).then(|| text.to_owned());
    act.edits.push(Edit::Identified(Name(what.to_owned()), value));
    done()
}
