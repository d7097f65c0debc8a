//! A policy, from its text to its answers.

#![allow(
    clippy::semicolon_if_nothing_returned,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::print_stderr,
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    reason = "tests stop at what they do not expect, and their tables are long"
)]

mod differential;
mod examples;
mod extension;
mod faults;
mod follows;
mod orly;
mod reading;
mod stations;
mod support;
mod trials;
mod warnings;
mod writing;
