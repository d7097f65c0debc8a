//! Where things are, as cargo tells it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::{self, Failure};

/// The packages outside the workspace, with lock files of their own.
pub(crate) const FUZZ: &str = "tests/fuzz";
pub(crate) const RUST_CLIENT: &str = "tests/clients/rust";
pub(crate) const NODE_CLIENT: &str = "tests/clients/node";
pub(crate) const BROWSER_CLIENT: &str = "tests/clients/browser";

/// This checkout.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    metadata: Value,
}

impl Workspace {
    /// Asks `cargo metadata`, which needs neither network nor a build.
    pub(crate) fn find() -> Result<Self, Failure> {
        let mut metadata = cargo();
        metadata.args(["metadata", "--no-deps", "--format-version=1"]);
        let metadata: Value = serde_json::from_str(&command::output(&mut metadata)?)
            .map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
        let path = |key: &str| {
            let path = metadata.get(key).and_then(Value::as_str).map(PathBuf::from);
            path.ok_or_else(|| Failure::new(format!("cargo metadata names no {key}")))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, metadata })
    }

    /// The top of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the target directory, which honours `CARGO_TARGET_DIR`.
    pub(crate) fn target(&self, below: &str) -> PathBuf {
        self.target.join(below)
    }

    /// The answer of `cargo metadata --no-deps`.
    pub(crate) fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// `cargo <subcommand>` at the top. In CI the committed lock files are final.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).arg(subcommand);
        if in_ci() {
            command.arg("--locked");
        }
        command
    }

    /// [`Self::cargo`] for a package outside the workspace; its build lands in our target directory all the same.
    pub(crate) fn cargo_outside(&self, package: &str, subcommand: &str) -> Command {
        let mut command = self.cargo(subcommand);
        command.arg("--manifest-path").arg(self.root.join(package).join("Cargo.toml"));
        command.arg("--target-dir").arg(self.target(&package.replace('/', "-")));
        command
    }
}

/// The cargo that runs us, so that a toolchain chosen by `cargo +x xtask` stays chosen.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether nobody is watching and nothing may change under us.
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}
