//! Random questions about a realistic corpus, compared with plain loops over the events.

use std::collections::HashMap;

use chappe_protocol::{EventId, Filter, Kind, Timestamp};
use chappe_testkit::naive::{self, Limits, Model, Offered};
use chappe_testkit::{Corpus, Rng, TestEvent, random_filter, random_filters};

use super::support::{NOW, TestStore};
use crate::keys::COMMON_KINDS;
use crate::{Ask, Completeness, Plan, QueryBounds, Seq, Step, Written, count};

const LIMITS: Limits = Limits { default: 100, max: 300 };

struct World {
    store: TestStore,
    corpus: Corpus,
    /// What is held, and under which number.
    held: Vec<(TestEvent, Seq)>,
}

impl World {
    fn new(seed: u64, corpus: Corpus, store: TestStore) -> Self {
        let (mut model, mut seqs) = (Model::new(), HashMap::new());
        let kept: Vec<_> =
            corpus.events.iter().filter(|event| !(20_000..30_000).contains(&event.kind())).collect();
        for batch in kept.chunks(100) {
            for (event, written) in batch.iter().zip(store.put_all(batch.iter().copied())) {
                let offered = model.offer(event, NOW.0);
                let agrees = match written {
                    Written::Stored(seq) => {
                        seqs.insert(event.id(), seq);
                        offered == Offered::Stored
                    }
                    Written::Duplicate => offered == Offered::Duplicate,
                    Written::Superseded => offered == Offered::Superseded,
                    Written::Deleted => offered == Offered::Deleted,
                };
                assert!(agrees, "seed {seed}: {written:?}, {offered:?}: {}", event.json());
            }
        }
        store.assert_sound();
        let held = model.served(NOW.0).map(|event| (event.clone(), seqs[&event.id()])).collect();
        Self { store, corpus, held }
    }

    /// The filter alone, or with something to look within that leaves nothing out which may be seen.
    fn ask(&self, rng: &mut Rng, filter: &Filter, may_see: &[Filter]) -> Ask {
        let within = match (may_see, rng.below(3)) {
            ([], 0) => cut(rng, filter, &self.corpus),
            ([..], 1) => may_see.to_vec(),
            // More than has to be.
            ([_, ..], 2) => may_see.iter().cloned().chain([random_filter(rng, &self.corpus)]).collect(),
            _ => Vec::new(),
        };
        Ask { filter: filter.clone(), within }
    }

    /// Asks the store and the plain loops.
    fn compare(&self, rng: &mut Rng, seed: u64) {
        let filters = random_filters(rng, &self.corpus);
        self.compare_filters(rng, seed, &filters);
    }

    fn compare_filters(&self, rng: &mut Rng, seed: u64, filters: &[Filter]) {
        let step = Step {
            events_max: *rng.pick(&[1, 2, 10, 1_000]),
            scans_max: *rng.pick(&[1, 3, 50, 1_000, 100_000]),
        };
        let newest = if rng.percent(20) { self.held[rng.below(self.held.len())].1 } else { Seq(u64::MAX) };
        // Hides no event, or about a quarter of them.
        let hidden = if rng.percent(30) { 0b11 } else { 0x100 };
        let is_seen = |id: &EventId| u16::from(id.as_bytes()[7] & 0b11) != hidden;
        // Of what there is, the asker may see what one of these matches. None: all of it.
        let may_see = if rng.percent(30) { random_filters(rng, &self.corpus) } else { Vec::new() };
        let asks: Vec<_> = filters.iter().map(|filter| self.ask(rng, filter, &may_see)).collect();
        // Those that match at all, so that the slow loops below run over few.
        let visible = self.held.iter().filter(|(event, seq)| *seq <= newest && is_seen(&event.id()));
        let matching = visible.map(|(event, _)| event);
        let is_shown = |event: &TestEvent| may_see.iter().any(|filter| naive::matches(filter, event));
        let matching = matching.filter(|event| may_see.is_empty() || is_shown(event));
        let matching = matching.filter(|event| filters.iter().any(|filter| naive::matches(filter, event)));
        let matching: Vec<_> = matching.collect();
        let bounds = QueryBounds { default_limit: LIMITS.default, limit_max: LIMITS.max, newest };
        let see = &mut |record: &crate::RecordView<'_>| {
            let is_shown = may_see.is_empty() || may_see.iter().any(|filter| filter.matches(&record.head()));
            is_shown && is_seen(&record.head().id)
        };
        let context = || format!("seed {seed}, {step:?}, newest {newest:?}, {asks:?}");
        let expected = naive::query(matching.iter().copied(), filters, LIMITS);
        let completeness = expected_completeness(&matching, filters, expected.len());
        // As the planner likes it, then by every other plan that there is.
        let plans = plans(filters).into_iter().map(Some);
        for plan in std::iter::once(None).chain(plans) {
            let query = crate::query(asks.clone(), bounds);
            let query = if let Some(plan) = plan { query.by(plan) } else { query };
            let answer = self.store.finish(query, NOW, step, see);
            assert_eq!(answer, (expected.clone(), completeness), "by {plan:?}: {}", context());
        }
        if rng.percent(10) {
            let mut counted = 0;
            let mut query = count(asks.clone(), newest);
            let each = &mut |_: crate::RecordView<'_>| {
                counted += 1;
                std::ops::ControlFlow::Continue(())
            };
            while query.advance(&self.store.store, NOW, step, see, each).unwrap() == crate::Progress::More {}
            assert_eq!(counted, matching.len(), "{}", context());
        }
    }
}

/// The plans by which one of these filters at least can be answered.
fn plans(filters: &[Filter]) -> Vec<Plan> {
    let mut plans = vec![Plan::Time];
    plans.extend(filters.iter().any(|filter| filter.kinds.is_some()).then_some(Plan::Kinds));
    plans.extend(filters.iter().any(|filter| filter.authors.is_some()).then_some(Plan::Authors));
    let mut letters: Vec<_> =
        filters.iter().flat_map(|filter| filter.tags.iter().map(|tag| tag.letter)).collect();
    letters.sort_unstable();
    letters.dedup();
    plans.extend(letters.into_iter().map(Plan::Tags));
    plans
}

/// Cuts a filter into up to four that together match all that it matches, and may match more or overlap.
fn cut(rng: &mut Rng, filter: &Filter, corpus: &Corpus) -> Vec<Filter> {
    /// Each value goes to one part, or to two.
    fn deal<T: Copy>(rng: &mut Rng, values: &[T], parts: usize) -> Vec<Vec<T>> {
        let mut dealt = vec![Vec::new(); parts];
        for &value in values {
            dealt[rng.below(parts)].push(value);
            if rng.percent(20) {
                dealt[rng.below(parts)].push(value);
            }
        }
        dealt
    }
    let (mut whole, parts) = (filter.clone(), 1 + rng.below(4));
    whole.limit = rng.percent(20).then_some(1);
    if rng.percent(20) {
        whole.tags.clear();
    }
    let mut cut: Vec<Filter> = match (&filter.authors, &filter.kinds, rng.below(3)) {
        (Some(authors), _, 0) => deal(rng, authors, parts)
            .into_iter()
            .map(|authors| Filter { authors: Some(authors), ..whole.clone() })
            .collect(),
        (_, Some(kinds), 1) => deal(rng, kinds, parts)
            .into_iter()
            .map(|kinds| Filter { kinds: Some(kinds), ..whole.clone() })
            .collect(),
        _ => {
            let at = rng.pick(&corpus.events).created_at();
            let early = Filter {
                until: Some(Timestamp(at).min(whole.until.unwrap_or(Timestamp(at)))),
                ..whole.clone()
            };
            let since = Timestamp(at + u64::from(rng.percent(50)));
            vec![early, Filter { since: Some(since.max(whole.since.unwrap_or(since))), ..whole }]
        }
    };
    cut.iter_mut().for_each(Filter::normalize);
    cut
}

/// With fewer events than the store peeks at, it always finds out.
fn expected_completeness(matching: &[&TestEvent], filters: &[Filter], sent: usize) -> Completeness {
    let is_zero = |filter: &Filter| filter.limit == Some(0);
    let asked: Vec<_> = filters.iter().filter(|filter| !is_zero(filter)).cloned().collect();
    if naive::count(matching.iter().copied(), &asked) > sent {
        Completeness::MoreStored
    } else if filters.iter().any(|filter| is_zero(filter) && !filter.is_never()) {
        Completeness::Unknown
    } else {
        Completeness::Finished
    }
}

fn check(seed: u64, corpus: Corpus, store: TestStore, questions: usize) {
    let world = World::new(seed, corpus, store);
    let mut rng = Rng::new(seed);
    for _ in 0..questions {
        world.compare(&mut rng, seed);
    }
}

#[test]
fn every_question_is_answered_as_by_plain_loops() {
    // Some of all settled, half of it, and nothing.
    for young_bytes_max in [64 << 10, 3 << 20, 32 << 20] {
        check(1, Corpus::plain(1, 5_000, 80), TestStore::with_young_bytes(young_bytes_max), 1_000);
    }
}

/// Home timelines: looked through by time, and merged by author when that has cost too much.
#[test]
fn many_authors_are_answered_as_by_plain_loops() {
    for young_bytes_max in [64 << 10, 3 << 20, 32 << 20] {
        let world = World::new(7, Corpus::plain(7, 3_000, 120), TestStore::with_young_bytes(young_bytes_max));
        let mut rng = Rng::new(7);
        for _ in 0..300 {
            let filters: Vec<_> = (0..1 + rng.below(3)).map(|_| timeline(&mut rng, &world.corpus)).collect();
            world.compare_filters(&mut rng, 7, &filters);
        }
        let counts = world.store.store.query_counts();
        assert!(counts.retreats > 50, "{counts:?}");
        assert!(counts.by_time.min(counts.by_kinds).min(counts.by_authors) > 100, "{counts:?}");
    }
}

/// Twenty to a hundred of the corpus' authors, who may have written much of it or little.
fn timeline(rng: &mut Rng, corpus: &Corpus) -> Filter {
    let authors = (0..20 + rng.below(80)).map(|_| rng.pick(&corpus.keys).public());
    let kinds: [&[u16]; 5] = [&[1], &[1, 6], &[0, 3, 10_002], &[30_023], &[7, 9_735, 1_984, 5, 6, 16, 1]];
    let mut filter = Filter {
        authors: Some(authors.collect()),
        kinds: rng.percent(80).then(|| rng.pick(&kinds).iter().copied().map(Kind).collect()),
        until: rng.percent(40).then(|| Timestamp(rng.pick(&corpus.events).created_at())),
        since: rng.percent(20).then(|| Timestamp(rng.pick(&corpus.events).created_at())),
        limit: rng.percent(90).then(|| 1 + rng.below(250) as u64),
        tags: if rng.percent(15) { random_filter(rng, corpus).tags } else { Vec::new() },
        ids: None,
    };
    filter.normalize();
    filter
}

/// Tags without kinds, or with more kinds than have ranges of their own: events of common kinds are found in one table, others in
/// another one.
#[test]
fn tags_of_any_kind_are_answered_as_by_plain_loops() {
    for young_bytes_max in [64 << 10, 3 << 20, 32 << 20] {
        let world =
            World::new(11, Corpus::plain(11, 4_000, 60), TestStore::with_young_bytes(young_bytes_max));
        let (mut rng, mut both) = (Rng::new(11), 0);
        for _ in 0..300 {
            let filters: Vec<_> =
                (0..1 + rng.below(3)).map(|_| of_any_kind(&mut rng, &world.corpus)).collect();
            world.compare_filters(&mut rng, 11, &filters);
            for filter in &filters {
                let found = world.held.iter().filter(|(event, _)| naive::matches(filter, event));
                let (common, other): (Vec<_>, Vec<_>) =
                    found.partition(|(event, _)| COMMON_KINDS.contains(&Kind(event.kind())));
                both += usize::from(!common.is_empty() && !other.is_empty());
            }
        }
        assert!(both > 50, "only {both} have matches in both tables");
    }
}

/// A filter with tags and no kinds, or hundreds of them.
fn of_any_kind(rng: &mut Rng, corpus: &Corpus) -> Filter {
    let mut filter = random_filter(rng, corpus);
    while filter.tags.is_empty() {
        filter.tags = random_filter(rng, corpus).tags;
    }
    let mut many = |each| {
        let few = [1059, 1111, 1984, 9_735, 10_002, 30_023, 30_078].into_iter();
        (0..1_000).chain(few).filter(|_| rng.percent(each)).map(Kind).collect()
    };
    let many: [Vec<Kind>; 2] = [many(99), many(60)];
    filter.kinds = many.into_iter().nth(rng.below(4));
    filter.ids = None;
    if rng.percent(70) {
        filter.authors = None;
    }
    filter.normalize();
    filter
}

#[test]
fn deletions_and_replacements_leave_what_plain_loops_leave() {
    for seed in 2..5 {
        for young_bytes_max in [8 << 10, 300 << 10, 32 << 20] {
            for store in [TestStore::with_young_bytes, TestStore::compressing] {
                check(seed, Corpus::eventful(seed, 1_000, 15), store(young_bytes_max), 100);
            }
        }
    }
}
