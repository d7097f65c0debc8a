//! Who may see what.

use chappe_protocol::{EventHead, Prefix, PublicKey, Refusal};

use crate::witness::Witness;
use crate::{Access, Gate, Role, Viewer};

/// Whether the viewer may see the event: on REQ, live, in a COUNT, in an export, everywhere.
///
/// A banned viewer sees nothing, and nobody who has not signed in sees more than exempt kinds where `auth_read` asks
/// for it. Private kinds are shown to their author and to those in their `p` tags (NIP-17, NIP-59), to whichever of
/// the viewer's keys that is, and to nobody else whatever their role. Banned events, and those of banned and
/// blacklisted keys, are shown to owners, admins and moderators only. The policy file binds all but owners.
///
/// Costs a look into a few sorted lists, at the `p` tags of a private event, and what the policy file costs. Allocates
/// nothing.
#[must_use]
pub fn can_see(access: &Access, viewer: &Viewer, head: &EventHead<'_>) -> bool {
    look(access, viewer, head, &mut ()).is_ok()
}

/// Why an event is not shown. Viewers are not told; explanations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// A key of the viewer is banned.
    ViewerBanned,
    /// Nobody has signed in, and reading needs it.
    NeedsAuth,
    /// It is private, and nobody among the viewer's keys is part of it.
    Private,
    /// It, or its author, is banned or blacklisted.
    Hidden,
    /// The policy file denies it.
    Policy,
}

impl From<Unseen> for Refusal {
    /// In the words of an explanation: no client is told.
    fn from(unseen: Unseen) -> Self {
        match unseen {
            Unseen::ViewerBanned => Self::new(Prefix::Blocked, "a key of the viewer is banned"),
            Unseen::NeedsAuth => Self::new(Prefix::AuthRequired, "nobody is signed in, and reading needs it"),
            Unseen::Private => {
                Self::new(Prefix::Restricted, "the kind is private, and the viewer is not part of the event")
            }
            Unseen::Hidden => Self::new(Prefix::Blocked, "the event or its author is banned"),
            Unseen::Policy => {
                Self::new(Prefix::Restricted, "the policy file does not show it to this viewer")
            }
        }
    }
}

/// Decides. See [`can_see`].
pub(crate) fn look(
    access: &Access,
    viewer: &Viewer,
    head: &EventHead<'_>,
    witness: &mut impl Witness,
) -> Result<(), Unseen> {
    let settings = access.settings();
    if is_banned(access, viewer) {
        return Err(Unseen::ViewerBanned);
    }
    witness.note(|| describe(access, viewer));
    if needs_auth(access, viewer) && !settings.auth_exempt_kinds.contains(head.kind) {
        return Err(Unseen::NeedsAuth);
    }
    witness.note(|| format!("gate: passed, with auth_read = {}", settings.auth_read == Gate::SignedIn));
    if settings.private_kinds.contains(head.kind) && !is_part_of(viewer, head) {
        return Err(Unseen::Private);
    }
    witness.note(|| "private kinds: not one of them, or the viewer is part of it".to_owned());
    if access.is_hidden(head) && access.role_of(viewer).is_none() {
        return Err(Unseen::Hidden);
    }
    witness.note(|| "bans: not hidden from this viewer".to_owned());
    check_policy(access, viewer, head, witness)
}

fn check_policy(
    access: &Access,
    viewer: &Viewer,
    head: &EventHead<'_>,
    witness: &mut impl Witness,
) -> Result<(), Unseen> {
    let policy = access.policy();
    let decision = policy.may_read(head, viewer.keys(), access.follows());
    if let Some(shadow) = access.shadow() {
        let other = shadow.policy().may_read(head, viewer.keys(), access.follows());
        shadow.count_read(decision.verdict, other.verdict);
    }
    witness.note(|| {
        if policy.is_permissive() {
            "policy: there is no policy file".to_owned()
        } else {
            format!("policy:\n{}", policy.explain_read(head, viewer.keys(), access.follows()))
        }
    });
    if decision.is_allowed() {
        return Ok(());
    }
    if is_owner(access, viewer) {
        witness.note(|| "policy: does not bind owners".to_owned());
        return Ok(());
    }
    Err(Unseen::Policy)
}

/// The viewer, for an explanation.
pub(crate) fn describe(access: &Access, viewer: &Viewer) -> String {
    let level = access.level(viewer);
    if viewer.is_anonymous() {
        format!("who: nobody is signed in, whose level is {level}")
    } else {
        format!("who: {} signed-in key(s), none of them banned, whose level is {level}", viewer.keys().len())
    }
}

/// Whether one of the viewer's keys is banned.
pub(crate) fn is_banned(access: &Access, viewer: &Viewer) -> bool {
    viewer.iter().any(|key| access.is_banned(key))
}

/// Whether the viewer has to sign in to see more than exempt kinds.
pub(crate) fn needs_auth(access: &Access, viewer: &Viewer) -> bool {
    access.settings().auth_read == Gate::SignedIn && viewer.is_anonymous()
}

/// Whether the policy file does not bind the viewer.
pub(crate) fn is_owner(access: &Access, viewer: &Viewer) -> bool {
    access.role_of(viewer) == Some(Role::Owner)
}

/// Whether one of the viewer's keys is the author's or in a `p` tag.
fn is_part_of(viewer: &Viewer, head: &EventHead<'_>) -> bool {
    if viewer.is_anonymous() {
        return false;
    }
    let is_own = |value| PublicKey::from_hex(value).is_ok_and(|key| viewer.contains(&key));
    viewer.contains(&head.pubkey) || head.tags.values_of(b"p").any(is_own)
}

#[cfg(test)]
mod tests;
