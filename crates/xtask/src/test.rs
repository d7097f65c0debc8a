//! `test`: everything that runs.

use std::path::{Path, PathBuf};

use crate::command::{self, Failure};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{bench, clients, fuzz, tools};

/// How long each fuzz target runs here: long enough to see that it starts, grows and finds nothing at hand.
const FUZZ_SMOKE_SECONDS: u64 = 10;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these parts; all of them when none is named
    #[arg(value_enum)]
    parts: Vec<Part>,
}

/// The parts, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// `cargo test --workspace --no-fail-fast`, with the built relay at `CHAPPE_BIN`
    Rust,
    /// The test of traces, by a relay that is built with them
    Traces,
    /// Each fuzz target for some seconds
    Fuzz,
    /// The client scripts against a running relay
    Clients,
    /// The micro-benchmarks, by instructions, against the committed baseline
    Bench,
}

/// Runs the parts that were asked for, and ends with a summary.
pub(crate) fn test(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let wanted = |part| options.parts.is_empty() || options.parts.contains(&part);
    let mut steps = Steps::default();
    let relay = relay_binary(workspace);
    let needs_relay = wanted(Part::Rust) || wanted(Part::Clients);
    let has_relay = needs_relay && steps.run("build the relay", || build(workspace, &relay));
    if wanted(Part::Rust) && has_relay {
        // By its plain name, as the README has it: nothing but the relay may answer to that.
        steps.run("cargo run", || command::run(workspace.cargo("run").args(["--", "--version"])));
        for tool in [tools::PYTHON, tools::NODE, tools::PROMTOOL, tools::PEBBLE] {
            steps.run(tool.program, || tools::ensure_debian(tool));
        }
        steps.run("cargo test", || {
            // To the end, so that one run shows all that fails.
            let mut test = workspace.cargo("test");
            command::run(test.args(["--workspace", "--no-fail-fast"]).env("CHAPPE_BIN", &relay))
        });
        // The disk that it fills is a small one of its own.
        if tools::can_mount() {
            steps.run("cargo test, on a full disk", || {
                let mut test = workspace.cargo("test");
                test.args(["--package", "chappe-store", "--package", "chappe-tests", "--", "--ignored"]);
                command::run(test.env("CHAPPE_BIN", &relay))
            });
        } else {
            eprintln!("\n=== left out: the test on a full disk mounts one, which this user may not");
        }
    }
    if wanted(Part::Traces) {
        // By themselves: only `app` and the tests are built again.
        steps.run("cargo test, with traces", || {
            let mut test = workspace.cargo("test");
            command::run(test.args(["--package", "chappe-tests", "--features", "otel", "--", "traces::"]))
        });
    }
    if wanted(Part::Fuzz) {
        fuzz::smoke(workspace, &mut steps, FUZZ_SMOKE_SECONDS);
    }
    if wanted(Part::Clients) && has_relay {
        clients::run(workspace, &mut steps, &relay);
    }
    if wanted(Part::Bench) {
        steps.run("micro-benchmarks", || bench::against_baseline(workspace));
    }
    if needs_relay && !has_relay {
        steps.skip("whatever talks to the relay", "it did not build");
    }
    steps.finish()
}

fn build(workspace: &Workspace, relay: &Path) -> Result<(), Failure> {
    command::run(workspace.cargo("build").args(["--package", "chappe"]))?;
    if relay.is_file() { Ok(()) } else { Err(Failure::new(format!("the build made no {}", relay.display()))) }
}

fn relay_binary(workspace: &Workspace) -> PathBuf {
    workspace.target("debug").join("chappe")
}
