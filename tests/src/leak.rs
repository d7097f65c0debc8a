//! No path leaks: random operators' decisions, people and events, and every path compared with the naive evaluator.
//!
//! Each world is a relay with a mode, gates, lists and mostly a policy file. Its people publish, and everybody asks
//! by every path of [`paths`]; then the policy file is replaced and people are banned, and everybody asks again.
//!
//! `CHAPPE_SEED` repeats a run.

mod paths;
mod people;
mod policies;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chappe_testkit::Rng;
use tokio::task::JoinSet;

use crate::harness::{heavy, seed};
use world::World;

/// Relays, each with a policy of its own.
const WORLDS: u64 = 24;
/// As many at once as CI has processors.
const AT_ONCE: u64 = 2;

/// What has been compared, to be told at the end.
#[derive(Debug, Default)]
pub struct Tally {
    published: AtomicUsize,
    refused: AtomicUsize,
    questions: AtomicUsize,
    closed: AtomicUsize,
    shown: AtomicUsize,
    hidden: AtomicUsize,
    estimated: AtomicUsize,
    delivered: AtomicUsize,
    exported: AtomicUsize,
}

fn add(counter: &AtomicUsize, count: usize) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn read(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_shows_what_the_model_shows() {
    let _alone = heavy().await;
    let seed = seed();
    let tally = Arc::new(Tally::default());
    let mut lanes = JoinSet::new();
    for lane in 0..AT_ONCE {
        let tally = Arc::clone(&tally);
        lanes.spawn(async move {
            for number in (lane..WORLDS).step_by(usize::try_from(AT_ONCE).unwrap()) {
                live_through(seed, number, &tally).await;
            }
        });
    }
    // The first that fails ends the others.
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
    eprintln!("{tally:?}");
    // A test in which hardly anything is refused, hidden or shown says little.
    let enough = [
        (&tally.published, 1_000),
        (&tally.refused, 1_000),
        (&tally.questions, 10_000),
        (&tally.closed, 500),
        (&tally.shown, 30_000),
        (&tally.hidden, 30_000),
        (&tally.estimated, 2_000),
        (&tally.delivered, 8_000),
        (&tally.exported, 700),
    ];
    for (counter, least) in enough {
        assert!(read(counter) >= least, "{} is less than {least}: {tally:?}", read(counter));
    }
}

/// One world, from its start to the export of what is left.
async fn live_through(seed: u64, number: u64, tally: &Tally) {
    let mut world = World::start(Rng::new(seed.wrapping_mul(1_000).wrapping_add(number)), number).await;
    let mut listeners = world.listen().await;
    let half = world.events.len() / 2;
    world.publish(0..half, tally).await;
    world.hear(&mut listeners, tally).await;
    world.ask_everything(tally).await;
    // Written under one policy, read under another.
    world.replace_policy().await;
    world.revoke().await;
    world.ask_everything(tally).await;
    world.publish(half..world.events.len(), tally).await;
    world.hear(&mut listeners, tally).await;
    world.unban().await;
    world.ask_everything(tally).await;
    world.hear(&mut listeners, tally).await;
    world.check_export(tally).await;
}
