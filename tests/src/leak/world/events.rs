//! What people publish.

use chappe_testkit::{Corpus, EventBuilder, Keys, Rng, TestEvent};

/// A corpus to ask about, and all that is published: its events, and some made for the fields of a policy.
pub fn make(rng: &mut Rng) -> (Corpus, Vec<TestEvent>) {
    let mut corpus = Corpus::plain(rng.bits(), 150, 14);
    let made: Vec<_> = (0..110).map(|_| one(rng, &corpus.keys)).collect();
    corpus.events.extend(made);
    let mut events = corpus.events.clone();
    rng.shuffle(&mut events);
    (corpus, events)
}

/// An event with what rules ask for, or without some of it.
fn one(rng: &mut Rng, keys: &[Keys]) -> TestEvent {
    let kind = *rng.pick(&[1, 1, 1, 4, 7, 1059, 1111, 20_001, 30_023, 30_078, 24_133, 13_194, 9_999, 13, 15]);
    let now = Corpus::START + Corpus::SECONDS;
    // Some a little ahead of the relay's clock.
    let made_at = now - 500 + rng.within(0..700);
    let mut event = EventBuilder::new(kind).created_at(made_at);
    for _ in 0..rng.below(3) {
        event = event.tag(&["p", &rng.pick(keys).hex()]);
    }
    if rng.percent(40) {
        event = event.tag(&["d", *rng.pick(&["settings", "hello", "Other", ""])]);
    }
    if rng.percent(10) {
        event = event.tag(&["d", "second"]);
    }
    if rng.percent(40) {
        event = event.tag(&["t", *rng.pick(&["nostr", "no", "TOPIC", "chappe"])]);
    }
    if rng.percent(30) {
        let seconds = rng.pick(&[86_400, 86_401, 3_600, 604_800]);
        event = event.tag(&["expiration", &(made_at + seconds).to_string()]);
    }
    if rng.percent(15) {
        event = event.tag(&["-"]);
    }
    let length = rng.below(400);
    event.content("x".repeat(length)).sign(rng.pick(keys))
}
