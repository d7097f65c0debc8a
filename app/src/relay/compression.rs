//! Compression that all connections share.

use std::sync::Arc;
use std::thread::available_parallelism;

use chappe_frames::{Deflater, Inflater};
use chappe_session::Compressor;

use crate::config;

/// Both directions. There is one for the whole relay, unless it is switched off.
pub(crate) struct Compression {
    pub(crate) compressor: Arc<Compressor>,
    pub(crate) inflater: Inflater,
}

impl Compression {
    pub(super) fn new(config: &config::Compression) -> Option<Self> {
        if !config.enabled {
            return None;
        }
        // A state for each of the runtime's threads is as many as can be in use.
        let states_max = available_parallelism().map_or(1, usize::from);
        let deflater = Deflater::new(config.message_bytes_min, states_max);
        let compressor = Arc::new(Compressor::new(deflater, config.events_bytes_max));
        Some(Self { compressor, inflater: Inflater::new(states_max) })
    }
}
