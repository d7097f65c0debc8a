//! `chappe invite`.

use std::fmt;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::desk::{Desk, DeskError};
use crate::Clock;
use crate::config::{Config, Mode};

/// Why no invite was made, or none was told.
#[derive(Debug)]
pub enum InviteError {
    /// Nobody joins this relay by invite.
    NoMembers,
    /// The management did not make one.
    Desk(DeskError),
    /// Standard output cannot be written.
    Write(io::Error),
}

/// Makes an invite (NIP-43) and writes its code on `out`, and what it is good for on `remarks`.
///
/// # Errors
///
/// [`InviteError`].
pub fn run(
    config: &Config,
    clock: &Clock,
    (uses, days): (Option<u32>, Option<u32>),
    mut out: impl Write,
    mut remarks: impl Write,
) -> Result<(), InviteError> {
    if config.access.mode != Mode::Members {
        return Err(InviteError::NoMembers);
    }
    let uses = uses.unwrap_or(config.members.invite_uses);
    let days = days.unwrap_or(config.members.invite_days);
    let params = json!([{ "uses": uses, "days": days }]);
    let desk = Desk::open(config, clock).map_err(InviteError::Desk)?;
    let invite = desk.call("createinvite", &params, clock).map_err(InviteError::Desk)?;
    let Some(code) = invite.get("code").and_then(Value::as_str) else {
        return Err(InviteError::Desk(DeskError::Call("the relay gave no code".to_owned())));
    };
    writeln!(out, "{code}").map_err(InviteError::Write)?;
    let uses = if uses == 1 { "for one".to_owned() } else { format!("for {uses}") };
    let days = match days {
        0 => "for ever".to_owned(),
        1 => "for a day".to_owned(),
        days => format!("for {days} days"),
    };
    // Whoever reads only the code does not need it.
    let _ = writeln!(remarks, "good {uses}, {days}");
    Ok(())
}

impl fmt::Display for InviteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMembers => f.write_str("access.mode is not \"members\": nobody joins by invite"),
            Self::Desk(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl std::error::Error for InviteError {}

#[cfg(test)]
mod tests;
