//! What the lists hold for each of their entries.

use chappe_protocol::{EventId, PublicKey, Timestamp};

use crate::packed::Packed;

/// Who put an entry on a list, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) by: PublicKey,
    pub(crate) at: Timestamp,
    /// May be empty.
    pub(crate) reason: String,
}

/// An address, or a range of them, that may not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) note: Note,
    /// None: for good.
    pub(crate) until: Option<Timestamp>,
}

/// What was decided about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KindRule {
    Disallowed,
    Allowed,
}

/// A member (NIP-43).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) joined_at: Timestamp,
    /// Ids of roles, each once, in the order they were given.
    pub(crate) roles: Vec<String>,
}

/// A role that members can have (NIP-43).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberRole {
    pub(crate) label: String,
    pub(crate) description: String,
    /// A hue, 0 to 360.
    pub(crate) color: Option<u16>,
    pub(crate) order: Option<i64>,
}

/// A claim that lets somebody become a member (NIP-43).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) by: PublicKey,
    pub(crate) made_at: Timestamp,
    pub(crate) uses_left: u32,
    /// None: never.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) origin: Origin,
}

/// How an invite came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By the method `createinvite`, or from the command line.
    Made,
    /// For somebody who asked the relay for kind 28935.
    Requested,
}

/// What a report is about (NIP-56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reported {
    Event(EventId),
    Key(PublicKey),
}

/// A place in the moderation queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) first_at: Timestamp,
    /// The first reporter's word for it, such as `spam`.
    pub(crate) reason: String,
    /// Each once; the first [`crate::state::REPORTERS_MAX`] are kept.
    pub(crate) reporters: Vec<PublicKey>,
    pub(crate) standing: ReportStanding,
}

/// Whether somebody has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportStanding {
    Open,
    /// It may stay: further reports do not bring it back.
    Settled,
}

/// Who did what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEntry {
    pub(crate) at: Timestamp,
    pub(crate) by: PublicKey,
    pub(crate) method: String,
    /// As JSON, cut at [`crate::state::AUDIT_PARAMS_BYTES_MAX`].
    pub(crate) params: String,
}

macro_rules! packed_in_order {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                $(self.$field.pack(out);)*
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                $(let $field = Packed::unpack(bytes)?;)*
                Some(Self { $($field),* })
            }
        }
    )*};
}

packed_in_order! {
    Note { by, at, reason }
    Block { note, until }
    Member { joined_at, roles }
    MemberRole { label, description, color, order }
    Invite { by, made_at, uses_left, expires_at, origin }
    Report { first_at, reason, reporters, standing }
    AuditEntry { at, by, method, params }
}

macro_rules! packed_as_byte {
    ($($name:ident { $($number:literal $variant:ident),* })*) => {$(
        impl Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $number),* });
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                match u8::unpack(bytes)? {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    )*};
}

packed_as_byte! {
    KindRule { 0 Disallowed, 1 Allowed }
    Origin { 0 Made, 1 Requested }
    ReportStanding { 0 Open, 1 Settled }
}

/// `e` or `p`, as the tag that names it, then the id or key.
impl Packed for Reported {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Event(id) => {
                out.push(b'e');
                id.pack(out);
            }
            Self::Key(key) => {
                out.push(b'p');
                key.pack(out);
            }
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        match u8::unpack(bytes)? {
            b'e' => EventId::unpack(bytes).map(Self::Event),
            b'p' => PublicKey::unpack(bytes).map(Self::Key),
            _ => None,
        }
    }
}
