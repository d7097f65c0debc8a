//! What the command line can ask for; each command is a function that runs to its end.

pub mod config;
pub mod export;
pub mod import;
pub mod serve;
