//! From the lists to what decides.

use chappe_authorization::{AddressRange, BlockedAddresses, Members, Standing, Until};
use chappe_protocol::Kind;

use crate::state::{Edit, State};
use crate::values::{Block, KindRule};

impl State {
    /// The lists, compiled for looking up. Costs a walk over all of them.
    pub(crate) fn standing(&self) -> Standing {
        let kinds = |wanted: KindRule| {
            let of_rule = self.kinds.iter().filter(move |(_, rule)| **rule == wanted);
            of_rule.map(|(&kind, _)| kind).collect::<Vec<Kind>>()
        };
        let members: Members = self
            .members
            .iter()
            .map(|(&key, member)| (key, member.roles.iter().map(|role| role.as_str().into())))
            .collect();
        Standing {
            banned_keys: self.banned_keys.keys().copied().collect(),
            allowed_keys: self.allowed_keys.keys().copied().collect(),
            trusted_keys: self.trusted_keys.keys().copied().collect(),
            blacklisted_keys: self.blacklisted_keys.keys().copied().collect(),
            members,
            banned_events: self.banned_events.keys().copied().collect(),
            allowed_kinds: kinds(KindRule::Allowed).into_iter().collect(),
            disallowed_kinds: kinds(KindRule::Disallowed).into_iter().collect(),
            blocked_addresses: self.blocked(),
        }
    }

    fn blocked(&self) -> BlockedAddresses {
        let until = |(&range, block): (&AddressRange, &Block)| {
            (range, block.until.map_or(Until::Undone, Until::Time))
        };
        self.blocked_addresses.iter().map(until).collect()
    }
}

impl Edit {
    /// Whether it changes what decides, and not only what is listed.
    pub(crate) const fn changes_access(&self) -> bool {
        match self {
            Self::BannedKey(..)
            | Self::AllowedKey(..)
            | Self::TrustedKey(..)
            | Self::BlacklistedKey(..)
            | Self::BannedEvent(..)
            | Self::BlockedAddress(..)
            | Self::KindDecided(..)
            | Self::Membership(..)
            | Self::Moderator(..) => true,
            Self::RoleDefined(..)
            | Self::Invited(..)
            | Self::Reporting(..)
            | Self::Identified(..)
            | Self::Audited(..)
            | Self::Counted(..) => false,
        }
    }
}
