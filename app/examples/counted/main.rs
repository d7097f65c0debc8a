//! The relay, with every allocation counted: `chappe serve`, and a line on standard output after each time of work.
//!
//! `docs/benchmarks.md` says how it is used with the load generator. With the environment variable `SITES` set to a number n,
//! every n-th allocation of the threads that serve connections is remembered with where it was made, and all of them are
//! printed at the end, the most frequent ones first.

#![allow(clippy::print_stdout, reason = "it is for reading")]

mod allocator;

use std::error::Error;
use std::time::Duration;

use allocator::{Counted, Counts};
use chappe_app::cli::Cli;
use chappe_app::commands::serve::{self, Predecessor};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// Fewer allocations than this in a second are upkeep, not work.
const WORK_MIN: u64 = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Cli::parse().load_config()?;
    let sites = std::env::var("SITES").ok().and_then(|every| every.parse().ok());
    std::thread::spawn(report);
    allocator::remember_every(sites.unwrap_or(0));
    serve::run(settings, Predecessor::Stays)?;
    allocator::print_sites();
    Ok(())
}

/// Tells what was allocated, whenever it has become quiet after some work.
fn report() {
    let (mut told, mut before) = (Counts::now(), Counts::now());
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = Counts::now();
        let is_quiet = now.since(&before).sum() < WORK_MIN;
        if is_quiet && before.since(&told).sum() >= WORK_MIN {
            let Counts { serving, writing, elsewhere } = now.since(&told);
            println!("allocations: {serving} serving, {writing} writing, {elsewhere} elsewhere");
            told = now;
        }
        before = now;
    }
}
