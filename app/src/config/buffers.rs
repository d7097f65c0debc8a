//! Memory for messages, which is used again.

use serde::{Deserialize, Serialize};

use super::MIB;

/// How much memory for messages lies ready, and when the log says that it is too little or too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Buffers {
    /// The most bytes of idle buffers, over all threads; 0 keeps none.
    pub kept_bytes_max: usize,
    /// The most of them that one thread keeps for itself; all threads together keep half at most.
    pub thread_bytes_max: usize,
    /// Of a hundred buffers lent, how many should have been used before; the log warns of less, 0 never does.
    pub hit_percent_min: u8,
    /// The most bytes that should be lent at the same time; the log warns of more, 0 never does.
    pub in_use_bytes_max: u64,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            kept_bytes_max: 64 * MIB,
            thread_bytes_max: MIB,
            hit_percent_min: 80,
            in_use_bytes_max: 512 * MIB as u64,
        }
    }
}
