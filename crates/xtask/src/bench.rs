//! `bench`: what the hot path costs, against what it cost before and against other relays.
//!
//! [`counts`] runs the micro-benchmarks and [`baseline`] compares them with what is committed; [`peers`] puts several
//! relays under load in turn.

mod baseline;
mod counts;
mod peers;

use crate::command::Failure;
use crate::tools;
use crate::workspace::Workspace;
use baseline::Baseline;
use counts::Surroundings;

/// What to measure.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    comparison: Option<Comparison>,
    /// Take what is counted now as the baseline, to be committed together with the reason
    #[arg(long)]
    accept: bool,
    /// Arguments for the benchmark binaries, such as a name to filter by
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Comparisons that need a running relay.
#[derive(Debug, clap::Subcommand)]
enum Comparison {
    /// Put Chappe and the relays found on PATH under the same load, in turn
    Peers(peers::Options),
}

/// Counts instructions and compares, or does what is asked for instead.
pub(crate) fn bench(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    match &options.comparison {
        Some(Comparison::Peers(peers)) => peers::run(workspace, peers),
        None => micro(workspace, &options.arguments, options.accept),
    }
}

/// Counts all micro-benchmarks and fails on a rise over what is committed.
pub(crate) fn against_baseline(workspace: &Workspace) -> Result<(), Failure> {
    micro(workspace, &[], false)
}

fn micro(workspace: &Workspace, arguments: &[String], accept: bool) -> Result<(), Failure> {
    tools::ensure_debian(tools::VALGRIND)?;
    tools::ensure_gungraun_runner(&counts::gungraun_version(workspace)?)?;
    let now =
        Baseline { surroundings: Surroundings::here()?, instructions: counts::count(workspace, arguments)? };
    let path = workspace.root().join(baseline::PATH);
    let before = Baseline::read(&path)?;
    let coverage = baseline::Coverage::of(arguments);
    let comparison = baseline::compare(&before, &now, coverage);
    println!("{comparison}");
    if accept {
        let accepted = before.with(now, coverage)?;
        accepted.write(&path)?;
        println!(
            "\n{} is written; commit it with what changed it, and say why in the commit.",
            baseline::PATH
        );
        return Ok(());
    }
    comparison.judge()
}
