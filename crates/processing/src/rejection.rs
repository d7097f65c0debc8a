//! What an external check says about an event that it does not want.

use chappe_protocol::{Prefix, Refusal};

/// The words of a check that said no: one line, at most [`Rejection::BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection(Box<str>);

impl Rejection {
    /// The longest text that is kept; more is cut off.
    pub const BYTES_MAX: usize = 512;

    /// Takes the text of a check as it came. Control characters become spaces, and what is too long is cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let cut = text.get(..text.floor_char_boundary(Self::BYTES_MAX)).unwrap_or_default();
        Self(cut.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }

    /// What the client reads. A text that begins with one of NIP-01's machine-readable words keeps it; any other is a
    /// `blocked`.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        let Self(text) = self;
        let parts = text.split_once(':').and_then(|(word, rest)| {
            let prefix = Prefix::ALL.into_iter().find(|prefix| prefix.as_str() == word)?;
            Some((prefix, rest.trim_start().to_owned()))
        });
        match parts {
            Some((prefix, message)) => Refusal::new(prefix, message),
            None if text.is_empty() => Refusal::new(Prefix::Blocked, "this event is not wanted here"),
            None => Refusal::new(Prefix::Blocked, text.into_string()),
        }
    }
}

#[cfg(test)]
mod tests;
