//! `chappe config check` and `chappe config show`.

use std::io::Write;

use super::policy::{self, PolicyError};
use crate::config::Config;

/// Says that the configuration can be used, the policy files that it names included;
/// [`config::load`](crate::config::load) has said so if it cannot.
///
/// # Errors
///
/// When a policy file cannot be used, or standard output not be written.
pub fn check(config: &Config, mut out: impl Write) -> Result<(), PolicyError> {
    let files = [&config.policy.file, &config.policy.shadow_file];
    for file in files.into_iter().filter(|file| !file.as_os_str().is_empty()) {
        policy::read(config, Some(file))?;
    }
    writeln!(out, "the configuration is fine").map_err(PolicyError::Write)
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
