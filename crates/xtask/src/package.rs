//! `package`: a Debian package of the relay.

use std::fs;
use std::process::Command;

use crate::command::{self, Failure};
use crate::tools;
use crate::workspace::Workspace;

/// What shells call their scripts.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "chappe.bash"), ("zsh", "_chappe"), ("fish", "chappe.fish")];

/// Builds the relay, has it write its pages and completions, and packs all of it.
pub(crate) fn package(workspace: &Workspace) -> Result<(), Failure> {
    tools::ensure_cargo_deb()?;
    command::run(workspace.cargo("build").args(["--release", "--package", "chappe"]))?;
    let (relay, beside) = (workspace.target("release/chappe"), workspace.target("package"));
    command::run(Command::new(&relay).arg("man").arg(beside.join("man")))?;
    for (shell, file) in COMPLETIONS {
        let script = command::output(Command::new(&relay).args(["completions", shell]))?;
        fs::write(beside.join(file), script).map_err(Failure::io(file))?;
    }
    command::run(workspace.cargo("deb").args(["--package", "chappe", "--no-build"]))
}
