//! Signing by keys of the program's own, and asking a remote signer for signatures (NIP-46), in what only the two can read
//! (NIP-44).
//!
//! [`Keys`] sign events; the relay's own are kept by `management`.
//!
//! A [`Client`] has a key of its own, made for one conversation, and says what to publish to ask a signer something; what the
//! signer publishes in answer it reads. The person's key never comes here: it stays with the signer.
//!
//! It has no socket, no clock and no random numbers: events go in and out as JSON, times and nonces are given. Nor does it know
//! whether anybody may sign in by what was signed: that is found out as for any signature.
//!
//! The one decision: only NIP-44 is spoken, and not the NIP-04 of old signers, whose messages can be changed on their way.
//!
//! Start with [`Client`].

mod client;
mod keys;
mod nip44;

pub use client::{Client, Heard, Said, Unsayable};
pub use keys::Keys;
