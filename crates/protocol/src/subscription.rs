//! Subscription ids.

use std::fmt;

/// A client's name for one of its subscriptions: 1 to 64 characters (NIP-01).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(Box<str>);

/// The text is empty or longer than [`SubscriptionId::CHARS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionIdError;

impl fmt::Display for SubscriptionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a subscription id has 1 to {} characters", SubscriptionId::CHARS_MAX)
    }
}

impl std::error::Error for SubscriptionIdError {}

impl SubscriptionId {
    /// The longest id, in Unicode characters.
    pub const CHARS_MAX: usize = 64;

    /// Takes a text of 1 to 64 characters.
    ///
    /// # Errors
    ///
    /// [`SubscriptionIdError`] when it is empty or longer.
    pub fn new(text: &str) -> Result<Self, SubscriptionIdError> {
        // A character has at most four bytes, so a long text is refused without counting it.
        let fits = !text.is_empty() && text.len() <= 4 * Self::CHARS_MAX;
        if fits && text.chars().count() <= Self::CHARS_MAX {
            Ok(Self(text.into()))
        } else {
            Err(SubscriptionIdError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
