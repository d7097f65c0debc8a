//! One new event against many subscriptions.

#![allow(missing_docs, unused_qualifications, reason = "the macros write code of their own")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a benchmark stops without its input, and owns it"
)]

use std::hint::black_box;
use std::sync::Arc;

use chappe_protocol::{Filter, Kind, PublicKey};
use chappe_subscriptions::{Index, MatchScratch, Token};
use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use gungraun::prelude::*;

const PEOPLE: u64 = 1_000;

struct Crowd {
    index: Index<Arc<u64>>,
    scratch: MatchScratch,
    event: TestEvent,
    next: Arc<[Filter]>,
}

/// So many home timelines of 100 among 1,000 people. One in ten matches a note by any of them, and none a reaction.
fn timelines(subscriptions: u64, kind: u16) -> Crowd {
    let mut rng = Rng::new(1);
    let mut people: Vec<PublicKey> = (0..PEOPLE).map(|_| PublicKey::from_bytes(rng.bytes32())).collect();
    let author = Keys::from_seed(1);
    people.pop();
    people.push(author.public());
    let mut filters = || -> Arc<[Filter]> {
        rng.shuffle(&mut people);
        let authors = people.iter().take(100).copied().collect();
        let mut filter =
            Filter { authors: Some(authors), kinds: Some(vec![Kind(1), Kind(6)]), ..Filter::default() };
        filter.normalize();
        [filter].into()
    };
    let mut index = Index::new();
    (0..subscriptions).for_each(|number| index.insert(Token(number), filters(), Arc::new(number)));
    let event = EventBuilder::new(kind).tag(&["t", "nostr"]).tag(&["p", &author.hex()]).sign(&author);
    let mut crowd = Crowd { index, scratch: MatchScratch::new(), event, next: filters() };
    count(&mut crowd);
    crowd
}

fn count(crowd: &mut Crowd) -> u64 {
    let mut matches = 0;
    crowd.index.for_each_match(&crowd.event.head(), &mut crowd.scratch, |_, payload| {
        matches += 1;
        black_box(payload);
    });
    matches
}

#[library_benchmark(setup = timelines)]
#[bench::note_to_100_timelines(100, 1)]
#[bench::note_to_10_000_timelines(10_000, 1)]
#[bench::reaction_to_10_000_timelines(10_000, 7)]
fn matching(mut crowd: Crowd) -> (Crowd, u64) {
    let matches = count(&mut crowd);
    (crowd, matches)
}

#[library_benchmark(setup = timelines)]
#[bench::among_10_000(10_000, 1)]
fn subscribe(mut crowd: Crowd) -> Crowd {
    crowd.index.insert(Token(u64::MAX), Arc::clone(&crowd.next), Arc::new(0));
    crowd
}

#[library_benchmark(setup = timelines)]
#[bench::among_10_000(10_000, 1)]
fn unsubscribe(mut crowd: Crowd) -> Crowd {
    assert!(crowd.index.remove(Token(77)));
    crowd
}

library_benchmark_group!(name = index, benchmarks = [matching, subscribe, unsubscribe]);
main!(library_benchmark_groups = index);
