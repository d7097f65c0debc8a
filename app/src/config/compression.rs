//! Compressed messages.

use serde::{Deserialize, Serialize};

use super::{KIB, MIB};

/// Compression of WebSocket messages (permessage-deflate, RFC 7692), for clients that offer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compression {
    /// Whether it is agreed to.
    pub enabled: bool,
    /// Shorter messages go as they are, in bytes.
    pub message_bytes_min: usize,
    /// Compressed events that are remembered, in bytes, over all connections.
    pub events_bytes_max: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self { enabled: true, message_bytes_min: KIB / 4, events_bytes_max: 32 * MIB }
    }
}
