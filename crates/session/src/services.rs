//! What all sessions of a relay share.

use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::Snapshot;
use chappe_buffers::Pool;
use chappe_management::Management;
use chappe_processing::Processor;
use chappe_retention::Plan;
use chappe_routing::Desks;
use chappe_store::Store;
use chappe_validation::{Rules, Verifier};

use crate::{Counts, Workspaces};

/// The stations an event passes, and what they go by. One for the whole relay.
pub struct Services {
    /// Checks ids and signatures.
    pub verifier: Verifier,
    /// What a published event must look like.
    pub rules: Rules,
    /// Who may write and who may see what, and what changes about that while the relay runs.
    pub management: Arc<Management>,
    /// Which requests to the relay itself are taken.
    pub desks: Desks,
    /// How long events are kept.
    pub retention: Arc<Plan>,
    /// Takes events to disk and to subscribers.
    pub processor: Processor,
    /// Where queries read.
    pub store: Arc<Store>,
    /// Where outgoing messages are put together.
    pub buffers: Pool,
    /// Where incoming messages are taken apart.
    pub workspaces: Workspaces,
    /// What one connection may ask for.
    pub limits: Limits,
    /// When the client is told its challenge.
    pub auth_challenge: AuthChallenge,
    /// A query that was worked on for longer is told in the log. None: no query is.
    pub slow_query: Option<Duration>,
    /// What is counted on the way.
    pub counts: Counts,
}

impl Services {
    /// What is in force now. Loaded once for each decision, so that none is a mixture of two policies.
    pub(crate) fn access(&self) -> Snapshot {
        self.management.live().load()
    }
}

/// What one connection may ask for. At each bound the client gets a clear answer or is read from more slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest message, in bytes.
    pub message_bytes_max: usize,
    /// Open subscriptions; one more REQ is answered by CLOSED.
    pub subscriptions_max: usize,
    /// Bytes of the REQ messages of all open subscriptions, and 64 for each value in them; what goes over it is answered
    /// by CLOSED.
    pub subscription_bytes_max: usize,
    /// Filters in one REQ or COUNT; more are answered by CLOSED.
    pub filters_max: usize,
    /// Stored events sent for a filter that names no limit.
    pub limit_default: u64,
    /// The most stored events sent for one filter; a higher limit counts as this one.
    pub limit_max: u64,
    /// Events handed over and not yet answered; at the bound the connection is read from no further.
    pub events_in_flight_max: usize,
    /// Bytes of live events that wait for the client to read; over it the connection is closed with code 1013.
    pub live_backlog_bytes_max: usize,
}

/// When a connection's NIP-42 challenge is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthChallenge {
    /// Before the first answer that needs it. Many clients take a challenge as a demand, so this is the default.
    #[default]
    Lazy,
    /// As the first message on every connection.
    OnConnect,
}
