//! One event against 100,000 subscriptions of 100 authors each, by the clock, and the memory of ten million filed values.
//!
//! `micro/matching.rs` counts instructions, which says nothing about the memory that is waited for; at this size that is most
//! of it. So this is run by hand, on a quiet machine: `cargo run --release -p chappe-benches --example matching -- 100000`, with
//! the number of people to follow; one number a run, because memory that was used before hides what is taken.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark tells what it found, and stops without its input"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chappe_protocol::{EventHead, EventId, Filter, Kind, PublicKey, Tags, TagsWriter, Timestamp};
use chappe_subscriptions::{Index, MatchScratch, Token};
use chappe_testkit::Rng;

const SUBSCRIPTIONS: u64 = 100_000;
const AUTHORS: usize = 100;
const EVENTS: usize = 1_000;

fn main() {
    let people = std::env::args().nth(1).map(|people| people.parse().expect("how many people"));
    println!(
        "{SUBSCRIPTIONS} subscriptions of {AUTHORS} authors each, {EVENTS} events by people at random\n"
    );
    println!(
        "   people | matches | median us | p99 us | allowed us | us a match | B a posting | us to subscribe"
    );
    measure(people.unwrap_or(100_000));
}

/// Everybody is followed by as many.
fn measure(people: u64) {
    let mut rng = Rng::new(people);
    let keys: Vec<PublicKey> = (0..people).map(|_| PublicKey::from_bytes(rng.bytes32())).collect();
    let before = resident_bytes();
    let started = Instant::now();
    let mut index = Index::new();
    for number in 0..SUBSCRIPTIONS {
        index.insert(Token(number), timeline(&keys, &mut rng), Arc::new(number));
    }
    let subscribing = started.elapsed();
    let bytes = resident_bytes().saturating_sub(before);
    let mut scratch = MatchScratch::new();
    let mut times: Vec<(Duration, u64)> =
        (0..EVENTS).map(|_| time(&index, &mut scratch, *rng.pick(&keys), &mut rng)).collect();
    times.sort_unstable();
    let matches = times.iter().map(|(_, matches)| *matches).sum::<u64>() as f64 / EVENTS as f64;
    let micros = |place: usize| times.get(place).map_or(0.0, |(time, _)| time.as_secs_f64() * 1e6);
    let median = micros(EVENTS / 2);
    println!(
        "{people:9} | {matches:7.0} | {median:9.1} | {:6.0} | {:10.0} | {:10.3} | {:11.0} | {:15.0}",
        micros(EVENTS * 99 / 100),
        0.2f64.mul_add(matches, 20.0),
        median / matches,
        bytes as f64 / (SUBSCRIPTIONS as f64 * AUTHORS as f64),
        subscribing.as_secs_f64() * 1e6 / SUBSCRIPTIONS as f64,
    );
}

fn timeline(keys: &[PublicKey], rng: &mut Rng) -> Arc<[Filter]> {
    let authors = (0..AUTHORS).map(|_| *rng.pick(keys)).collect();
    let mut filter =
        Filter { authors: Some(authors), kinds: Some(vec![Kind(1), Kind(6)]), ..Filter::default() };
    filter.normalize();
    [filter].into()
}

fn time(
    index: &Index<Arc<u64>>,
    scratch: &mut MatchScratch,
    pubkey: PublicKey,
    rng: &mut Rng,
) -> (Duration, u64) {
    let mut packed = Vec::new();
    let mut tags = TagsWriter::new(&mut packed);
    assert!(tags.tag(&["t", "nostr"]) && tags.tag(&["p", &"5c".repeat(32)]));
    let head = EventHead {
        id: EventId::from_bytes(rng.bytes32()),
        pubkey,
        created_at: Timestamp(1_700_000_000),
        kind: Kind(1),
        tags: Tags::from_packed(&packed),
    };
    let mut matches = 0;
    let started = Instant::now();
    index.for_each_match(&head, scratch, |token, payload| {
        matches += 1;
        black_box((token, payload));
    });
    (started.elapsed(), matches)
}

/// Heap and stacks, as Linux counts them.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let kb = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"));
    kb.and_then(|kb| kb.parse::<u64>().ok()).expect("Linux tells kB") * 1024
}
