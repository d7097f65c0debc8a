//! Whole conversations, by script: see `script.rs` for how to read them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at what they do not expect"
)]

mod access;
mod events;
mod flow;
mod queries;
mod script;
