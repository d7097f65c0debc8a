//! Which way a query goes, and what that takes.

use std::ops::ControlFlow;

use chappe_protocol::{Filter, Kind, TagFilter, TagMode};
use chappe_testkit::{EventBuilder, Keys};

use super::support::{NOW, TestStore, YOUNG_BYTES};
use crate::{Cost, ExplainedPart, Plan, Progress, QueryBounds, RecordView, Role, Seq, Step, query};

const T: u64 = NOW.0;
const BIG: Step = Step { events_max: 1_000_000, scans_max: 1_000_000 };
const UNLIMITED: QueryBounds = QueryBounds::unlimited(Seq(u64::MAX));

fn authored(by: u64, limit: u64) -> Filter {
    Filter { authors: Some(vec![Keys::from_seed(by).public()]), limit: Some(limit), ..Filter::default() }
}

fn tagged(values: &[&str], mode: TagMode) -> Vec<TagFilter> {
    vec![TagFilter {
        letter: b't',
        mode,
        values: values.iter().map(|value| value.as_bytes().into()).collect(),
    }]
}

/// How the only ask was answered, and what that took.
fn explained(store: &TestStore, filter: Filter) -> (ExplainedPart, Cost, usize) {
    let mut query = query([filter], UNLIMITED);
    let mut given = 0;
    let mut each = |_: RecordView<'_>| {
        given += 1;
        ControlFlow::Continue(())
    };
    while query.advance(&store.store, NOW, BIG, &mut |_| true, &mut each).unwrap() == Progress::More {}
    let mut explanation = query.explain();
    (explanation.parts.remove(0), explanation.cost, given)
}

fn roles(part: &ExplainedPart) -> Vec<(Plan, Role)> {
    part.ways.iter().map(|way| (way.plan, way.role)).filter(|&(_, role)| role != Role::Idle).collect()
}

#[test]
fn of_two_conditions_the_rarer_one_is_read() {
    for young_bytes_max in YOUNG_BYTES {
        let store = TestStore::with_young_bytes(young_bytes_max);
        // Everything is about nostr; a twentieth of it is about cats; one of ten is Alice's, and the last one is both.
        let note = |n: u64| {
            let note = EventBuilder::new(1).created_at(T + n).tag(&["t", "nostr"]);
            let note = if n.is_multiple_of(20) { note.tag(&["t", "cats"]) } else { note };
            note.sign(&Keys::from_seed(if n % 10 == 1 || n == 0 { 1 } else { 2 + n % 7 }))
        };
        (0..2_000).map(note).collect::<Vec<_>>().chunks(200).for_each(|notes| {
            store.put_all(notes);
        });
        let all = |values| Filter { tags: tagged(values, TagMode::All), ..Filter::default() };
        let rare = Filter { tags: tagged(&["cats"], TagMode::Any), ..authored(1, 20) };
        let popular = Filter { tags: tagged(&["nostr"], TagMode::Any), ..authored(1, 10) };
        let cases: [(Filter, Plan, u64, usize); 4] = [
            (rare, Plan::Tags(b't'), 100, 1),
            (popular, Plan::Authors, 100, 10),
            (Filter { limit: Some(10), ..all(&["cats", "nostr"]) }, Plan::Tags(b't'), 100, 10),
            (Filter { limit: Some(500), ..all(&["cats", "nostr"]) }, Plan::Tags(b't'), 150, 100),
        ];
        for (mut filter, plan, look_ups_max, expected) in cases {
            filter.normalize();
            let (part, cost, given) = explained(&store, filter.clone());
            assert_eq!((roles(&part), given), (vec![(plan, Role::Chosen)], expected), "{filter:?}");
            // The popular value has twenty times as many.
            assert!(cost.look_ups <= look_ups_max, "{filter:?}: {cost:?}");
            assert!(cost.records <= 2 * given as u64 + 10, "{filter:?}: {cost:?}");
        }
    }
}

#[test]
fn a_timeline_of_many_is_read_by_time_and_by_author_when_they_are_silent() {
    for young_bytes_max in YOUNG_BYTES {
        let store = TestStore::with_young_bytes(young_bytes_max);
        // A hundred write day by day; twenty have written before all of them, and no more.
        let author = |n: u64| if n < 100 { 200 + n % 20 } else { 1 + n % 100 };
        let note =
            |n: u64| EventBuilder::new(1).created_at(T + n).content("").sign(&Keys::from_seed(author(n)));
        let notes: Vec<_> = (0..3_000).map(note).collect();
        notes.chunks(200).for_each(|notes| {
            store.put_all(notes);
        });
        let timeline = |authors: std::ops::Range<u64>| {
            let authors = Some(authors.map(|n| Keys::from_seed(n).public()).collect());
            let mut filter =
                Filter { authors, kinds: Some(vec![Kind(1)]), limit: Some(20), ..Filter::default() };
            filter.normalize();
            filter
        };
        let (part, cost, given) = explained(&store, timeline(1..51));
        let expected = vec![(Plan::Authors, Role::Retreat), (Plan::Kinds, Role::Chosen)];
        assert_eq!((roles(&part), given), (expected, 20));
        assert!(cost.look_ups < 40 && cost.skipped < 200 && cost.records < 40, "{cost:?}");
        let (part, cost, given) = explained(&store, timeline(200..220));
        let expected = vec![(Plan::Authors, Role::Chosen), (Plan::Kinds, Role::Left)];
        assert_eq!((roles(&part), given), (expected, 20));
        // Looking through the newest was given up when it had cost as much as a seek for each author.
        assert!(cost.look_ups < 80 && cost.skipped <= 20 * 8 + 32 && cost.records < 40, "{cost:?}");
    }
}

#[test]
fn what_queries_take_is_counted() {
    let store = TestStore::new();
    let notes: Vec<_> =
        (0..10).map(|n| EventBuilder::new(1).created_at(T + n).sign(&Keys::from_seed(n))).collect();
    store.put_all(&notes);
    let ids = Filter { ids: Some(vec![notes[0].id(), notes[1].id()]), ..Filter::default() };
    let any = Filter { limit: Some(3), ..Filter::default() };
    store.answer(&[ids, any, authored(1, 2)], UNLIMITED, NOW, BIG, &mut |_| true);
    let counts = store.store.query_counts();
    assert_eq!((counts.by_ids, counts.by_time, counts.by_authors, counts.by_tags), (1, 1, 1, 0));
    assert_eq!((counts.retreats, counts.cost.events), (0, 5));
    assert!(counts.cost.records >= 5 && counts.cost.look_ups >= 6, "{counts:?}");
}
