//! `check`: what can be judged without running the relay.

use crate::command::{self, Failure};
use crate::steps::Steps;
use crate::workspace::{self, FUZZ, RUST_CLIENT, Workspace};
use crate::{tidy, tools};

/// Runs every check, in the order of what fails soonest.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.run("format", || format(workspace));
    steps.run("tidy", || tidy::tidy(workspace));
    steps.run("clippy", || clippy(workspace));
    steps.run("clippy, with traces", || clippy_traces(workspace));
    steps.run("clippy outside the workspace", || clippy_outside(workspace));
    steps.run("docs", || docs(workspace));
    steps.run("licences, bans, sources", || deny(workspace));
    steps.finish()
}

fn format(workspace: &Workspace) -> Result<(), Failure> {
    command::run(workspace::cargo().current_dir(workspace.root()).args(["fmt", "--all", "--check"]))?;
    for package in [FUZZ, RUST_CLIENT] {
        let mut format = workspace::cargo();
        format.current_dir(workspace.root()).args(["fmt", "--check", "--manifest-path"]);
        command::run(format.arg(format!("{package}/Cargo.toml")))?;
    }
    Ok(())
}

fn clippy(workspace: &Workspace) -> Result<(), Failure> {
    let mut clippy = workspace.cargo("clippy");
    command::run(clippy.args(["--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// The rest does not change by the feature.
fn clippy_traces(workspace: &Workspace) -> Result<(), Failure> {
    let mut clippy = workspace.cargo("clippy");
    clippy.args(["--package", "chappe", "--package", "chappe-tests", "--features", "otel"]);
    command::run(clippy.args(["--all-targets", "--", "-D", "warnings"]))
}

fn clippy_outside(workspace: &Workspace) -> Result<(), Failure> {
    tools::ensure_debian(tools::CXX)?;
    for package in [FUZZ, RUST_CLIENT] {
        let mut clippy = workspace.cargo_outside(package, "clippy");
        command::run(clippy.args(["--all-targets", "--", "-D", "warnings"]))?;
    }
    Ok(())
}

fn docs(workspace: &Workspace) -> Result<(), Failure> {
    let mut doc = workspace.cargo("doc");
    command::run(doc.args(["--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The advisory database is left to a scheduled run: it needs a network, and what it says changes without a change here.
fn deny(workspace: &Workspace) -> Result<(), Failure> {
    tools::ensure_cargo_deny()?;
    for package in [".", FUZZ, RUST_CLIENT] {
        let mut deny = workspace::cargo();
        deny.current_dir(workspace.root()).arg("deny");
        if workspace::in_ci() {
            deny.arg("--locked");
        }
        deny.args(["--config", "deny.toml", "--manifest-path"]).arg(format!("{package}/Cargo.toml"));
        deny.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
        command::run(&mut deny)?;
    }
    Ok(())
}
