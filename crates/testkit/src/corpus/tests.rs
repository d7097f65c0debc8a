use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn the_same_seed_gives_the_same_world() {
    let (one, two) = (Corpus::eventful(7, 200, 10), Corpus::eventful(7, 200, 10));
    assert_eq!(one.events, two.events);
    assert_ne!(one.events, Corpus::eventful(8, 200, 10).events);
}

#[test]
fn sizes_are_those_of_real_events() {
    let corpus = Corpus::plain(1, 2_000, 50);
    let mut sizes: Vec<_> = corpus.events.iter().map(|event| event.json().len()).collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!((500..800).contains(&median), "median {median}");
    assert!(sizes[sizes.len() - 1] > 4_000);
}

#[test]
fn ties_versions_and_specials_are_met() {
    let corpus = Corpus::eventful(1, 3_000, 40);
    let mut kinds = BTreeMap::new();
    let mut seconds = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for event in &corpus.events {
        *kinds.entry(event.kind()).or_insert(0) += 1;
        seconds.insert(event.created_at());
        ids.insert(event.id());
        let within = Corpus::START..=Corpus::START + Corpus::SECONDS;
        assert!(within.contains(&event.created_at()));
    }
    for kind in [0, 1, 3, 5, 7, 62, 1059, 10002, 20000, 30023, 30078] {
        assert!(kinds.get(&kind).is_some_and(|&count| count > 1), "kind {kind} in {kinds:?}");
    }
    assert!(seconds.len() < corpus.events.len() * 3 / 4, "{} seconds", seconds.len());
    assert!(ids.len() < corpus.events.len(), "the same event comes twice");
}

#[test]
fn a_plain_world_holds_nothing_special() {
    for event in Corpus::plain(2, 1_000, 30).events {
        assert!(event.kind() != 5 && event.kind() != 62 && !(20_000..30_000).contains(&event.kind()));
        assert_eq!(event.tag_values("expiration").count(), 0);
    }
}
