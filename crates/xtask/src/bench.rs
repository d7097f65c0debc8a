//! `bench`: instruction counts of the hot path.

use std::fs;

use crate::command::{self, Failure};
use crate::tools;
use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Arguments for the benchmark binaries, such as a name to filter by
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// What `bench` leaves to the person: it needs a relay, and minutes.
const LOAD: &str = "
Counts of instructions say what a change costs, not how a relay feels under load. For that there is the load generator;
it talks to any relay by its address, and given the relay's process id it tells CPU per event and memory:

  cargo xtask run -- --data-dir /tmp/chappe-load --listen 127.0.0.1:7447
  cargo run --release --package chappe-benches --bin load -- --help

docs/benchmarks.md tells how to read both.";

/// Runs the micro-benchmarks, then tells how to go on.
pub(crate) fn bench(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    tools::ensure_debian(tools::VALGRIND)?;
    tools::ensure_gungraun_runner(&locked_version(workspace, "gungraun")?)?;
    let mut bench = workspace.cargo("bench");
    bench.args(["--package", "chappe-benches"]);
    if !options.arguments.is_empty() {
        bench.arg("--").args(&options.arguments);
    }
    command::run(&mut bench)?;
    println!("{LOAD}");
    Ok(())
}

/// The version of a package in `Cargo.lock`.
fn locked_version(workspace: &Workspace, package: &str) -> Result<String, Failure> {
    let path = workspace.root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(Failure::io(path.display()))?;
    version_in(&lock, package).ok_or_else(|| Failure::new(format!("Cargo.lock has no {package}")))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{package}\""))?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests;
