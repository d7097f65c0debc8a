//! The way from a true event to one that may be acted upon.

use std::sync::Arc;
use std::time::Duration;

use chappe_protocol::{Event, EventHead, Timestamp};
use chappe_validation::Verified;

use crate::judge::{Proposal, compare, judge};
use crate::meters::Charge;
use crate::{Access, Denied, Difference, Meters, Peer};

/// A verified event whose sender may write it here, once it has waited and passed the checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit<'a> {
    verified: Verified<'a>,
    grant: Grant,
}

/// What a yes is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) delay: Duration,
    pub(crate) checks: Vec<Check>,
}

/// Somebody else to ask, in another process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Check {
    /// The relay-wide write plugin.
    Plugin,
    /// A script that the policy file names: the command line.
    Script(Arc<str>),
}

impl<'a> Permit<'a> {
    /// The evidence it was given for.
    #[must_use]
    pub const fn verified(&self) -> Verified<'a> {
        self.verified
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> Event<'a> {
        self.verified.event()
    }

    /// The event without content and signature.
    #[must_use]
    pub const fn head(&self) -> EventHead<'a> {
        self.verified.head()
    }

    /// How long the event has to wait before it is acted upon; mostly not at all.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.grant.delay
    }

    /// Who has to be asked before the event is acted upon, in this order; mostly nobody. The plugin comes first, then
    /// the scripts of the policy file: the global rule's, then the kind's.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.grant.checks
    }
}

/// Who brings an event.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A client, over its connection.
    Client(&'a Peer),
    /// The operator, from the command line. Of who already has the event in a file nothing is asked: no lists, no
    /// limits, no policy file, no NIP-70.
    Operator,
    /// The relay itself, with an event signed by its own key.
    Relay,
}

impl<'a> Source<'a> {
    pub(crate) const fn peer(self) -> Option<&'a Peer> {
        match self {
            Self::Client(peer) => Some(peer),
            Self::Operator | Self::Relay => None,
        }
    }
}

/// Decides whether the event may be written by who brings it, and counts it if so.
///
/// In this order: what holds for everybody (AUTH events, requests to vanish, NIP-70); blocked addresses, banned
/// events and keys; `auth_write` and `own_events_only`; accepted kinds; the mode; the policy file; the limits. What is
/// refused before the limits is not counted. `event_bytes` is the length of the event's JSON.
///
/// Allocates nothing, unless there are checks to pass or a key or address is counted for the first time.
///
/// # Errors
///
/// The first [`Denied`] that applies.
pub fn authorize<'a>(
    access: &Access,
    meters: &Meters,
    verified: Verified<'a>,
    source: Source<'_>,
    event_bytes: usize,
    now: Timestamp,
) -> Result<Permit<'a>, Denied> {
    let head = verified.head();
    let content_bytes = verified.event().content.len();
    let proposal = Proposal { head: &head, content_bytes, event_bytes, source, now };
    let grant = judge(access, meters, Charge::Take, &proposal, &mut ())?;
    Ok(Permit { verified, grant })
}

/// Asks the shadow policy about an event that a client brings, counts its answer (see [`crate::Shadow::writes`]), and
/// says in what it differs from the policy in force. None where they agree or there is no shadow.
///
/// Decides nothing: to be called beside [`authorize`], with the same snapshot.
#[must_use]
pub fn compare_with_shadow(
    access: &Access,
    verified: Verified<'_>,
    peer: &Peer,
    event_bytes: usize,
    now: Timestamp,
) -> Option<Difference> {
    let shadow = access.shadow()?;
    let head = verified.head();
    let content_bytes = verified.event().content.len();
    let source = Source::Client(peer);
    compare(access, shadow, &Proposal { head: &head, content_bytes, event_bytes, source, now })
}

#[cfg(test)]
mod tests;
