//! What a static binary is linked with, and what that takes.

use std::env;

use crate::command::{self, Failure};
use crate::tools;

/// The C library in a static binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CLibrary {
    /// GNU's, as nearly every Linux has it: the faster one
    Gnu,
    /// musl, whose licence asks for no more than a notice: the slower one
    Musl,
}

/// A static program does not find the call for chance in GNU's library by its name, and would need `/dev/random`. musl's is
/// linked like any other, and so is a program for it as a whole.
const GNU_FLAGS: &str = "-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\"";

impl CLibrary {
    /// What Rust calls Linux with this library.
    pub(super) fn system(self, processor: &str) -> String {
        match self {
            Self::Gnu => format!("{processor}-unknown-linux-gnu"),
            Self::Musl => format!("{processor}-unknown-linux-musl"),
        }
    }

    /// What the archive calls it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Gnu => "linux",
            Self::Musl => "linux-musl",
        }
    }

    /// Those of rustc, in place of whatever stands in the environment.
    pub(super) fn flags(self) -> Option<&'static str> {
        match self {
            Self::Gnu => Some(GNU_FLAGS),
            Self::Musl => None,
        }
    }

    /// The standard library for that system, and what compiles the libraries in C for it: who builds may have named something, or
    /// it is musl's.
    pub(super) fn ensure_tools(self, system: &str, host: &str) -> Result<(), Failure> {
        tools::ensure_target(system)?;
        let for_system = [format!("CC_{system}"), format!("CC_{}", system.replace('-', "_"))];
        let mut variables = for_system.iter().map(String::as_str).chain(["TARGET_CC", "CC"]);
        // Where nothing is crossed, it is the compiler that there is.
        if system == host || variables.any(|variable| env::var_os(variable).is_some()) {
            return Ok(());
        }
        match self {
            Self::Gnu => Ok(()),
            Self::Musl => tools::ensure_debian(tools::MUSL),
        }
    }
}

/// The system that we build on, as Rust calls it.
pub(super) fn host() -> Result<String, Failure> {
    let version = command::answer("rustc", "-vV").unwrap_or_default();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

#[cfg(test)]
mod tests;
