//! `package`: what is installed elsewhere, as a Debian package or as an archive for any Linux of this processor. Both hold
//! the files that `[package.metadata.deb]` lists.

mod archive;
pub(crate) mod assets;
mod linked;
mod notices;

use std::fs;
use std::path::Path;
use std::process::Command;

use linked::CLibrary;

use crate::command::{self, Failure};
use crate::tools;
use crate::workspace::Workspace;

/// Which package.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Instead, an archive whose binary holds its C library and needs nothing of the system it runs on; it is left in
    /// target/archive
    #[arg(
        long = "static",
        value_name = "C_LIBRARY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "gnu"
    )]
    static_with: Option<CLibrary>,
}

/// What shells call their scripts.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "chappe.bash"), ("zsh", "_chappe"), ("fish", "chappe.fish")];

/// Builds the relay, has it write its pages and completions, and packs all of it.
pub(crate) fn package(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    if let Some(library) = options.static_with {
        return archive::archive(workspace, library);
    }
    tools::ensure_cargo_deb()?;
    command::run(workspace.cargo("build").args(["--release", "--package", "chappe"]))?;
    write_beside(workspace, &workspace.target("release/chappe"), &linked::host()?, None)?;
    command::run(workspace.cargo("deb").args(["--package", "chappe", "--no-build", "--strip"]))
}

/// Writes what is made from the relay as it was built for this system, and from its libraries, where the list looks for it:
/// `target/package`.
fn write_beside(
    workspace: &Workspace,
    relay: &Path,
    system: &str,
    inside: Option<CLibrary>,
) -> Result<(), Failure> {
    let beside = workspace.target("package");
    command::run(Command::new(relay).arg("man").arg(beside.join("man")))?;
    for (shell, file) in COMPLETIONS {
        let script = command::output(Command::new(relay).args(["completions", shell]))?;
        fs::write(beside.join(file), script).map_err(Failure::io(file))?;
    }
    let notices = notices::notices(workspace, system, inside)?;
    fs::write(beside.join(notices::FILE), notices).map_err(Failure::io(notices::FILE))
}
