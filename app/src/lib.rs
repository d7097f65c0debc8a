//! The relay as a process: sockets, the clock, signals, the command line and the configuration.
//!
//! It accepts connections, upgrades them to WebSocket and gives each one task, which feeds a
//! [`Session`](chappe_session::Session) with what the client sends and writes what the session hands out. What an
//! event means, and what is answered to it, is decided in the crates below; nothing here looks into a message.
//!
//! The one decision: one task a connection, in which reading, answering and writing take turns. A client that does not
//! read is not read from either, so nothing piles up for it, and replies keep the order of the requests without a
//! queue between. The price is that one connection never uses two cores.
//!
//! Start with [`Relay::start`], then `connection.rs`; `main.rs` is the table of contents of the commands.

mod address;
pub mod cli;
mod clock;
pub mod commands;
pub mod config;
mod connection;
mod connections;
mod figures;
mod http;
mod log;
mod metrics;
mod plugins;
mod relay;
mod server;
mod stream;
mod supervisor;
mod takeover;
mod tls;
#[cfg(feature = "otel")]
mod traces;

pub use clock::Clock;
pub use log::Log;
pub use relay::{Relay, Running, StartError};
pub use takeover::{ActivationError, Successor, TakeOverError};
pub use tls::{PairError, TlsError};
