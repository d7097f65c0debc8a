//! How much somebody may do.

use std::fmt;

use chappe_protocol::PublicKey;

use crate::{Access, Gate, Mode, Strangers, Viewer};

/// How much somebody may do here; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing: a banned key, or nobody signed in where reading needs it.
    None,
    /// Read.
    Read,
    /// Write.
    Write,
    /// Read and write in every mode, within the policy file, and manage the relay.
    Admin,
    /// Everything.
    Owner,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Owner => "owner",
        })
    }
}

/// A right to manage the relay; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May hide and ban.
    Moderator,
    /// May also allow, block, and change how the relay presents itself.
    Admin,
    /// May do everything.
    Owner,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        })
    }
}

impl Access {
    /// The role of a key. A banned admin or moderator has none.
    #[must_use]
    pub fn role(&self, key: &PublicKey) -> Option<Role> {
        let settings = self.settings();
        if self.owners().contains(key) {
            Some(Role::Owner)
        } else if settings.admins.contains(key) && !self.is_banned(key) {
            Some(Role::Admin)
        } else if settings.moderators.contains(key) && !self.is_banned(key) {
            Some(Role::Moderator)
        } else {
            None
        }
    }

    /// The highest role of those who have signed in.
    #[must_use]
    pub fn role_of(&self, viewer: &Viewer) -> Option<Role> {
        highest_role(self, viewer.keys())
    }

    /// What a connection may do that has signed in with these keys: the highest level of them, and nothing at all when
    /// one is banned.
    #[must_use]
    pub fn level(&self, viewer: &Viewer) -> Level {
        let settings = self.settings();
        if viewer.iter().any(|key| self.is_banned(key)) {
            return Level::None;
        }
        let signed_in = viewer.iter().map(|key| self.level_of(key)).max();
        match (signed_in, settings.auth_read, settings.auth_write) {
            (Some(level), _, _) => level,
            (None, Gate::SignedIn, _) => Level::None,
            (None, Gate::Open, Gate::SignedIn) => Level::Read,
            (None, Gate::Open, Gate::Open) => self.level_of_others(),
        }
    }

    /// What one key may do by itself, once it has signed in.
    #[must_use]
    pub fn level_of(&self, key: &PublicKey) -> Level {
        match self.role(key) {
            Some(Role::Owner) => Level::Owner,
            Some(Role::Admin) => Level::Admin,
            Some(Role::Moderator) => Level::Write,
            None if self.is_banned(key) => Level::None,
            None if self.is_blacklisted(key) => Level::Read,
            None if self.is_listed(key) => Level::Write,
            None => self.level_of_others(),
        }
    }

    /// Whether the mode names this key among those who may write.
    pub(crate) fn is_listed(&self, key: &PublicKey) -> bool {
        match self.settings().mode {
            Mode::Open | Mode::Social(_) => true,
            Mode::Curating(_) => self.standing().trusted_keys.contains(key),
            Mode::Follows(_) => self.follows().any_follows(&self.settings().admins, key),
            Mode::Managed => self.standing().allowed_keys.contains(key),
            Mode::Members => self.standing().members.contains(key),
        }
    }

    fn level_of_others(&self) -> Level {
        match self.settings().mode {
            Mode::Open | Mode::Curating(_) | Mode::Social(_) | Mode::Follows(Strangers::Delay(_)) => {
                Level::Write
            }
            Mode::Follows(Strangers::Refuse) | Mode::Managed | Mode::Members => Level::Read,
        }
    }
}

pub(crate) fn highest_role(access: &Access, keys: &[PublicKey]) -> Option<Role> {
    keys.iter().filter_map(|key| access.role(key)).max()
}

#[cfg(test)]
mod tests;
