//! The decision about an event, step by step.

mod limits;

use chappe_policy::{Decision, Submission};
use chappe_protocol::{EventHead, Kind, PublicKey, Timestamp};

use crate::level::highest_role;
use crate::meters::Charge;
use crate::permit::Grant;
use crate::witness::Witness;
use crate::{
    Access, Bringing, Denied, Difference, Gate, Level, List, Meters, Mode, Peer, Role, Shadow, Source,
    Strangers,
};

/// An event that somebody wants to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal<'a> {
    pub(crate) head: &'a EventHead<'a>,
    pub(crate) content_bytes: usize,
    pub(crate) event_bytes: usize,
    pub(crate) source: Source<'a>,
    pub(crate) now: Timestamp,
}

/// A proposal of a client, and what is looked up once for all steps.
struct Case<'a> {
    access: &'a Access,
    head: &'a EventHead<'a>,
    peer: &'a Peer,
    /// Who brings it: the author alone, when nobody has signed in or the author has, else all keys that have.
    submitters: &'a [PublicKey],
    role: Option<Role>,
    /// Its kind passes gates and mode.
    is_exempt: bool,
}

/// Decides. See [`crate::authorize`].
pub(crate) fn judge(
    access: &Access,
    meters: &Meters,
    charge: Charge,
    proposal: &Proposal<'_>,
    witness: &mut impl Witness,
) -> Result<Grant, Denied> {
    check_form(access, proposal)?;
    witness.note(|| "form: what holds for every event (AUTH, NIP-62, NIP-70) is kept".to_owned());
    let peer = match proposal.source {
        Source::Client(peer) => peer,
        Source::Operator => {
            witness.note(|| "source: the operator, who is asked for nothing else".to_owned());
            return Ok(Grant::default());
        }
        Source::Relay => return check_relay_key(access, proposal.head, witness),
    };
    let case = Case::new(access, proposal.head, peer);
    witness.note(|| case.describe());
    case.check_bans(proposal.now, witness)?;
    case.check_gates(witness)?;
    // NIP-62: relays that restrict who can post must follow a request to vanish regardless of the user's status.
    let decision = if case.head.kind == Kind::VANISH {
        witness
            .note(|| "kinds, mode, policy: passed, a request to vanish is followed for everybody".to_owned());
        None
    } else {
        case.check_kind(witness)?;
        case.check_mode(witness)?;
        case.check_policy(proposal, witness)?
    };
    case.count(meters, charge, proposal.now, decision, witness)
}

/// What no source and no role changes.
fn check_form(access: &Access, proposal: &Proposal<'_>) -> Result<(), Denied> {
    let Proposal { head, source, .. } = proposal;
    match head.kind {
        Kind::AUTH => return Err(Denied::AuthEventPublished),
        Kind::VANISH => check_vanish(access, head, *source)?,
        Kind(_) => {}
    }
    check_protected(head, *source)
}

/// NIP-70: only the author may publish, and has to have signed in to show that it is them.
fn check_protected(head: &EventHead<'_>, source: Source<'_>) -> Result<(), Denied> {
    let Some(peer) = source.peer() else { return Ok(()) };
    if !head.is_protected() || peer.viewer.contains(&head.pubkey) {
        Ok(())
    } else if peer.viewer.is_anonymous() {
        Err(Denied::ProtectedNeedsAuth)
    } else {
        Err(Denied::ProtectedNotAuthor)
    }
}

/// NIP-62: a request binds the relays it names, and `ALL_RELAYS` (in capitals) names every one.
fn check_vanish(access: &Access, head: &EventHead<'_>, source: Source<'_>) -> Result<(), Denied> {
    let mut relays = head.tags.values_of(b"relay").peekable();
    if relays.peek().is_none() {
        return Err(Denied::VanishWithoutRelay);
    }
    if relays.any(|relay| relay == b"ALL_RELAYS" || access.is_own_url(source.peer(), relay)) {
        Ok(())
    } else {
        Err(Denied::VanishElsewhere)
    }
}

fn check_relay_key(
    access: &Access,
    head: &EventHead<'_>,
    witness: &mut impl Witness,
) -> Result<Grant, Denied> {
    if access.settings().relay_key != Some(head.pubkey) {
        return Err(Denied::NotRelayKey);
    }
    witness.note(|| "source: the relay's own key".to_owned());
    Ok(Grant::default())
}

impl<'a> Case<'a> {
    fn new(access: &'a Access, head: &'a EventHead<'a>, peer: &'a Peer) -> Self {
        let is_authors = peer.viewer.is_anonymous() || peer.viewer.contains(&head.pubkey);
        let submitters = if is_authors { std::slice::from_ref(&head.pubkey) } else { peer.viewer.keys() };
        let role = highest_role(access, submitters);
        let is_exempt = access.settings().auth_exempt_kinds.contains(head.kind);
        Self { access, head, peer, submitters, role, is_exempt }
    }

    fn describe(&self) -> String {
        let level = self.submitters.iter().map(|key| self.access.level_of(key)).max();
        let level = level.unwrap_or(Level::None);
        if self.peer.viewer.is_anonymous() {
            format!("who: nobody is signed in, so the author counts, whose level is {level}")
        } else if self.peer.viewer.contains(&self.head.pubkey) {
            format!("who: its author, whose level is {level}")
        } else {
            format!("who: {} other key(s), whose level is {level}", self.submitters.len())
        }
    }

    /// Owners and admins may always write: neither modes nor limits bind them.
    fn is_in_charge(&self) -> bool {
        self.role >= Some(Role::Admin)
    }

    fn check_bans(&self, now: Timestamp, witness: &mut impl Witness) -> Result<(), Denied> {
        let is_out = |key: &PublicKey| self.access.is_banned(key) || self.access.is_blacklisted(key);
        if self.peer.address.is_some_and(|address| self.access.is_blocked(address, now)) {
            return Err(Denied::AddressBlocked);
        }
        if self.access.standing().banned_events.contains(&self.head.id) {
            return Err(Denied::EventBanned);
        }
        // NIP-62: what a banned author wants to be gone goes.
        if is_out(&self.head.pubkey) && self.head.kind != Kind::VANISH {
            return Err(Denied::AuthorBanned);
        }
        if self.peer.viewer.iter().any(|key| *key != self.head.pubkey && is_out(key)) {
            return Err(Denied::SubmitterBanned);
        }
        witness.note(|| "bans: neither the address nor the event nor a key is banned".to_owned());
        Ok(())
    }

    fn check_gates(&self, witness: &mut impl Witness) -> Result<(), Denied> {
        let settings = self.access.settings();
        let viewer = &self.peer.viewer;
        if self.is_exempt {
            witness.note(|| format!("gates: kind {} is exempt (auth_exempt_kinds)", self.head.kind));
            return Ok(());
        }
        if settings.auth_write == Gate::SignedIn && viewer.is_anonymous() {
            return Err(Denied::NeedsAuth);
        }
        if settings.bringing == Bringing::Own && !viewer.contains(&self.head.pubkey) {
            return Err(if viewer.is_anonymous() { Denied::OwnNeedsAuth } else { Denied::NotOwn });
        }
        witness.note(|| {
            let (needs_auth, needs_author) =
                (settings.auth_write == Gate::SignedIn, settings.bringing == Bringing::Own);
            format!("gates: passed, with auth_write = {needs_auth}, own_events_only = {needs_author}")
        });
        Ok(())
    }

    fn check_kind(&self, witness: &mut impl Witness) -> Result<(), Denied> {
        let kind = self.head.kind;
        if self.is_in_charge() {
            witness.note(|| "kinds: owners and admins may write every kind".to_owned());
            return Ok(());
        }
        let standing = self.access.standing();
        let is_outside = |accepted: &crate::KindSet| {
            !accepted.is_empty()
                && !accepted.contains(kind)
                && !self.is_exempt
                && !is_request(self.access, kind)
        };
        let curated = match &self.access.settings().mode {
            Mode::Curating(curating) => is_outside(&curating.kinds),
            Mode::Open | Mode::Follows(_) | Mode::Managed | Mode::Social(_) | Mode::Members => false,
        };
        if standing.disallowed_kinds.contains(kind) || is_outside(&standing.allowed_kinds) || curated {
            return Err(Denied::KindNotAccepted { kind });
        }
        witness.note(|| format!("kinds: kind {kind} is accepted"));
        Ok(())
    }

    /// Whether somebody may write who is on no list. What they then have to wait or are counted for is said later.
    fn check_mode(&self, witness: &mut impl Witness) -> Result<(), Denied> {
        let list = match self.access.settings().mode {
            Mode::Open | Mode::Curating(_) | Mode::Social(_) | Mode::Follows(Strangers::Delay(_)) => None,
            Mode::Follows(Strangers::Refuse) => Some(List::Followed),
            Mode::Managed => Some(List::Allowed),
            Mode::Members => Some(List::Members),
        };
        let Some(list) = list else {
            witness.note(|| "mode: everybody may write".to_owned());
            return Ok(());
        };
        let why = if self.role.is_some() {
            "owners, admins and moderators may always write"
        } else if self.is_exempt {
            "the kind is exempt (auth_exempt_kinds)"
        } else if is_request(self.access, self.head.kind) || self.is_policy_update() {
            "requests to the relay itself are taken from strangers"
        } else if self.submitters.iter().any(|key| self.access.is_listed(key)) {
            "on the list"
        } else if self.peer.viewer.is_anonymous() {
            return Err(Denied::NotListedNeedsAuth(list));
        } else {
            return Err(Denied::NotListed(list));
        };
        witness.note(|| format!("mode: {list}; {why}"));
        Ok(())
    }

    /// A policy admin may write nothing else by being one.
    fn is_policy_update(&self) -> bool {
        self.head.kind == Kind::POLICY_UPDATE && self.access.policy().admins().contains(&self.head.pubkey)
    }

    fn check_policy(
        &self,
        proposal: &Proposal<'_>,
        witness: &mut impl Witness,
    ) -> Result<Option<Decision<'a>>, Denied> {
        let policy = self.access.policy();
        if policy.is_permissive() {
            witness.note(|| "policy: there is no policy file".to_owned());
            return Ok(None);
        }
        if !self.is_bound_by_policy() {
            witness.note(|| "policy: binds neither owners nor who updates it".to_owned());
            return Ok(None);
        }
        let submission = self.submission(proposal);
        witness.note(|| format!("policy:\n{}", policy.explain_write(&submission, self.access.follows())));
        let decision = policy.may_write(&submission, self.access.follows());
        match decision.denial() {
            None => Ok(Some(decision)),
            Some(denial) if self.peer.viewer.is_anonymous() && denial.depends_on_key() => {
                Err(Denied::PolicyNeedsAuth(denial))
            }
            Some(denial) => Err(Denied::Policy(denial)),
        }
    }

    fn is_bound_by_policy(&self) -> bool {
        self.role != Some(Role::Owner) && !self.is_policy_update()
    }

    fn submission<'b>(&'b self, proposal: &Proposal<'_>) -> Submission<'b> {
        Submission {
            head: self.head,
            content_bytes: proposal.content_bytes,
            event_bytes: proposal.event_bytes,
            submitters: self.submitters,
            now: proposal.now,
        }
    }
}

/// What the policy in force and its shadow say of a client's event. See [`crate::compare_with_shadow`].
pub(crate) fn compare(access: &Access, shadow: &Shadow, proposal: &Proposal<'_>) -> Option<Difference> {
    let case = Case::new(access, proposal.head, proposal.source.peer()?);
    if !case.is_bound_by_policy() || case.head.kind == Kind::VANISH {
        return None;
    }
    let submission = case.submission(proposal);
    let policy = access.policy().may_write(&submission, access.follows());
    let other = shadow.policy().may_write(&submission, access.follows());
    shadow.count_write(proposal.head, (&policy, &other), proposal.now)
}

/// NIP-43: strangers ask to be let in, and members to be let go.
fn is_request(access: &Access, kind: Kind) -> bool {
    access.settings().mode == Mode::Members && matches!(kind, Kind::JOIN_REQUEST | Kind::LEAVE_REQUEST)
}

#[cfg(test)]
mod tests;
