//! Questions, and which of them are answered at all.

use std::fmt;

use chappe_policy::Readable;
use chappe_protocol::{EventHead, EventId, Filter, Kind, Prefix, PublicKey, Refusal, Tags, Timestamp};

use crate::visibility::{describe, is_banned, is_owner, needs_auth};
use crate::witness::Witness;
use crate::{Access, Gate, KindSet, Viewer};

/// Of a filter that names more kinds than this, the policy file is asked event by event only: a filter may name all
/// 65,536, and asking about each would cost more than the answer.
const KINDS_MAX: usize = 1_000;

/// Why a question is not answered at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskDenied {
    /// A key that signed in on this connection is banned.
    ViewerBanned,
    /// Nobody has signed in, and reading needs it (`auth_read`).
    NeedsAuth,
    /// It asks for private kinds only, and nobody has signed in. The client must have a challenge before it reads
    /// this no (NIP-42).
    PrivateNeedsAuth,
    /// It asks only for kinds that the policy file shows to nobody who has not signed in.
    PolicyNeedsAuth,
    /// It asks only for kinds that the policy file does not show to this viewer.
    Policy,
    /// The address has asked too often.
    TooManyRequests {
        /// REQ and COUNT a minute.
        per_minute: u32,
    },
}

impl AskDenied {
    /// Whether signing in may help, so that the client must have a challenge before it reads this no (NIP-42).
    #[must_use]
    pub const fn needs_auth(self) -> bool {
        matches!(self.prefix(), Prefix::AuthRequired)
    }

    const fn prefix(self) -> Prefix {
        match self {
            Self::ViewerBanned => Prefix::Blocked,
            Self::NeedsAuth | Self::PrivateNeedsAuth | Self::PolicyNeedsAuth => Prefix::AuthRequired,
            Self::Policy => Prefix::Restricted,
            Self::TooManyRequests { .. } => Prefix::RateLimited,
        }
    }
}

impl fmt::Display for AskDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ViewerBanned => f.write_str("the key you signed in with is banned here"),
            Self::NeedsAuth => f.write_str("sign in to read here"),
            Self::PrivateNeedsAuth => {
                f.write_str("events of these kinds are shown to their author and recipients only")
            }
            Self::PolicyNeedsAuth => {
                f.write_str("the relay's policy shows events of these kinds to some keys only")
            }
            Self::Policy => f.write_str("the relay's policy does not show you events of these kinds"),
            Self::TooManyRequests { per_minute } => {
                write!(f, "at most {per_minute} requests are answered to one address in a minute")
            }
        }
    }
}

impl std::error::Error for AskDenied {}

impl From<AskDenied> for Refusal {
    fn from(denied: AskDenied) -> Self {
        Self::new(denied.prefix(), denied.to_string())
    }
}

/// Whether the viewer may ask this at all. What the answer then holds is for [`crate::can_see`] to say.
///
/// Filters that can match nothing do not count. Where `auth_read` holds, somebody who has not signed in may ask for
/// exempt kinds and nothing else. Else a question with one filter of which something may be seen is answered with that.
///
/// # Errors
///
/// [`AskDenied`] when no answer may be seen: an empty one would look as if there were nothing.
pub fn may_ask(access: &Access, viewer: &Viewer, filters: &[Filter]) -> Result<(), AskDenied> {
    ask(access, viewer, filters, &mut ())
}

/// Decides. See [`may_ask`].
pub(crate) fn ask(
    access: &Access,
    viewer: &Viewer,
    filters: &[Filter],
    witness: &mut impl Witness,
) -> Result<(), AskDenied> {
    let settings = access.settings();
    if is_banned(access, viewer) {
        return Err(AskDenied::ViewerBanned);
    }
    witness.note(|| describe(access, viewer));
    let asked = || filters.iter().filter(|filter| !filter.is_never());
    if asked().next().is_none() {
        witness.note(|| "filters: none that can match".to_owned());
        return Ok(());
    }
    let all_in = |kinds: &KindSet| asked().all(|filter| asks_only(filter, |kind| kinds.contains(kind)));
    if needs_auth(access, viewer) && !all_in(&settings.auth_exempt_kinds) {
        return Err(AskDenied::NeedsAuth);
    }
    witness.note(|| format!("gate: passed, with auth_read = {}", settings.auth_read == Gate::SignedIn));
    if viewer.is_anonymous() && all_in(&settings.private_kinds) {
        return Err(AskDenied::PrivateNeedsAuth);
    }
    witness.note(|| "private kinds: the viewer is signed in, or other kinds are asked for, too".to_owned());
    if asked().all(|filter| is_out_of_policy(access, viewer, filter)) {
        let may_help = asked().all(|filter| asks_only(filter, |kind| is_shown_to_some(access, kind)));
        let needs_auth = viewer.is_anonymous() && may_help;
        return Err(if needs_auth { AskDenied::PolicyNeedsAuth } else { AskDenied::Policy });
    }
    witness.note(|| "policy: there is a kind that it may show to this viewer".to_owned());
    Ok(())
}

fn asks_only(filter: &Filter, holds: impl Fn(Kind) -> bool) -> bool {
    filter.kinds.as_ref().is_some_and(|kinds| kinds.iter().all(|&kind| holds(kind)))
}

fn is_out_of_policy(access: &Access, viewer: &Viewer, filter: &Filter) -> bool {
    let kinds = filter.kinds.as_deref().unwrap_or_default();
    binds(access, viewer, kinds) && asks_only(filter, |kind| is_never_shown(access, viewer, kind))
}

/// Whether the policy file is to be asked about each of these kinds for this viewer.
pub(crate) fn binds(access: &Access, viewer: &Viewer, kinds: &[Kind]) -> bool {
    !access.policy().is_permissive() && kinds.len() <= KINDS_MAX && !is_owner(access, viewer)
}

/// Whether the policy file shows this viewer no event of the kind at all.
pub(crate) fn is_never_shown(access: &Access, viewer: &Viewer, kind: Kind) -> bool {
    access.policy().may_read_kind(kind, viewer.keys(), access.follows()) == Readable::Never
}

/// Whether what keeps an unknown viewer from this kind is a list of keys: asked for an event of nobody's.
fn is_shown_to_some(access: &Access, kind: Kind) -> bool {
    let head = EventHead {
        id: EventId::from_bytes([0; EventId::BYTES]),
        pubkey: PublicKey::from_bytes([0; PublicKey::BYTES]),
        created_at: Timestamp(0),
        kind,
        tags: Tags::default(),
    };
    let denial = access.policy().may_read(&head, &[], access.follows()).denial();
    denial.is_some_and(|denial| denial.depends_on_key())
}

#[cfg(test)]
mod tests;
