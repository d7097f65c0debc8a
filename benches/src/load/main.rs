//! `load`: puts a relay under load, any relay, by its address, and checks every answer.
//!
//! Each workload is a module: [`publish`], [`req`], [`fanout`], [`idle`]. They share the [`client`], the [`known`]
//! events with what a relay should keep of them, and the [`report`]. docs/benchmarks.md tells how to use it.
//!
//! It does not know which relay it talks to, and shares no code with ours but the nouns and `Filter::matches`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "telling a person at a terminal is its job")]

mod answer;
mod client;
mod failure;
mod fanout;
mod generate;
mod histogram;
mod idle;
mod known;
mod options;
mod process;
mod publish;
mod report;
mod req;
mod shapes;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use failure::Failure;
use options::{Command, Options};
use report::Report;

fn main() -> ExitCode {
    let options = Options::parse().prepared();
    match run(&options) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(report)) => tell(&report, &options),
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<Option<Report>, Failure> {
    let mut runtime = match options.threads.get() {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(options.threads.get()).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no runtime: {error}")))?;
    let report = match &options.command {
        Command::Generate(task) => return generate::run(task).map(|()| None),
        Command::Publish(task) => runtime.block_on(publish::run(task, options.pid)),
        Command::Req(task) => runtime.block_on(req::run(task, options.pid)),
        Command::Fanout(task) => runtime.block_on(fanout::run(task, options.pid)),
        Command::Idle(task) => runtime.block_on(idle::run(task, options.pid)),
    };
    report.map(Some)
}

/// Prints the report. A relay that answers wrongly makes the run fail, so that a script notices.
fn tell(report: &Report, options: &Options) -> ExitCode {
    if options.json {
        match serde_json::to_string(report) {
            Ok(json) => println!("{json}"),
            Err(error) => eprintln!("load: {error}"),
        }
    } else {
        println!("{report}");
    }
    if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests;
