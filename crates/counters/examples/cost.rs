//! What counting costs on this machine: `cargo run --release -p chappe-counters --example cost`.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chappe_counters::{Counters, Histogram, Stopwatch};

const TURNS: u32 = 1_000_000;

/// The best of some rounds, in nanoseconds a turn.
fn print_cost(name: &str, mut turn: impl FnMut()) {
    let round = |_| {
        let started = Instant::now();
        (0..TURNS).for_each(|_| turn());
        started.elapsed()
    };
    let best = (0..7).map(round).min().unwrap_or_default();
    println!("{name:<40} {:>6.1} ns", best.as_secs_f64() * 1e9 / f64::from(TURNS));
}

fn main() {
    let (counters, histogram) = (Counters::<10>::new(), Histogram::new());
    let (running, standing) = (Stopwatch::running(), Stopwatch::standing());
    // What a stored event meets on its way through session, queue and writer, but for what a batch shares.
    let event = |stopwatch: Stopwatch| {
        let begun = stopwatch.read();
        let validated = stopwatch.read();
        histogram.observe(validated.since(begun));
        let authorized = stopwatch.read();
        histogram.observe(authorized.since(validated));
        let queued = stopwatch.read();
        histogram.observe(queued.since(authorized));
        counters.count(1);
        counters.count(2);
    };
    print_cost("a count", || black_box(&counters).count(black_box(3)));
    print_cost("a duration", || black_box(&histogram).observe(black_box(Duration::from_micros(77))));
    print_cost("a reading", || {
        black_box(running.read());
    });
    print_cost("a stored event", || event(black_box(running)));
    print_cost("the same by a stopwatch that stands", || event(black_box(standing)));
}
