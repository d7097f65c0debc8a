//! What a program says: the same in both dialects.

use std::fmt;

use chappe_protocol::EventId;
use serde::Deserialize;

/// A line that a program wrote.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Which event it is about.
    pub(super) id: EventId,
    /// What it says; an action that there is none of is no verdict.
    pub(super) verdict: Result<Verdict, UnknownAction>,
}

/// What a program wants done with an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    /// Refuse it with this text.
    Reject(String),
    /// Refuse it, and say that it was stored.
    ShadowReject,
}

/// The action is none of `accept`, `reject` and `shadowReject`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownAction;

/// The line is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrote a line that is no answer")
    }
}

/// As it stands on the line. Fields besides these are ignored: programs may write what they like to read themselves.
#[derive(Deserialize)]
struct Written {
    id: String,
    action: String,
    msg: Option<String>,
}

impl Answer {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] when it is not a JSON object with an event's `id` and an `action`.
    pub(super) fn read(line: &[u8]) -> Result<Self, NoAnswer> {
        let Written { id, action, msg } = serde_json::from_slice(line).map_err(|_| NoAnswer)?;
        let id = EventId::from_hex(id.as_bytes()).map_err(|_| NoAnswer)?;
        let verdict = match action.as_str() {
            "accept" => Ok(Verdict::Accept),
            "reject" => Ok(Verdict::Reject(msg.unwrap_or_default())),
            "shadowReject" => Ok(Verdict::ShadowReject),
            _ => Err(UnknownAction),
        };
        Ok(Self { id, verdict })
    }
}

#[cfg(test)]
mod tests;
