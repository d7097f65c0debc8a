//! `bench peers`: Chappe and the relays found on PATH under the same load, in turn.
//!
//! The parts: [`contender`] knows how to start each relay, [`step`] what is done to it and which figures count,
//! [`round`] does it to one of them, [`table`] and [`plot`] show what came out.
//!
//! The machine drifts more than the relays differ from run to run. So the relays take turns in each run, a ratio is
//! taken within a run, and only then comes the median.

mod contender;
mod plot;
mod round;
mod samples;
mod step;
mod table;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::command::{self, Failure};
use crate::workspace::Workspace;
use contender::{Contender, Entrant};
use round::Round;
use samples::Samples;
use step::{Sizes, Step};

/// What to compare, how often, and where the results go.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The directory for table.md, ratios.svg and samples.json; made when it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How often everything is done; medians of fewer than five say little
    #[arg(long, default_value = "5", value_name = "N")]
    runs: NonZeroUsize,
    /// Only these steps; all of them when none is named
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP")]
    only: Vec<Step>,
    /// Only these peers; all that are on PATH when none is named
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PEER")]
    peers: Vec<Contender>,
    #[command(flatten)]
    sizes: Sizes,
}

/// Runs everything and writes the results after each run, so that an interrupted one leaves what it has.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let entrants = entrants(workspace, options)?;
    fs::create_dir_all(&options.out).map_err(Failure::io(options.out.display()))?;
    let corpus = generate(workspace, &options.sizes)?;
    let steps = steps(&options.only);
    let mut samples = Samples::default();
    for run in 0..options.runs.get() {
        for (turn, entrant) in in_turn(&entrants, run).enumerate() {
            let relay = entrant.contender.name();
            eprintln!("\n=== run {} of {}, turn {}: {relay}", run + 1, options.runs, turn + 1);
            let round = Round { workspace, entrant, steps: &steps, sizes: &options.sizes, corpus: &corpus };
            round.run(|step, outcome| samples.add(entrant.contender, run, step, outcome))?;
        }
        write_results(&options.out, &entrants, &samples)?;
    }
    println!("{}", table::table(&entrants, &samples));
    eprintln!("written to {}", options.out.display());
    Ok(())
}

/// Ours, and the peers that answer.
fn entrants(workspace: &Workspace, options: &Options) -> Result<Vec<Entrant>, Failure> {
    let mut build = workspace.cargo("build");
    command::run(build.args(["--release", "--package", "chappe", "--package", "chappe-benches"]))?;
    let mut entrants = vec![Entrant::ours(workspace.target("release").join(Contender::Chappe.program()))?];
    for peer in Contender::PEERS {
        let wanted = options.peers.is_empty() || options.peers.contains(&peer);
        match Entrant::on_path(peer).filter(|_| wanted) {
            Some(entrant) => entrants.push(entrant),
            None if options.peers.contains(&peer) => {
                return Err(Failure::new(format!("`{}` is not on PATH", peer.program())));
            }
            None => eprintln!("left out: {}", peer.program()),
        }
    }
    Ok(entrants)
}

/// The corpus that every relay gets, made once.
fn generate(workspace: &Workspace, sizes: &Sizes) -> Result<PathBuf, Failure> {
    let dir = workspace.target("bench");
    fs::create_dir_all(&dir).map_err(Failure::io(dir.display()))?;
    let corpus = dir.join(format!("corpus-{}.jsonl", sizes.events()));
    if !corpus.is_file() {
        // Under another name until it is whole.
        let partial = corpus.with_extension("partial");
        let mut load = std::process::Command::new(workspace.target("release").join("load"));
        load.arg("generate").arg(&partial).args(["--events", &sizes.events().to_string()]);
        command::run(&mut load)?;
        fs::rename(&partial, &corpus).map_err(Failure::io(corpus.display()))?;
    }
    Ok(corpus)
}

/// In the order of a round. What asks for stored events needs them stored first.
fn steps(only: &[Step]) -> Vec<Step> {
    let needs_corpus = only.iter().any(|step| step.needs_corpus());
    let wanted =
        |step: &Step| only.is_empty() || only.contains(step) || (needs_corpus && *step == Step::Ingest);
    Step::ALL.into_iter().filter(wanted).collect()
}

/// Another one begins in each run, so that none always comes after the same.
fn in_turn(entrants: &[Entrant], run: usize) -> impl Iterator<Item = &Entrant> {
    entrants.iter().cycle().skip(run % entrants.len().max(1)).take(entrants.len())
}

fn write_results(out: &Path, entrants: &[Entrant], samples: &Samples) -> Result<(), Failure> {
    let write = |name: &str, text: String| {
        let path = out.join(name);
        fs::write(&path, text).map_err(Failure::io(path.display()))
    };
    write("table.md", table::table(entrants, samples))?;
    write("ratios.svg", plot::plot(entrants, samples))?;
    write("samples.json", samples.to_json())
}

#[cfg(test)]
mod tests;
