//! Questions: which are answered at all, and where the answers can be.

use std::fmt;

use chappe_policy::Readable;
use chappe_protocol::{
    EventHead, EventId, Filter, Kind, Prefix, PublicKey, Refusal, TagFilter, TagMode, Tags, Timestamp,
};

use crate::visibility::{is_banned, is_owner, needs_auth};
use crate::witness::Witness;
use crate::{Access, Viewer};

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
    witness.note(|| format!("who: {:?}, none of the keys is banned", access.level(viewer)));
    let asked = || filters.iter().filter(|filter| !filter.is_never());
    if asked().next().is_none() {
        witness.note(|| "filters: none that can match".to_owned());
        return Ok(());
    }
    let all = |holds: &dyn Fn(Kind) -> bool| asked().all(|filter| asks_only(filter, holds));
    if needs_auth(access, viewer) && !all(&|kind| settings.auth_exempt_kinds.contains(kind)) {
        return Err(AskDenied::NeedsAuth);
    }
    witness
        .note(|| format!("gate: auth_read is {:?}, or only exempt kinds are asked for", settings.auth_read));
    if viewer.is_anonymous() && all(&|kind| settings.private_kinds.contains(kind)) {
        return Err(AskDenied::PrivateNeedsAuth);
    }
    witness.note(|| "private kinds: the viewer is signed in, or other kinds are asked for, too".to_owned());
    if !is_owner(access, viewer) && all(&|kind| is_never_shown(access, viewer, kind)) {
        let may_help = all(&|kind| is_shown_to_some(access, kind));
        return Err(if viewer.is_anonymous() && may_help {
            AskDenied::PolicyNeedsAuth
        } else {
            AskDenied::Policy
        });
    }
    witness.note(|| "policy: there is a kind that it shows to this viewer".to_owned());
    Ok(())
}

fn asks_only(filter: &Filter, holds: &dyn Fn(Kind) -> bool) -> bool {
    filter.kinds.as_ref().is_some_and(|kinds| kinds.iter().all(|&kind| holds(kind)))
}

fn is_never_shown(access: &Access, viewer: &Viewer, kind: Kind) -> bool {
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

/// Filters that between them match all that the filter matches and the viewer may see, and as little else as filters
/// can say: where a query has to look, so that it neither reads nor counts what [`crate::can_see`] would only throw
/// away. At most three, and the filter's limit is in none of them.
///
/// None of them stands for the filter as it is. Where nothing can be seen there is one that never matches.
///
/// Kinds are left out that the viewer never sees; of private kinds, only what the viewer's keys wrote or are named in
/// (`p`) is looked at; authors and events that are hidden are left out. A filter without kinds keeps none out, except
/// where `auth_read` leaves only the exempt ones.
#[must_use]
pub fn narrow(access: &Access, viewer: &Viewer, filter: &Filter) -> Vec<Filter> {
    let never = || vec![Filter { kinds: Some(Vec::new()), ..Filter::default() }];
    if is_banned(access, viewer) {
        return never();
    }
    let mut narrowed = Filter { limit: None, ..filter.clone() };
    narrow_kinds(access, viewer, &mut narrowed);
    drop_hidden(access, viewer, &mut narrowed);
    let mut parts = split_private(access, viewer, narrowed);
    parts.retain(|part| !part.is_never());
    match parts.as_slice() {
        [] => never(),
        [part] if *part == (Filter { limit: None, ..filter.clone() }) => Vec::new(),
        _ => parts,
    }
}

fn narrow_kinds(access: &Access, viewer: &Viewer, filter: &mut Filter) {
    let exempt = &access.settings().auth_exempt_kinds;
    if needs_auth(access, viewer) {
        match &mut filter.kinds {
            Some(kinds) => kinds.retain(|&kind| exempt.contains(kind)),
            None => filter.kinds = Some(exempt.iter().collect()),
        }
    }
    if let Some(kinds) = &mut filter.kinds
        && !is_owner(access, viewer)
    {
        kinds.retain(|&kind| !is_never_shown(access, viewer, kind));
    }
}

fn drop_hidden(access: &Access, viewer: &Viewer, filter: &mut Filter) {
    if access.role_of(viewer).is_some() {
        return;
    }
    if let Some(authors) = &mut filter.authors {
        authors.retain(|author| !access.is_banned(author) && !access.is_blacklisted(author));
    }
    if let Some(ids) = &mut filter.ids {
        ids.retain(|id| !access.standing().banned_events.contains(id));
    }
}

/// Asks for public kinds as before, and for private ones by author and by recipient.
fn split_private(access: &Access, viewer: &Viewer, filter: Filter) -> Vec<Filter> {
    let private = &access.settings().private_kinds;
    let (hidden, open): (Vec<Kind>, Vec<Kind>) =
        filter.kinds.iter().flatten().copied().partition(|&kind| private.contains(kind));
    if hidden.is_empty() {
        return vec![filter];
    }
    let written = Filter { kinds: Some(hidden.clone()), ..by_viewer(viewer, filter.clone()) };
    let received = Filter { kinds: Some(hidden), ..to_viewer(viewer, filter.clone()) };
    vec![Filter { kinds: Some(open), ..filter }, written, received]
}

/// What the viewer wrote.
fn by_viewer(viewer: &Viewer, filter: Filter) -> Filter {
    let mut own: Vec<_> = viewer.iter().copied().collect();
    own.sort_unstable();
    if let Some(authors) = &filter.authors {
        own.retain(|key| authors.binary_search(key).is_ok());
    }
    Filter { authors: Some(own), ..filter }
}

/// What names the viewer in a `p` tag. An event may name others as well, so a `#p` that asks for those stays beside
/// the viewer's own, unless it asks for nobody but the viewer.
fn to_viewer(viewer: &Viewer, mut filter: Filter) -> Filter {
    let mut values: Vec<Box<[u8]>> = viewer.iter().map(|key| key.to_hex().as_slice().into()).collect();
    values.sort_unstable();
    let is_within = |tag: &TagFilter| {
        tag.letter == b'p'
            && !tag.values.is_empty()
            && tag.values.iter().all(|value| values.binary_search(value).is_ok())
    };
    if !filter.tags.iter().any(is_within) {
        let place = filter.tags.partition_point(|tag| tag.mode == TagMode::Any);
        filter.tags.insert(place, TagFilter { letter: b'p', mode: TagMode::Any, values });
    }
    filter
}
