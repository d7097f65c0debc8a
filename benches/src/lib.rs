//! What the micro-benchmarks and the load generator share: realistic events.
//!
//! `micro/` counts the instructions of single steps; `src/load/` (the binary `load`) talks to a running relay, ours or
//! another's, by its address. What the figures mean is told in docs/benchmarks.md.
//!
//! This crate knows nothing of the relay's inside but what the micro-benchmarks call, and the load generator not even
//! that: it checks answers with the testkit's means, and reads JSON with serde_json.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot make its input has to stop"
)]

mod corpus;

pub use corpus::{Plan, Writer};
