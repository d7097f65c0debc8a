//! The policy file, as it is and read again.

use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, done};

/// The text of the file in force; null when none is configured.
pub(super) fn get(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    Ok(json!(act.desk.policy_text().as_deref()))
}

/// The old file stays in force when there is a fault in the new one; the answer names it.
pub(super) fn reload(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    act.desk.reload_policy(act.now).map_err(|error| CallError::Refused(error.to_string()))?;
    done()
}
