//! `chappe config check` and `chappe config show`.

use std::io::Write;

use crate::config::Config;

/// Says that the configuration can be used; [`config::load`](crate::config::load) has said so if it cannot.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn check(mut out: impl Write) -> std::io::Result<()> {
    writeln!(out, "the configuration is fine")
}

/// Prints the configuration as TOML, such that it can be loaded again.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn show(config: &Config, mut out: impl Write) -> std::io::Result<()> {
    let text = toml::to_string_pretty(config).map_err(std::io::Error::other)?;
    out.write_all(text.as_bytes())
}
