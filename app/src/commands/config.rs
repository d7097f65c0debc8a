//! `chappe config check` and `chappe config show`.

use std::fmt;
use std::io::{self, Write};

use super::policy::{self, PolicyError};
use crate::Clock;
use crate::config::{Config, Knob};
use crate::tls::{self, Concern, TlsError};

/// Why a configuration cannot be used, besides what is wrong with its own values.
#[derive(Debug)]
pub enum CheckError {
    /// A policy file cannot be used.
    Policy(PolicyError),
    /// The certificate cannot be used.
    Tls(TlsError),
    /// Standard output cannot be written.
    Write(io::Error),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write to standard output: {error}"),
        }
    }
}

impl std::error::Error for CheckError {}

/// Says that the configuration can be used, the files that it names included;
/// [`config::load`](crate::config::load) has said so if it cannot. A certificate that expires is no fault of it: that one is
/// what there is, and goes among the remarks.
///
/// # Errors
///
/// When a policy file or the certificate cannot be used, or standard output not be written.
pub fn check(
    config: &Config,
    clock: &Clock,
    mut out: impl Write,
    mut remarks: impl Write,
) -> Result<(), CheckError> {
    let files = [&config.policy.file, &config.policy.shadow_file];
    for file in files.into_iter().filter(|file| !file.as_os_str().is_empty()) {
        policy::read(config, Some(file)).map_err(CheckError::Policy)?;
    }
    let expires_at = tls::check(&config.tls).map_err(CheckError::Tls)?;
    let days = config.tls.expiry_warning_days;
    if let Some(concern) = expires_at.and_then(|at| Concern::of(at, clock.now().0, days)) {
        let _ = writeln!(remarks, "{concern}");
    }
    writeln!(out, "the configuration is fine").map_err(CheckError::Write)
}

/// Prints the configuration as TOML, such that it can be loaded again.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn show(config: &Config, mut out: impl Write) -> io::Result<()> {
    let text = toml::to_string_pretty(config).map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

/// Prints the same with a comment behind each value that says where it comes from.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn show_origins(config: &Config, mut out: impl Write) -> io::Result<()> {
    let mut before = String::new();
    for Knob { section, key, value, origin, .. } in config.knobs().map_err(io::Error::other)? {
        if section != before {
            let space = if before.is_empty() { "" } else { "\n" };
            writeln!(out, "{space}[{section}]")?;
            before = section;
        }
        writeln!(out, "{key} = {value} # {origin}")?;
    }
    Ok(())
}
