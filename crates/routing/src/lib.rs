//! Which way an event goes: [`route`] names it, and `chappe_processing` walks it.
//!
//! It knows kinds and which [`Desks`] this relay has open, and nothing else: no tags, no store, no policy. [`Route`] is
//! closed, so a new way through the house is a new variant here, and the compiler lists every place that has to say what
//! it does with it.
//!
//! The one decision: kinds with a meaning of their own (deletion, vanish, requests to the relay itself) come before
//! NIP-01's ranges, which decide all others. The price is that a kind which is special only by its content cannot be
//! told apart here.
//!
//! Start with [`Route`].

use chappe_protocol::{Kind, KindClass};

/// What a relay does with an event it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Keep it and deliver it.
    Regular,
    /// Keep it in place of its author's older one of this kind (NIP-01), and deliver it.
    Replaceable,
    /// Keep it in place of its author's older one of this kind and `d` tag (NIP-01), and deliver it.
    Addressable,
    /// Deliver it and never keep it (NIP-01).
    Ephemeral,
    /// Keep it, take away what it names, and deliver it (NIP-09).
    Delete,
    /// Take away everything of its author and keep others from bringing it back (NIP-62).
    Vanish,
    /// Let its author in, if its claim is good; never keep or deliver it (NIP-43).
    Join,
    /// Let its author go; never keep or deliver it (NIP-43).
    Leave,
    /// Put its content in the place of the policy file, if its author may; never keep or deliver it.
    PolicyUpdate,
}

/// Which requests to the relay itself are taken here. Where they are not, their kinds are as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Desks {
    /// Whether people join and leave by NIP-43.
    pub membership: Desk,
    /// Whether there is a policy file that can be replaced.
    pub policy: Desk,
}

/// Whether requests of a sort are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Desk {
    /// They are.
    Open,
    /// They are not.
    #[default]
    Closed,
}

/// The way of this kind. Total: kinds that no NIP names are regular.
#[must_use]
pub const fn route(kind: Kind, desks: Desks) -> Route {
    match (kind, desks.membership, desks.policy) {
        (Kind::DELETION, _, _) => Route::Delete,
        (Kind::VANISH, _, _) => Route::Vanish,
        (Kind::JOIN_REQUEST, Desk::Open, _) => Route::Join,
        (Kind::LEAVE_REQUEST, Desk::Open, _) => Route::Leave,
        (Kind::POLICY_UPDATE, _, Desk::Open) => Route::PolicyUpdate,
        (Kind(_), _, _) => match kind.class() {
            KindClass::Regular => Route::Regular,
            KindClass::Replaceable => Route::Replaceable,
            KindClass::Ephemeral => Route::Ephemeral,
            KindClass::Addressable => Route::Addressable,
        },
    }
}

#[cfg(test)]
mod tests;
