//! What a call may ask of the application around the desk.

use chappe_authorization::AddressRange;
use chappe_protocol::PublicKey;
use serde_json::Value;

/// What the application knows of itself, for the method `stats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Open connections.
    pub connections: u64,
    /// Open subscriptions, over all connections.
    pub subscriptions: u64,
    /// Seconds since the relay started.
    pub uptime_seconds: u64,
}

/// Which connections are to be told, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedConnections {
    /// The most of this comes first.
    pub order: ConnectionOrder,
    /// Only those from there.
    pub within: Option<AddressRange>,
    /// How many at most.
    pub entries_max: usize,
}

/// What connections are put in order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionOrder {
    /// Time that was worked for them.
    Work,
    /// Bytes that they sent.
    BytesReceived,
    /// Bytes that they were sent.
    BytesSent,
    /// Messages that they sent.
    Messages,
    /// Subscriptions that are open.
    Subscriptions,
    /// Their number: the youngest first. Of addresses: how many connections they have.
    Number,
}

/// The application, as far as calls are about the process and not about what is kept at the desk.
///
/// Lists come as docs/management.md describes them: what is in an entry is the application's own matter.
pub trait Surroundings {
    /// For `stats`.
    fn numbers(&self) -> Numbers;
    /// For `listconnections`.
    fn connections(&self, wanted: &WantedConnections) -> Vec<Value>;
    /// For `listconnectionaddresses`.
    fn connection_addresses(&self, wanted: &WantedConnections) -> Vec<Value>;
    /// For `closeconnection`: has the connection of this number end, and tells its client why. False when there is none.
    fn close_connection(&self, number: u64, by: PublicKey, reason: String) -> bool;
    /// For `listsettings`.
    fn settings(&self) -> Vec<Value>;
}
