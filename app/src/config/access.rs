//! Who may write and read: the mode, the people, the policy file, and what each mode asks besides.

use std::path::PathBuf;

use chappe_protocol::PublicKey;
use serde::{Deserialize, Serialize};

use super::key;

/// Who may write, and who may see what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// Who may write.
    pub mode: Mode,
    /// Keys that may do everything.
    #[serde(with = "key::list")]
    pub owners: Vec<PublicKey>,
    /// Keys that may always read and write, and manage the relay within what its owners decided.
    #[serde(with = "key::list")]
    pub admins: Vec<PublicKey>,
    /// Keys that may write, and ban and unban.
    #[serde(with = "key::list")]
    pub moderators: Vec<PublicKey>,
    /// Whether reading needs AUTH (NIP-42).
    pub auth_read: bool,
    /// Whether writing needs AUTH (NIP-42).
    pub auth_write: bool,
    /// When a client is asked to authenticate (NIP-42).
    pub auth_challenge: AuthChallenge,
    /// Kinds that ask neither for AUTH nor for a place on the mode's list.
    pub auth_exempt_kinds: Vec<u16>,
    /// Whether an event has to be brought by its author.
    pub own_events_only: bool,
    /// Kinds that only their author and the keys in their `p` tags see.
    pub private_kinds: Vec<u16>,
}

/// Who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everyone.
    Open,
    /// Owners, admins, and whom admins follow.
    Follows,
    /// Those on the list that the management API keeps.
    Managed,
    /// Everyone, so much a day; those who are trusted without limit.
    Curating,
    /// Everyone, the slower the further from owners and admins in the follow graph.
    Social,
    /// Members (NIP-43).
    Members,
}

/// When a client is asked to authenticate (NIP-42).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthChallenge {
    /// The first time that something it asks for needs it.
    Lazy,
    /// As soon as it connects.
    OnConnect,
}

/// The policy file and the external checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Where relative paths start: the configuration file's directory; empty: the working directory. No knob:
    /// [`super::load`] knows it.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The policy in force; empty: none. Relative to the configuration file, until [`super::load`] has made it absolute.
    pub file: PathBuf,
    /// A policy that is only tried out beside the other; empty: none. A path as `file`.
    pub shadow_file: PathBuf,
    /// The command line of a program that is asked about every event; empty: none.
    pub plugin: String,
    /// How the plugin is spoken to.
    pub plugin_dialect: Dialect,
    /// How the scripts that the policy file names are spoken to.
    pub script_dialect: Dialect,
    /// What becomes of an event that a plugin or script gave no answer for.
    pub on_failure: OnFailure,
    /// How long an answer is waited for, in milliseconds.
    pub plugin_timeout_milliseconds: u64,
    /// Questions to one plugin or script that wait for their answer.
    pub plugin_in_flight_max: usize,
}

/// A form of JSON lines in which a plugin or script is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// That of strfry's write-policy plugins.
    Strfry,
    /// That of ORLY's policy scripts.
    Orly,
}

/// What becomes of an event that could not be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is refused.
    Deny,
    /// It is taken.
    Allow,
}

/// What mode `follows` asks besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Follows {
    /// What becomes of events by strangers.
    pub others: Others,
    /// How much longer each further event of a stranger waits, in milliseconds.
    pub delay_step_milliseconds: u64,
    /// How long an event of a stranger waits at most, in milliseconds.
    pub delay_max_milliseconds: u64,
}

/// What becomes of events by those whom nobody follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// They are refused.
    Refuse,
    /// They wait.
    Delay,
}

/// What mode `curating` asks besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Curating {
    /// Events of one key in a day; 0: any number.
    pub events_per_key_a_day: u32,
    /// Events from one address in a day; 0: any number.
    pub events_per_address_a_day: u32,
    /// How long an address that goes on is banned, in hours; twice as long each time.
    pub ban_hours_first: u32,
    /// How long an address is banned at most, in hours.
    pub ban_hours_max: u32,
    /// Kinds that are taken: numbers, ranges and names; empty: all.
    pub kinds: Vec<Kinds>,
}

/// An entry of a list of kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Kinds {
    /// One.
    One(u16),
    /// A range such as `30000-39999`, or the name of a category.
    Named(String),
}

impl Kinds {
    /// The entries as [`chappe_authorization::KindSet::parse`] reads them.
    pub(crate) fn words(kinds: &[Self]) -> Vec<String> {
        let word = |kinds: &Self| match kinds {
            Self::One(kind) => kind.to_string(),
            Self::Named(word) => word.clone(),
        };
        kinds.iter().map(word).collect()
    }
}

/// What mode `social` asks besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Social {
    /// How many steps the follow graph is walked; who is further away counts as one step more.
    pub depth_max: u8,
    /// How long an event waits for each step beyond the first, in milliseconds.
    pub delay_step_milliseconds: u64,
    /// How long an event waits at most, in milliseconds.
    pub delay_max_milliseconds: u64,
}

/// What mode `members` asks besides (NIP-43).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Members {
    /// How long an invite can be used, in days; 0: for ever.
    pub invite_days: u32,
    /// How many can join by one invite.
    pub invite_uses: u32,
    /// Who is given an invite for asking.
    pub invites_by: InvitesBy,
}

/// Who is given an invite for asking (NIP-43, kind 28935).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitesBy {
    /// Every member.
    Members,
    /// Owners and admins.
    Admins,
}

/// The management API (NIP-86).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Management {
    /// Whether it is there. It is only when somebody may use it, too.
    pub enabled: bool,
    /// Entries of a list in one answer.
    pub page_max: usize,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            mode: Mode::Open,
            owners: Vec::new(),
            admins: Vec::new(),
            moderators: Vec::new(),
            auth_read: false,
            auth_write: false,
            auth_challenge: AuthChallenge::Lazy,
            auth_exempt_kinds: vec![24133, 13194, 23194, 23195, 23196, 23197],
            own_events_only: false,
            private_kinds: vec![4, 13, 14, 15, 1059, 1060],
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            file: PathBuf::new(),
            shadow_file: PathBuf::new(),
            plugin: String::new(),
            plugin_dialect: Dialect::Strfry,
            script_dialect: Dialect::Orly,
            on_failure: OnFailure::Deny,
            plugin_timeout_milliseconds: 5_000,
            plugin_in_flight_max: 256,
        }
    }
}

impl Default for Follows {
    fn default() -> Self {
        Self { others: Others::Refuse, delay_step_milliseconds: 200, delay_max_milliseconds: 60_000 }
    }
}

impl Default for Curating {
    fn default() -> Self {
        Self {
            events_per_key_a_day: 50,
            events_per_address_a_day: 500,
            ban_hours_first: 1,
            ban_hours_max: 168,
            kinds: Vec::new(),
        }
    }
}

impl Default for Social {
    fn default() -> Self {
        Self { depth_max: 3, delay_step_milliseconds: 100, delay_max_milliseconds: 5_000 }
    }
}

impl Default for Members {
    fn default() -> Self {
        Self { invite_days: 7, invite_uses: 1, invites_by: InvitesBy::Members }
    }
}

impl Default for Management {
    fn default() -> Self {
        Self { enabled: true, page_max: 500 }
    }
}
