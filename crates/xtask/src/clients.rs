//! Real clients against a real relay: nostr-tools on Node, and nostr-sdk.

use std::path::Path;
use std::process::Command;

use crate::command::{self, Failure};
use crate::relay::Relay;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::{NODE_CLIENT, RUST_CLIENT, Workspace};

/// Runs both scripts, each against a relay with nothing in it.
pub(crate) fn run(workspace: &Workspace, steps: &mut Steps, relay: &Path) {
    steps.run("client: nostr-tools (Node)", || {
        let mut client = node(workspace)?;
        against_a_relay(workspace, relay, "nostr-tools", &mut client)
    });
    steps.run("client: nostr-sdk (Rust)", || {
        let mut client = rust(workspace)?;
        against_a_relay(workspace, relay, "nostr-sdk", &mut client)
    });
}

fn node(workspace: &Workspace) -> Result<Command, Failure> {
    tools::ensure_debian(tools::NODE)?;
    tools::ensure_debian(tools::NPM)?;
    let folder = workspace.root().join(NODE_CLIENT);
    let mut install = Command::new("npm");
    command::run(install.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
    let mut client = Command::new("node");
    client.current_dir(folder).arg("client.mjs");
    Ok(client)
}

fn rust(workspace: &Workspace) -> Result<Command, Failure> {
    command::run(&mut workspace.cargo_outside(RUST_CLIENT, "build"))?;
    Ok(workspace.cargo_outside(RUST_CLIENT, "run"))
}

fn against_a_relay(
    workspace: &Workspace,
    binary: &Path,
    name: &str,
    client: &mut Command,
) -> Result<(), Failure> {
    let relay = Relay::start(binary, workspace.target(&format!("relay-of-{name}.log")))?;
    if let Err(failure) = command::run(client.env("RELAY_URL", relay.url())) {
        eprintln!("--- the relay's log\n{}", relay.log_tail());
        return Err(failure);
    }
    relay.stop()
}
