//! Who may see what.

use std::fmt;

use chappe_protocol::{EventHead, Filter, Prefix, PublicKey, Refusal};

use crate::{Access, Viewer};

/// Whether the viewer may see the event: on REQ, live, in a COUNT, everywhere.
///
/// Private kinds are shown to their author and to those in their `p` tags (NIP-17, NIP-59), to whichever of the
/// viewer's keys that is. All other kinds are shown to everybody. Costs a look at each `p` tag of a private event.
#[must_use]
pub fn can_see(access: &Access, viewer: &Viewer, head: &EventHead<'_>) -> bool {
    if !access.is_private(head.kind) {
        return true;
    }
    if viewer.is_anonymous() {
        return false;
    }
    let is_own = |value| PublicKey::from_hex(value).is_ok_and(|key| viewer.contains(&key));
    viewer.contains(&head.pubkey) || head.tags.values_of(b"p").any(is_own)
}

/// Why a question is not answered at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskDenied {
    /// It asks for private kinds only, and nobody has signed in. The client must have a challenge before it reads
    /// this no (NIP-42).
    PrivateNeedsAuth,
}

impl fmt::Display for AskDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateNeedsAuth => "events of these kinds are shown to their author and recipients only",
        })
    }
}

impl std::error::Error for AskDenied {}

impl From<AskDenied> for Refusal {
    fn from(denied: AskDenied) -> Self {
        let prefix = match denied {
            AskDenied::PrivateNeedsAuth => Prefix::AuthRequired,
        };
        Self::new(prefix, denied.to_string())
    }
}

/// Whether the viewer may ask this at all. What the answer then holds is for [`can_see`] to say.
///
/// Filters that can match nothing do not count; a question with one filter that is open to everybody is answered
/// with what may be seen.
///
/// # Errors
///
/// [`AskDenied`] when every answer would be private and nobody has signed in: an empty answer would look as if there
/// were nothing.
pub fn may_ask(access: &Access, viewer: &Viewer, filters: &[Filter]) -> Result<(), AskDenied> {
    let is_private = |filter: &&Filter| {
        filter.kinds.as_ref().is_some_and(|kinds| kinds.iter().all(|&kind| access.is_private(kind)))
    };
    let mut asked = filters.iter().filter(|filter| !filter.is_never()).peekable();
    let asks_something = asked.peek().is_some();
    if viewer.is_anonymous() && asks_something && asked.all(|filter| is_private(&filter)) {
        return Err(AskDenied::PrivateNeedsAuth);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
