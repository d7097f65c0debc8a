//! What the relay says of itself that can change while it runs.

use chappe_authorization::{Access, Mode, Peer, Viewer};
use chappe_management::{Identity, Management};
use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Signature, Tags, Timestamp};

use crate::config::Config;

/// What the document and the page say that can change while the relay runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changing {
    /// What the management API has changed of name, description and icon.
    pub(super) identity: Identity,
    /// The relay's own key.
    pub(super) own_key: Option<PublicKey>,
    /// Whether a stranger has to fulfil conditions before an ordinary note of theirs is taken.
    pub(super) restricted_writes: bool,
    /// Whether people join and leave by NIP-43.
    pub(super) has_members: bool,
    /// Whether somebody can use the management API.
    pub(super) has_managers: bool,
}

impl Changing {
    /// As it is now.
    pub(crate) fn now(management: &Management, access: &Access, is_managed: bool, now: Timestamp) -> Self {
        Self {
            identity: management.identity(),
            own_key: Some(management.keys().public()),
            restricted_writes: !takes_note_of_stranger(management, access, now),
            has_members: matches!(access.settings().mode, Mode::Members),
            has_managers: is_managed,
        }
    }

    /// The relay's name.
    pub(super) fn name<'a>(&'a self, config: &'a Config) -> &'a str {
        self.identity.name.as_ref().unwrap_or(&config.relay.name)
    }

    /// What the relay is, in plain text.
    pub(super) fn description<'a>(&'a self, config: &'a Config) -> &'a str {
        self.identity.description.as_ref().unwrap_or(&config.relay.description)
    }

    /// The address of a square picture; empty for none.
    pub(super) fn icon<'a>(&'a self, config: &'a Config) -> &'a str {
        self.identity.icon.as_ref().unwrap_or(&config.relay.icon)
    }
}

/// Whether there is anybody who may use the management API.
pub(crate) fn has_managers(access: &Access) -> bool {
    let settings = access.settings();
    !(access.owners().is_empty() && settings.admins.is_empty() && settings.moderators.is_empty())
}

/// Asks the rules themselves about a note (kind 1) by a key that nobody knows, which has signed in.
fn takes_note_of_stranger(management: &Management, access: &Access, now: Timestamp) -> bool {
    // Nobody has the secret to this one: it is a hash of nothing that was ever signed with.
    let stranger = PublicKey::from_bytes([0x5a; 32]);
    let mut viewer = Viewer::anonymous();
    // The first key of a viewer always fits.
    let _ = viewer.add(stranger);
    let peer = Peer { viewer, ..Peer::default() };
    let head = EventHead {
        id: EventId::from_bytes([0; 32]),
        pubkey: stranger,
        created_at: now,
        kind: Kind(1),
        tags: Tags::default(),
    };
    let note = Event { head, content: "", sig: Signature::from_bytes([0; 64]) };
    access.explain_write(management.meters(), &note, SMALL_EVENT_BYTES, &peer, now).is_allowed()
}

/// About the length of a short note.
const SMALL_EVENT_BYTES: usize = 400;
