//! Bytes to protocol nouns and back: the only JSON on the wire path.
//!
//! [`decode_message`] reads what a client sent, [`decode_event`] and [`decode_filter`] a lone event or filter. The
//! `append_*` functions write what a relay sends, each at the end of a buffer of the caller's.
//!
//! This crate does not know whether an event is true: ids and signatures are claims here, checked by validation. It
//! knows no policy and no socket either, and no limits but those of the protocol and of its own memory; how long a
//! message may be is for the caller to say before it calls.
//!
//! The one decision: the decoder is written by hand, as one pass of a cursor over the frame. An event borrows from
//! its frame whatever needs no unescaping and keeps the rest in a [`Scratch`] that is used again, so that an ordinary
//! event costs no allocation. The price is a JSON reader of our own to keep right. It takes bytes from the front of
//! a slice and never indexes, so no input can make it panic, and it never recurses, so no input can exhaust the stack.
//!
//! When something is wrong, a second, tolerant pass finds out which event or subscription the client must be told
//! about ([`About`]); the first pass carries nothing along for that.
//!
//! Start with `message.rs`, then `event.rs`, then `reader.rs` underneath; the way back is `encode.rs`.

mod about;
mod encode;
mod event;
mod filter;
mod malformed;
mod message;
mod reader;
mod scan;
mod scratch;
#[cfg(test)]
mod testing;

pub use about::About;
pub use encode::{
    Answer, Completeness, Controls, append_auth, append_closed, append_count, append_eose, append_event,
    append_event_message, append_event_prefix, append_notice, append_ok, append_preimage, has_bare_controls,
};
pub use event::decode_event;
pub use filter::decode_filter;
pub use malformed::{EventField, FilterKey, Malformed, MalformedReason};
pub use message::{ClientMessage, FILTERS_MAX, decode_message};
pub use reader::{JsonFault, NESTING_MAX};
pub use scratch::Scratch;
