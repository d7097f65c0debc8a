//! The server's side of WebSocket: what RFC 6455 and RFC 7692 (permessage-deflate) say about bytes.
//!
//! A [`Reader`] is given what has come in and hands out whole messages, borrowed from where they lie: it unmasks in place,
//! and an ordinary message is never copied. The `append_*` functions write frames at the end of a buffer of the caller's,
//! so that many can leave together. [`negotiate`] and [`accept_key`] are the handshake's part; a [`Deflater`] compresses a
//! message, or the part of it that many connections share, and an [`Inflater`] undoes what clients compressed.
//!
//! This crate has no socket, no clock and no task, and knows nothing of Nostr: a message is bytes. It knows no pool
//! either; whoever has one lends a `Vec`.
//!
//! The one decision: between two messages a connection holds nothing but a [`Reader`] of some dozen bytes. So the bytes of
//! an unfinished frame stay with the caller, and a compressed message never refers to an earlier one ("no context
//! takeover", in both directions): the large states of compression belong to the relay, not to the connection. The price
//! is that compression finds only what repeats within one message.
//!
//! Nothing a client sends makes it panic, and nothing makes it hold more than a message's bound; what breaks a rule is a
//! [`Violation`] with its close code.
//!
//! Start with [`Reader::next`], then `head.rs` underneath; for what goes out `writer.rs`, then `deflate.rs`.

mod accept;
mod close;
mod deflate;
mod extension;
mod head;
mod mask;
mod reader;
mod utf8;
mod violation;
mod writer;

pub use accept::accept_key;
pub use close::{Close, REASON_BYTES_MAX};
pub use deflate::{Compressed, Deflater, Inflater, Shared, Tally, append_shared};
pub use extension::{Agreement, BadExtensions, negotiate};
pub use head::{HEAD_BYTES_MAX, Head, Outgoing};
pub use reader::{Incoming, Reader};
pub use violation::Violation;
pub use writer::{append_close, append_ping, append_pong, append_text, append_text_with, texts};
