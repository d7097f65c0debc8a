//! Whole conversations, by script: see `script.rs` for how to read them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at what they do not expect"
)]

mod access;
mod deliveries;
mod events;
mod flow;
mod queries;
mod script;

/// For `deliveries.rs`.
#[global_allocator]
static ALLOCATOR: chappe_testkit::CountingAllocator = chappe_testkit::CountingAllocator;
