//! Why a call of the management API failed.

use std::fmt;

use chappe_authorization::Role;

use crate::ListFull;

/// Why a method was not done. Nothing was changed.
#[derive(Debug)]
pub enum CallError {
    /// The caller has no part in managing this relay.
    Stranger,
    /// The method is for a higher role than the caller has.
    RoleTooLow {
        /// The lowest that will do.
        needs: Role,
    },
    /// There is no such method; `supportedmethods` lists those that there are.
    UnknownMethod,
    /// The parameters are not what the method takes.
    Params(String),
    /// What it asks for cannot be done as things stand.
    Refused(String),
    /// A list is full.
    Full(ListFull),
    /// The relay's own failure.
    Store(chappe_store::Error),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger => f.write_str("this key may not manage this relay"),
            Self::RoleTooLow { needs: Role::Owner } => f.write_str("this method is for owners"),
            Self::RoleTooLow { needs } => write!(f, "this method is for {}s and above", word(*needs)),
            Self::UnknownMethod => f.write_str("unknown method: supportedmethods lists those that there are"),
            Self::Params(text) | Self::Refused(text) => f.write_str(text),
            Self::Full(full) => full.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Stranger
            | Self::RoleTooLow { .. }
            | Self::UnknownMethod
            | Self::Params(_)
            | Self::Refused(_)
            | Self::Full(_) => None,
        }
    }
}

impl From<ListFull> for CallError {
    fn from(full: ListFull) -> Self {
        Self::Full(full)
    }
}

impl From<chappe_store::Error> for CallError {
    fn from(error: chappe_store::Error) -> Self {
        Self::Store(error)
    }
}

/// The role, for people.
pub(crate) const fn word(role: Role) -> &'static str {
    match role {
        Role::Moderator => "moderator",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}
