//! The configuration: every knob, its default, and where its value may come from.
//!
//! A later source overrides an earlier one: built-in defaults, the file, the environment, the command line.
//! `config/chappe.toml` gives the reason for each default; a test holds it equal to the defaults here.

mod access;
mod buffers;
mod check;
mod compression;
mod environment;
mod key;
mod load;
mod network;
mod origins;
mod retention;
mod tls;
mod traces;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use chappe_protocol::PublicKey;
use serde::{Deserialize, Serialize};

pub use access::{
    Access, AuthChallenge, Curating, Dialect, Follows, InvitesBy, Kinds, Management, Members, Mode,
    OnFailure, Others, Policy, Social,
};
pub use buffers::Buffers;
pub use check::Fault;
pub use compression::Compression;
pub use key::{KeyError, parse_key};
pub use load::{ConfigError, Overrides, load};
pub use network::{Proxy, ProxyProtocol, Rates};
pub use origins::{Knob, Origin, Origins};
pub use retention::{Authors, Retention, RetentionRule};
pub use tls::Tls;
pub use traces::Traces;

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the relay says of itself.
    pub relay: Relay,
    /// Where it listens.
    pub listen: Listen,
    /// Where it listens with TLS.
    pub tls: Tls,
    /// Where metrics are to be had.
    pub metrics: Metrics,
    /// Where traces are sent to.
    pub traces: Traces,
    /// Where and how events are kept.
    pub store: Store,
    /// How long events are kept, and what goes first.
    pub retention: Retention,
    /// How much a client may ask for or send.
    pub limits: Limits,
    /// How long the relay waits.
    pub timeouts: Timeouts,
    /// How much memory for messages lies ready.
    pub buffers: Buffers,
    /// Compressed messages.
    pub compression: Compression,
    /// Who may write, and who may see what.
    pub access: Access,
    /// The policy file and the external checks.
    pub policy: Policy,
    /// What mode `follows` asks besides.
    pub follows: Follows,
    /// What mode `curating` asks besides.
    pub curating: Curating,
    /// What mode `social` asks besides.
    pub social: Social,
    /// What mode `members` asks besides.
    pub members: Members,
    /// The management API (NIP-86).
    pub management: Management,
    /// Proxies in front of the relay.
    pub proxy: Proxy,
    /// How much one address or key may do.
    pub rates: Rates,
    /// What is written to the log.
    pub log: Log,
    /// Where each value comes from. [`load`] fills it in.
    #[serde(skip)]
    pub origins: Origins,
}

/// What the relay says of itself, in NIP-11's document and on its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// Its name; clients cut it at 30 characters.
    pub name: String,
    /// What it is, in plain text.
    pub description: String,
    /// The operator's key, as npub or hex; written as hex.
    #[serde(with = "key::optional")]
    pub pubkey: Option<PublicKey>,
    /// Another way to reach the operator, as a URI; empty for none.
    pub contact: String,
    /// The address of a square picture; empty for none.
    pub icon: String,
    /// The relay's own addresses; empty: whatever the Host header says.
    pub urls: Vec<String>,
}

/// Where the relay listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Addresses with a port; port 0 takes any free one.
    pub addresses: Vec<SocketAddr>,
}

/// Where metrics are to be had, for whoever watches the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Addresses with a port; port 0 takes any free one. Empty: nowhere.
    pub addresses: Vec<SocketAddr>,
}

/// Where and how events are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The directory; empty: `chappe` in the user's data home. [`load`] fills it in.
    pub data_dir: PathBuf,
    /// Address space reserved for the database, in bytes: the most it can ever hold.
    pub map_bytes: usize,
    /// Writes are refused while less than this is left of the map, in bytes.
    pub map_reserve_bytes: usize,
    /// The most bytes that events may take; 0: as many as the map has.
    pub bytes_max: u64,
    /// Events are refused while less than this is free on the disk, in bytes; 0: as long as it takes any.
    pub disk_free_bytes_min: u64,
    /// Memory for index entries that have not been written into their tables yet, in bytes, about.
    pub young_bytes_max: usize,
    /// Whether events are compressed on disk.
    pub compression: StoreCompression,
}

/// How events are kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreCompression {
    /// As they are served.
    Off,
    /// Compressed by zstd, with a dictionary that the relay makes of its own events.
    Zstd,
}

/// How much a client may ask for or send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest WebSocket message, in bytes.
    pub message_bytes_max: usize,
    /// Open connections, over all addresses.
    pub connections_max: usize,
    /// Open subscriptions of one connection.
    pub subscriptions_max: usize,
    /// REQ messages of all open subscriptions of one connection, in bytes.
    pub subscription_bytes_max: usize,
    /// Filters of one REQ or COUNT.
    pub filters_max: usize,
    /// Stored events for a filter that names no limit.
    pub limit_default: u64,
    /// Stored events for one filter, at most; a larger limit is clamped.
    pub limit_max: u64,
    /// Tags of one event.
    pub event_tags_max: u32,
    /// The longest string in a tag, in bytes.
    pub tag_value_bytes_max: u32,
    /// How far an event's time may lie ahead, in seconds; 0: any distance.
    pub created_at_ahead_seconds_max: u64,
    /// How far an event's time may lie back, in seconds; 0: any distance.
    pub created_at_age_seconds_max: u64,
    /// Proof of work that an event needs, in leading zero bits (NIP-13).
    pub pow_bits_min: u8,
    /// Live events that wait for one slow reader, in bytes; over it the connection is closed.
    pub live_backlog_bytes_max: usize,
    /// Events of one connection that wait for their commit; over it the relay stops reading from it.
    pub events_in_flight_max: usize,
    /// Events of all connections that wait for their commit, in bytes; over it the relay stops reading.
    pub write_queue_bytes_max: usize,
}

/// How long the relay waits, in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For the request's head, after the connection is made.
    pub header_seconds: u64,
    /// Without a frame from the client, until it is sent a ping.
    pub ping_seconds: u64,
    /// Without a frame from the client, until the connection is closed.
    pub idle_seconds: u64,
    /// For a client that takes nothing of what is ready for it, until the connection is closed.
    pub write_seconds: u64,
    /// For everything between the signal to stop and the exit.
    pub shutdown_seconds: u64,
}

/// What is written to the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level, or levels by module: `info`, `info,chappe_app=debug`.
    pub filter: String,
    /// The form of a line.
    pub format: LogFormat,
    /// How much is kept in memory of the log, of each of its parts, and of each script, in bytes.
    pub history_bytes: usize,
    /// A query that is worked on for longer is told, in milliseconds; 0: none.
    pub slow_query_milliseconds: u64,
}

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: usize = 1024 * MIB;

/// The port that Chappe listens on unless told otherwise.
const PORT_DEFAULT: u16 = 7447;

/// The port where metrics are to be had unless told otherwise.
const METRICS_PORT_DEFAULT: u16 = 7448;

impl Default for Relay {
    fn default() -> Self {
        Self {
            name: "Chappe".to_owned(),
            description: "It keeps the notes that are sent to it and passes them on to whoever asks."
                .to_owned(),
            pubkey: None,
            contact: String::new(),
            icon: String::new(),
            urls: Vec::new(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { addresses: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, PORT_DEFAULT))] }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { addresses: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, METRICS_PORT_DEFAULT))] }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::new(),
            map_bytes: 1024 * GIB,
            map_reserve_bytes: 256 * MIB,
            bytes_max: 0,
            disk_free_bytes_min: 256 << 20,
            young_bytes_max: 512 * MIB,
            compression: StoreCompression::Off,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 512 * KIB,
            connections_max: 10_000,
            subscriptions_max: 300,
            subscription_bytes_max: 4 * MIB,
            filters_max: 100,
            limit_default: 500,
            limit_max: 5_000,
            event_tags_max: 5_000,
            tag_value_bytes_max: 65_536,
            created_at_ahead_seconds_max: 900,
            created_at_age_seconds_max: 0,
            pow_bits_min: 0,
            live_backlog_bytes_max: 4 * MIB,
            events_in_flight_max: 1_024,
            write_queue_bytes_max: 64 * MIB,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header_seconds: 10,
            ping_seconds: 45,
            idle_seconds: 120,
            write_seconds: 30,
            shutdown_seconds: 5,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
            history_bytes: 256 * KIB,
            slow_query_milliseconds: 200,
        }
    }
}

#[cfg(test)]
mod tests;
