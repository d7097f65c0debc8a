//! Fuzz targets: any bytes, and what must hold for them.
//!
//! Each function takes what libFuzzer made up and panics when the relay's code breaks a promise; that the code itself
//! does not panic, overflow or hang is the first of them. Where a second opinion exists, it is asked: serde_json on what
//! JSON is, the testkit's naive oracle on what a filter matches, its signer on what a valid event is.
//!
//! `cargo xtask fuzz` builds and runs them; docs/testing.md tells what to do with a find.

mod conversation;
mod event;
mod filter;
mod frames;
mod message;

pub use conversation::conversation;
pub use event::event;
pub use filter::filter;
pub use frames::frames;
pub use message::message;

/// Whether the bytes are one JSON value, as serde_json sees it.
fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}
