//! How long events are kept, and what goes first.

use serde::{Deserialize, Serialize};

use super::Kinds;

/// How long events are kept, and what goes first to make room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Of an event the first that matches decides.
    pub rules: Vec<RetentionRule>,
}

/// What becomes of some events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionRule {
    /// What it is called in metrics and by `chappe db retention`.
    pub name: String,
    /// Events of these kinds: numbers, ranges and names; empty: of all.
    pub kinds: Vec<Kinds>,
    /// Events by these; empty: by all but managers.
    pub authors: Vec<Authors>,
    /// Events of at least so many bytes.
    pub bytes_min: usize,
    /// How many days old they may become; 0: any number.
    pub days_max: u32,
    /// When their turn is to make room, the lowest first; 0: never.
    pub order: u16,
}

/// Whose events a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authors {
    /// Owners, admins and moderators.
    Managers,
    /// Keys that are banned.
    Banned,
    /// Members (NIP-43).
    Members,
    /// Keys on the allow list, trusted keys, and in mode `follows` those whom an admin follows.
    Listed,
    /// Everybody else.
    Others,
}

/// The order of a rule that names none.
const ORDER_DEFAULT: u16 = 100;

impl Default for RetentionRule {
    fn default() -> Self {
        Self {
            name: String::new(),
            kinds: Vec::new(),
            authors: Vec::new(),
            bytes_min: 0,
            days_max: 0,
            order: ORDER_DEFAULT,
        }
    }
}
