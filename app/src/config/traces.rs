//! Traces of single events.

use serde::{Deserialize, Serialize};

/// Where the stages of some events are sent to (OpenTelemetry). Needs a relay that is built with the feature `otel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// Where a collector takes OTLP over HTTP, as an address with http://; empty: nowhere.
    pub endpoint: String,
    /// One event in so many is traced.
    pub one_in: u64,
}

impl Default for Traces {
    fn default() -> Self {
        Self { endpoint: String::new(), one_in: 1_000 }
    }
}
