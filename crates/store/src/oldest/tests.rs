use chappe_protocol::{EventId, Filter};
use chappe_testkit::{Corpus, Rng};

use super::*;
use crate::Return;
use crate::tests::support::{TestStore, YOUNG_BYTES};

/// Before anything expires.
const ALWAYS: Timestamp = Timestamp(0);

/// Walks in pieces of random sizes from a spot on, and gives the ids.
fn walk(test: &TestStore, rng: &mut Rng, from: Option<Spot>, until: Timestamp) -> Vec<EventId> {
    let (mut ids, mut spot) = (Vec::new(), from);
    loop {
        let mut left = 1 + rng.below(40);
        let (visits_max, before) = (1 + rng.below(40), ids.len());
        let walked = test.store.walk_oldest(spot, until, visits_max, &mut |record| {
            ids.push(record.head().id);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let walked = walked.unwrap();
        assert_eq!(walked.visits, ids.len() - before);
        assert!(walked.visits <= visits_max);
        spot = walked.spot;
        if walked.is_done {
            assert!(left > 0);
            return ids;
        }
    }
}

fn oldest_first(test: &TestStore, filter: Filter) -> Vec<EventId> {
    let mut ids = test.ask(&[filter], ALWAYS);
    ids.reverse();
    ids
}

#[test]
fn a_walk_is_the_order_of_answers_the_other_way_round() {
    for (young_bytes_max, seed) in YOUNG_BYTES.into_iter().flat_map(|bytes| (0..4).map(move |n| (bytes, n))) {
        let (mut rng, corpus) = (Rng::new(seed), Corpus::eventful(seed, 500, 8));
        let mut test = TestStore::with_young_bytes(young_bytes_max);
        for batch in corpus.events.chunks(40) {
            test.put_all(batch.iter().filter(|event| !(20_000..30_000).contains(&event.kind())));
            match rng.below(5) {
                0 => test.settle(),
                1 => test = test.reopened(),
                _ => {}
            }
            let all = oldest_first(&test, Filter::default());
            assert_eq!(walk(&test, &mut rng, None, Timestamp(u64::MAX)), all, "seed {seed}");
            let time = Timestamp(rng.pick(batch).created_at());
            let to = oldest_first(&test, Filter { until: Some(time), ..Filter::default() });
            assert_eq!(walk(&test, &mut rng, None, time), to, "seed {seed}");
            let from = oldest_first(&test, Filter { since: Some(time), ..Filter::default() });
            let before = Some(Spot::before(time));
            assert_eq!(walk(&test, &mut rng, before, Timestamp(u64::MAX)), from, "seed {seed}");
            // Some go, and some of them come again.
            let gone: Vec<_> = (0..5).filter(|_| !all.is_empty()).map(|_| *rng.pick(&all)).collect();
            test.store.remove(&gone, Return::Allowed).unwrap();
            let again: Vec<_> =
                corpus.events.iter().filter(|event| gone[..gone.len() / 2].contains(&event.id())).collect();
            test.put_all(again);
            test.assert_sound();
        }
    }
}

#[test]
fn a_walk_of_nothing_ends_where_it_began() {
    let test = TestStore::new();
    let spot = Spot::before(Timestamp(7));
    let nothing =
        test.store.walk_oldest(Some(spot), Timestamp(u64::MAX), 10, &mut |_| panic!("there is nothing"));
    assert_eq!(nothing.unwrap(), Walked { spot: Some(spot), visits: 0, is_done: true });
    assert_eq!(spot.time(), Timestamp(7));
}
