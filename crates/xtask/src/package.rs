//! `package`: what is installed elsewhere, as a Debian package or as an archive for any Linux of this processor. Both hold
//! the files that `[package.metadata.deb]` lists.

mod archive;
pub(crate) mod assets;
mod notices;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{self, Failure};
use crate::tools;
use crate::workspace::Workspace;

/// Which package.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Instead, an archive whose binary needs nothing of the system it runs on; it is left in target/archive
    #[arg(long = "static")]
    is_static: bool,
}

/// What shells call their scripts.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "chappe.bash"), ("zsh", "_chappe"), ("fish", "chappe.fish")];

/// Builds the relay, has it write its pages and completions, and packs all of it.
pub(crate) fn package(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    if options.is_static {
        return archive::archive(workspace);
    }
    tools::ensure_cargo_deb()?;
    command::run(workspace.cargo("build").args(["--release", "--package", "chappe"]))?;
    write_beside(workspace, &workspace.target("release/chappe"))?;
    command::run(workspace.cargo("deb").args(["--package", "chappe", "--no-build", "--strip"]))
}

/// Writes what is made from the built relay and its libraries, where the list looks for it: `target/package`.
fn write_beside(workspace: &Workspace, relay: &Path) -> Result<(), Failure> {
    let beside = workspace.target("package");
    command::run(Command::new(relay).arg("man").arg(beside.join("man")))?;
    for (shell, file) in COMPLETIONS {
        let script = command::output(Command::new(relay).args(["completions", shell]))?;
        fs::write(beside.join(file), script).map_err(Failure::io(file))?;
    }
    fs::write(beside.join(notices::FILE), notices::notices(workspace)?).map_err(Failure::io(notices::FILE))
}
