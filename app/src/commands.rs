//! What the command line can ask for; each command is a function that runs to its end.

pub mod config;
pub mod db;
mod desk;
pub mod export;
pub mod import;
pub mod invite;
mod packing;
pub mod pages;
pub mod policy;
mod progress;
pub mod query;
pub mod serve;

pub use desk::{DeskError, RemoteError};
