//! What the operator has written down: the part of the configuration that decides who may do what.

use std::time::Duration;

use chappe_policy::KeySet;
use chappe_protocol::{Kind, PublicKey};

use crate::{AddressRange, KindSet, RelayUrl};

/// The operator's decisions about reading and writing. The defaults are those of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who may write here.
    pub mode: Mode,
    /// May do everything; the policy file's `owners` are added to them.
    pub owners: KeySet,
    /// May always read and write, within the policy file, and manage the relay.
    pub admins: KeySet,
    /// May write, and hide and ban what others wrote.
    pub moderators: KeySet,
    /// Whether to read one has to sign in.
    pub auth_read: Gate,
    /// Whether to write one has to sign in.
    pub auth_write: Gate,
    /// Kinds that pass both gates, `own_events_only` and the mode, so that a white list does not break remote signing
    /// or wallets. Bans and the policy file bind them all the same.
    pub auth_exempt_kinds: KindSet,
    /// Whose events somebody may bring.
    pub bringing: Bringing,
    /// Kinds that only their author and those in their `p` tags may see. By default direct messages and what gift
    /// wraps are made of: 4, 13, 14, 15, 1059, 1060.
    pub private_kinds: KindSet,
    /// The relay's own addresses, for AUTH (NIP-42), vanish requests (NIP-62) and HTTP (NIP-98). When there are none,
    /// the address is what the client's Host header says: convenient, but a client can then pass on to this relay an
    /// AUTH that somebody made for another.
    pub own_urls: Vec<RelayUrl>,
    /// The relay's own key (`self` in NIP-11), when it has one.
    pub relay_key: Option<PublicKey>,
    /// Whether a relay-wide write plugin is to be asked.
    pub plugin: Plugin,
    /// How much one address or key may do in a minute.
    pub rates: Rates,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Open,
            owners: KeySet::default(),
            admins: KeySet::default(),
            moderators: KeySet::default(),
            auth_read: Gate::Open,
            auth_write: Gate::Open,
            auth_exempt_kinds: [24_133, 13_194, 23_194, 23_195, 23_196, 23_197]
                .map(Kind)
                .into_iter()
                .collect(),
            bringing: Bringing::Anybodys,
            private_kinds: [4, 13, 14, 15, 1059, 1060].map(Kind).into_iter().collect(),
            own_urls: Vec::new(),
            relay_key: None,
            plugin: Plugin::None,
            rates: Rates::default(),
        }
    }
}

/// Whether a door is open to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gate {
    /// To everybody.
    #[default]
    Open,
    /// To those who have signed in (NIP-42).
    SignedIn,
}

/// Whose events somebody may bring (`own_events_only`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Bringing {
    /// Anybody's.
    #[default]
    Anybodys,
    /// Only those whose author has signed in on this connection.
    Own,
}

/// Whether there is a relay-wide write plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Plugin {
    /// There is none.
    #[default]
    None,
    /// It is asked about every event that a client brings and that may otherwise be written.
    Asked,
}

/// Who may write. Owners and admins always may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everybody.
    #[default]
    Open,
    /// Whom an admin follows (NIP-02), and what becomes of the others.
    Follows(Strangers),
    /// The keys on the allow list (NIP-86).
    Managed,
    /// Everybody a little every day, trusted keys as much as they like.
    Curating(Curating),
    /// Everybody, the later the further they are away in the graph of follows.
    Social(Social),
    /// The members (NIP-43).
    Members,
}

/// What becomes of those whom nobody follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strangers {
    /// They are refused.
    #[default]
    Refuse,
    /// Each of their events in a row waits a step longer than the one before; half the steps are forgotten every
    /// [`crate::Meters::STEPS_HALVED_SECONDS`].
    Delay(Delay),
}

/// How long events are made to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// One step.
    pub step: Duration,
    /// The longest wait.
    pub max: Duration,
}

/// Curating: what those may write who are not trusted. 0 stands for no bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curating {
    /// Events of one key in a day (UTC).
    pub events_per_key_a_day: u32,
    /// Events from one address in a day (UTC), those refused for their key counted with them. Whoever goes on is kept
    /// out for a while.
    pub events_per_address_a_day: u32,
    /// How long an address is kept out the first time. Each time after that it is twice as long.
    pub ban_hours_first: u32,
    /// The longest that an address is kept out. So long after the last one a first one is a first one again.
    pub ban_hours_max: u32,
    /// The kinds that may be written; empty: all.
    pub kinds: KindSet,
}

impl Default for Curating {
    fn default() -> Self {
        Self {
            events_per_key_a_day: 50,
            events_per_address_a_day: 500,
            ban_hours_first: 1,
            ban_hours_max: 168,
            kinds: KindSet::default(),
        }
    }
}

/// Social: whom owners and admins follow writes at once; each hop further away costs one more step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Social {
    /// How many hops away a key is looked for; all others count as one hop further.
    pub depth_max: u8,
    /// The wait for each hop beyond the first.
    pub delay: Delay,
}

impl Default for Social {
    fn default() -> Self {
        let delay = Delay { step: Duration::from_millis(100), max: Duration::from_millis(5_000) };
        Self { depth_max: 3, delay }
    }
}

/// How much one address or key may do in a minute, in bursts of as much. 0 stands for no bound.
///
/// Owners and admins are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// Events from one address.
    pub events_per_address_a_minute: u32,
    /// Events of one key.
    pub events_per_key_a_minute: u32,
    /// REQ and COUNT from one address.
    pub requests_per_address_a_minute: u32,
    /// How many addresses, or keys, each table of [`crate::Meters`] holds.
    pub entries_max: usize,
    /// Addresses whose events and requests are never counted, for their keys neither: proxies that are trusted to name
    /// their clients.
    pub unmetered: Vec<AddressRange>,
}

impl Default for Rates {
    /// No bounds.
    fn default() -> Self {
        Self {
            events_per_address_a_minute: 0,
            events_per_key_a_minute: 0,
            requests_per_address_a_minute: 0,
            entries_max: 100_000,
            unmetered: Vec::new(),
        }
    }
}
