//! The relay as a process: sockets, the clock, signals, the command line and the configuration.

pub mod cli;
pub mod commands;
pub mod config;
