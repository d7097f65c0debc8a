//! End-to-end tests: a real relay, real sockets, real clients' messages. A module per NIP, and some for what is not in
//! one: the command line, durability, bad input, back-pressure.
//!
//! `harness` starts relays and speaks to them. Each test has a relay and a directory of its own, so all run at once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]
#![allow(unreachable_pub, reason = "nothing is outside; `pub` says what modules offer one another")]

mod acme;
mod admin;
mod and_tags;
mod back_pressure;
mod bad_input;
mod buffers;
mod command_line;
mod compression;
mod connections;
mod crowd;
mod db;
mod differential;
mod documents;
mod durability;
mod examples;
mod explain;
mod floods;
mod gates;
mod hand_over;
mod harness;
mod http;
mod leak;
mod logs;
mod metrics;
mod modes;
mod nip01;
mod nip02;
mod nip09;
mod nip11;
mod nip13;
mod nip17;
mod nip40;
mod nip42;
mod nip43;
mod nip45;
mod nip62;
mod nip65;
mod nip67;
mod nip70;
mod nip86;
mod nip98;
mod other_relays;
mod plugins;
mod policy_file;
mod rates;
mod reload;
mod remote_policy;
mod remote_signer;
mod settings;
mod shadow;
mod shutdown;
mod slow_queries;
mod space;
mod supervisor;
mod takeover;
mod tls;
#[cfg(feature = "otel")]
mod traces;
