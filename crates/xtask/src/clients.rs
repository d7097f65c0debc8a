//! Real clients against a real relay: nostr-tools on Node, nostr-sdk, and a browser in which people administer it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Failure};
use crate::relay::Relay;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::{BROWSER_CLIENT, NODE_CLIENT, RUST_CLIENT, Workspace};

/// Runs the scripts, each against a relay with nothing in it.
pub(crate) fn run(workspace: &Workspace, steps: &mut Steps, relay: &Path) {
    steps.run("client: nostr-tools (Node)", || {
        let mut client = script(workspace, NODE_CLIENT)?;
        let relay = Relay::start(relay, log_of(workspace, "nostr-tools"))?;
        against(relay, &mut client)
    });
    steps.run("client: nostr-sdk (Rust)", || {
        let mut client = rust(workspace)?;
        let relay = Relay::start(relay, log_of(workspace, "nostr-sdk"))?;
        against(relay, &mut client)
    });
    steps.run("client: the administration in a browser (Chromium)", || {
        tools::ensure_debian(tools::CHROMIUM)?;
        let mut client = script(workspace, BROWSER_CLIENT)?;
        let relay =
            administered(relay, log_of(workspace, "browser"), &workspace.root().join(BROWSER_CLIENT))?;
        against(relay, &mut client)
    });
}

/// A script for Node, with what it needs.
fn script(workspace: &Workspace, folder: &str) -> Result<Command, Failure> {
    let node = tools::ensure_node(workspace)?;
    let folder = workspace.root().join(folder);
    let mut install = Command::new("npm");
    command::run(install.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
    let mut client = Command::new(node);
    client.current_dir(folder).arg("client.mjs");
    Ok(client)
}

fn rust(workspace: &Workspace) -> Result<Command, Failure> {
    command::run(&mut workspace.cargo_outside(RUST_CLIENT, "build"))?;
    Ok(workspace.cargo_outside(RUST_CLIENT, "run"))
}

fn log_of(workspace: &Workspace, client: &str) -> PathBuf {
    workspace.target(&format!("relay-of-{client}.log"))
}

/// A relay that somebody may administer. Its policy file is a copy, because the script replaces it.
fn administered(binary: &Path, log: PathBuf, settings: &Path) -> Result<Relay, Failure> {
    let data = tempfile::tempdir().map_err(Failure::io("a directory for the relay's data"))?;
    Relay::launch(data, log, |data, address| {
        for name in ["relay.toml", "policy.json", "shadow.json"] {
            std::fs::copy(settings.join(name), data.join(name)).map_err(Failure::io(name))?;
        }
        let mut command = Command::new(binary);
        command.arg("--config").arg(data.join("relay.toml")).arg("--data-dir").arg(data.join("data"));
        command.arg("--listen").arg(address.to_string()).arg("serve");
        Ok(command)
    })
}

fn against(relay: Relay, client: &mut Command) -> Result<(), Failure> {
    if let Err(failure) = command::run(client.env("RELAY_URL", relay.url())) {
        eprintln!("--- the relay's log\n{}", relay.log_tail());
        return Err(failure);
    }
    relay.stop()
}
