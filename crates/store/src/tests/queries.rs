//! Answers to queries, rule by rule.

use std::ops::ControlFlow;

use chappe_protocol::{EventId, Filter, Kind, TagFilter, TagMode, Timestamp};
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::support::{NOW, TestStore, YOUNG_BYTES};
use crate::Completeness::{Finished, MoreStored, Unknown};
use crate::{Ask, Completeness, Progress, QueryBounds, Seq, Step, count, query};

const T: u64 = NOW.0;
const BIG: Step = Step { events_max: 1_000_000, scans_max: 1_000_000 };

/// Ten notes, the newest first: `T + 9` to `T`. Those of an even second are Alice's.
fn notes() -> Vec<TestEvent> {
    (0..10)
        .rev()
        .map(|second| EventBuilder::new(1).created_at(T + second).sign(&Keys::from_seed(1 + second % 2)))
        .collect()
}

fn filled() -> (TestStore, Vec<TestEvent>) {
    let (store, notes) = (TestStore::new(), notes());
    store.put_all(&notes);
    (store, notes)
}

fn bounds(store: &TestStore) -> QueryBounds {
    QueryBounds { default_limit: 4, limit_max: 6, newest: store.store.last_seq().unwrap() }
}

fn limit(limit: u64) -> Filter {
    Filter { limit: Some(limit), ..Filter::default() }
}

fn window(since: u64, until: u64, limit: Option<u64>) -> Filter {
    Filter {
        since: Some(Timestamp(T + since)),
        until: Some(Timestamp(T + until)),
        limit,
        ..Filter::default()
    }
}

fn authored(by: u64, limit: u64) -> Filter {
    Filter { authors: Some(vec![Keys::from_seed(by).public()]), limit: Some(limit), ..Filter::default() }
}

fn tagged(values: &[&str]) -> Vec<TagFilter> {
    let values = values.iter().map(|value| value.as_bytes().into()).collect();
    vec![TagFilter { letter: b't', mode: TagMode::Any, values }]
}

#[test]
fn limits_and_completeness_of_every_shape_of_question() {
    let (store, notes) = filled();
    let never = Filter { kinds: Some(Vec::new()), ..Filter::default() };
    let cases: &[(&[Filter], &[usize], Completeness)] = &[
        (&[Filter::default()], &[0, 1, 2, 3], MoreStored),
        (&[limit(2)], &[0, 1], MoreStored),
        (&[limit(1_000)], &[0, 1, 2, 3, 4, 5], MoreStored),
        (&[window(8, 9, None)], &[0, 1], Finished),
        (&[window(6, 9, None)], &[0, 1, 2, 3], Finished),
        (&[window(5, 9, None)], &[0, 1, 2, 3], MoreStored),
        (&[window(3, 3, Some(1))], &[6], Finished),
        (&[window(20, 30, None)], &[], Finished),
        // Each filter has its own limit, and what both match counts for both.
        (&[limit(1), window(0, 1, None)], &[0, 8, 9], MoreStored),
        (&[limit(2), authored(1, 2)], &[0, 1, 3], MoreStored),
        (&[authored(2, 6), authored(1, 6)], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], Finished),
        (&[authored(2, 5), authored(1, 1)], &[0, 1, 2, 4, 6, 8], MoreStored),
        (&[authored(1, 5), authored(1, 2)], &[1, 3, 5, 7, 9], Finished),
        // A limit of 0 asks for nothing and finds out nothing.
        (&[limit(0)], &[], Unknown),
        (&[limit(0), window(8, 9, None)], &[0, 1], Unknown),
        (&[limit(0), limit(1)], &[0], MoreStored),
        (std::slice::from_ref(&never), &[], Finished),
        (&[never.clone(), window(8, 9, None)], &[0, 1], Finished),
        (&[], &[], Finished),
    ];
    for (filters, expected, completeness) in cases {
        for scans_max in [0, 1, 2, 3, 1_000] {
            for events_max in [0, 1, 2, 1_000] {
                let step = Step { events_max, scans_max };
                let answer = store.answer(filters, bounds(&store), NOW, step, &mut |_| true);
                let expected: Vec<_> = expected.iter().map(|&at| notes[at].id()).collect();
                assert_eq!(answer, (expected, *completeness), "{filters:?} by {step:?}");
            }
        }
    }
}

#[test]
fn equal_times_come_by_lowest_id() {
    let store = TestStore::new();
    let same =
        |n: u64| EventBuilder::new(1).content(n.to_string()).tag(&["t", "x"]).sign(&Keys::from_seed(n % 3));
    let mut events: Vec<_> = (0..50).map(same).collect();
    store.put_all(&events);
    events.sort_by_key(TestEvent::id);
    let expected: Vec<_> = events.iter().map(TestEvent::id).collect();
    let everybody = Some(vec![0, 1, 2].into_iter().map(|n| Keys::from_seed(n).public()).collect());
    let filters = [
        Filter::default(),
        Filter { kinds: Some(vec![Kind(1)]), ..Filter::default() },
        Filter { authors: everybody, ..Filter::default() },
        Filter { tags: tagged(&["x"]), ..Filter::default() },
        Filter { ids: Some(expected.clone()), ..Filter::default() },
    ];
    for mut filter in filters {
        filter.normalize();
        assert_eq!(store.ask(&[filter], NOW), expected);
    }
}

#[test]
fn the_wire_form_comes_back_as_it_was_given() {
    let (store, notes) = filled();
    let mut json = Vec::new();
    let mut each = |record: crate::RecordView<'_>| {
        json.push(String::from_utf8(record.plain().unwrap().to_vec()).unwrap());
        ControlFlow::Continue(())
    };
    let mut query = query(vec![limit(2)], bounds(&store));
    query.advance(&store.store, NOW, BIG, &mut |_| true, &mut each).unwrap();
    assert_eq!(json, [notes[0].json(), notes[1].json()]);
}

#[test]
fn what_the_asker_may_not_see_counts_for_nothing() {
    let (store, notes) = filled();
    let hidden = |at: &'static [usize]| {
        let ids: Vec<_> = at.iter().map(|&at| notes[at].id()).collect();
        move |record: &crate::RecordView<'_>| !ids.contains(&record.head().id)
    };
    let ask = |filter: Filter, see: &mut dyn FnMut(&crate::RecordView<'_>) -> bool| {
        let (ids, completeness) = store.answer(&[filter], bounds(&store), NOW, BIG, see);
        (
            ids.iter().map(|id| notes.iter().position(|note| note.id() == *id).unwrap()).collect::<Vec<_>>(),
            completeness,
        )
    };
    assert_eq!(ask(limit(2), &mut hidden(&[0, 2])), (vec![1, 3], MoreStored));
    // All that is left over is hidden, so to this asker nothing is.
    assert_eq!(ask(window(7, 9, Some(2)), &mut hidden(&[1])), (vec![0, 2], Finished));
    assert_eq!(ask(window(7, 9, Some(2)), &mut hidden(&[2])), (vec![0, 1], Finished));
    assert_eq!(ask(Filter::default(), &mut |_| false), (vec![], Finished));
}

#[test]
fn who_may_see_is_asked_about_matches_only() {
    let (store, notes) = filled();
    let mut asked = Vec::new();
    let filter = Filter { tags: tagged(&["x"]), ..authored(1, 5) };
    store.answer(&[filter, window(0, 0, None)], bounds(&store), NOW, BIG, &mut |record| {
        asked.push(record.head().id);
        true
    });
    assert_eq!(asked, [notes[9].id()]);
}

#[test]
fn events_after_the_newest_are_left_to_the_live_part() {
    let (store, notes) = filled();
    let bounds = QueryBounds { newest: Seq(8), ..bounds(&store) };
    // Stored in the order of `notes`, so the two oldest came last.
    let (ids, completeness) = store.answer(&[window(0, 4, None)], bounds, NOW, BIG, &mut |_| true);
    assert_eq!((ids, completeness), (notes[5..8].iter().map(TestEvent::id).collect(), Finished));
    let by_id = Filter { ids: Some(vec![notes[9].id()]), ..Filter::default() };
    assert_eq!(store.answer(&[by_id], bounds, NOW, BIG, &mut |_| true), (vec![], Finished));
}

/// Takes two events of all, lets the store change, and takes the rest.
fn rest_after(filter: Filter, change: impl Fn(&TestStore, &[TestEvent])) -> Vec<usize> {
    let (store, notes) = filled();
    let mut query = query(vec![filter], QueryBounds::unlimited(Seq(10)));
    let mut ids: Vec<EventId> = Vec::new();
    let mut two = |record: crate::RecordView<'_>| {
        ids.push(record.head().id);
        if ids.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert_eq!(query.advance(&store.store, NOW, BIG, &mut |_| true, &mut two).unwrap(), Progress::More);
    change(&store, &notes);
    let mut all = |record: crate::RecordView<'_>| {
        ids.push(record.head().id);
        ControlFlow::Continue(())
    };
    let progress = query.advance(&store.store, NOW, BIG, &mut |_| true, &mut all).unwrap();
    assert_eq!(progress, Progress::Done(Finished));
    assert_eq!(
        query.advance(&store.store, NOW, BIG, &mut |_| true, &mut all).unwrap(),
        progress,
        "it stays done"
    );
    ids.iter().map(|id| notes.iter().position(|note| note.id() == *id).unwrap()).collect()
}

#[test]
fn between_two_steps_the_store_may_change() {
    let ids = Filter { ids: Some(notes().iter().map(TestEvent::id).collect()), ..Filter::default() };
    let authors = Some((1..=2).map(|n| Keys::from_seed(n).public()).collect());
    for mut filter in [Filter::default(), ids, Filter { authors, ..Filter::default() }] {
        filter.normalize();
        let rest = |change: &dyn Fn(&TestStore, &[TestEvent])| rest_after(filter.clone(), change);
        assert_eq!(rest(&|_, _| {}), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        // The next one, one already given, and one further on are removed.
        let without = rest(&|store, notes| {
            for at in [1, 2, 3, 7] {
                let by = Keys::from_seed(1 + (9 - at as u64) % 2);
                store.put(&EventBuilder::new(5).tag(&["e", &notes[at].id().to_string()]).sign(&by));
            }
        });
        assert_eq!(without, [0, 1, 4, 5, 6, 8, 9]);
        // New ones arrive before and behind the place.
        let with_new = rest(&|store, _| {
            let note =
                |second| EventBuilder::new(1).created_at(T + second).content("new").sign(&Keys::from_seed(1));
            store.put_all(&[0, 5, 7, 20].map(note));
        });
        assert_eq!(with_new, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}

#[test]
fn the_step_bounds_what_one_call_does() {
    let (store, _) = filled();
    let mut query = query(vec![Filter::default()], QueryBounds::unlimited(Seq(10)));
    for expected in [3, 3, 3, 1] {
        let mut given = 0;
        let mut each = |_: crate::RecordView<'_>| {
            given += 1;
            ControlFlow::Continue(())
        };
        let step = Step { events_max: 3, scans_max: 1_000 };
        query.advance(&store.store, NOW, step, &mut |_| true, &mut each).unwrap();
        assert_eq!(given, expected);
    }
    // Every candidate is shown to `see`, and each costs an index entry.
    let mut query = crate::query(vec![Filter::default()], QueryBounds::unlimited(Seq(10)));
    for expected in [4, 4, 2] {
        let mut seen = 0;
        let step = Step { events_max: 1_000, scans_max: 4 };
        let mut see = |_: &crate::RecordView<'_>| {
            seen += 1;
            false
        };
        query.advance(&store.store, NOW, step, &mut see, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(seen, expected);
    }
}

#[test]
fn an_event_in_several_ranges_of_a_filter_counts_once() {
    let store = TestStore::new();
    let both = |n| {
        EventBuilder::new(1).created_at(T - n).tag(&["t", "a"]).tag(&["t", "b"]).sign(&Keys::from_seed(1))
    };
    let events: Vec<_> = (0..4).map(both).collect();
    store.put_all(&events);
    let filter = Filter { tags: tagged(&["a", "b"]), limit: Some(3), ..Filter::default() };
    let expected = events[..3].iter().map(TestEvent::id).collect();
    assert_eq!(store.answer(&[filter], bounds(&store), NOW, BIG, &mut |_| true), (expected, MoreStored));
}

#[test]
fn an_ask_reads_what_it_is_told_to_and_has_one_limit() {
    let (store, notes) = filled();
    let never = Filter { kinds: Some(Vec::new()), ..Filter::default() };
    let early = Filter { until: Some(Timestamp(T + 4)), ..Filter::default() };
    let cases: &[(Filter, &[Filter], &[usize], Completeness)] = &[
        // Bob wrote 0, 2, 4, ...; the others are Alice's.
        (limit(3), &[authored(1, 1), authored(2, 1)], &[0, 1, 2], MoreStored),
        (limit(6), &[authored(1, 1)], &[1, 3, 5, 7, 9], Finished),
        (limit(2), &[authored(1, 1), authored(1, 5), authored(1, 1)], &[1, 3], MoreStored),
        // Where to look is not what to match.
        (authored(1, 6), &[limit(1)], &[1, 3, 5, 7, 9], Finished),
        (window(2, 7, None), &[early.clone(), authored(3, 1)], &[5, 6, 7], Finished),
        (window(5, 7, None), std::slice::from_ref(&early), &[], Finished),
        (limit(5), &[never], &[], Finished),
        (limit(0), std::slice::from_ref(&early), &[], Unknown),
    ];
    for (filter, within, expected, completeness) in cases {
        let ask = Ask { filter: filter.clone(), within: within.to_vec() };
        let answer = store.answer(&[ask], bounds(&store), NOW, BIG, &mut |_| true);
        let expected: Vec<_> = expected.iter().map(|&at| notes[at].id()).collect();
        assert_eq!(answer, (expected, *completeness), "{filter:?} within {within:?}");
    }
    // The two ranges are read, and not the one of all times: two seeks find out that nothing is there.
    let nobody = vec![authored(8, 1), authored(9, 1)];
    let ask = Ask { filter: Filter::default(), within: nobody };
    let step = Step { events_max: 10, scans_max: 2 };
    let progress = query([ask], bounds(&store))
        .advance(&store.store, NOW, step, &mut |_| true, &mut |_| ControlFlow::Continue(()));
    assert_eq!(progress.unwrap(), Progress::Done(Finished));
}

#[test]
fn a_window_is_gone_to_and_not_walked_to() {
    let (store, notes) = filled();
    let everybody = Some((1..=2).map(|n| Keys::from_seed(n).public()).collect::<Vec<_>>());
    // One range: the entry in the window and the end of it. Two ranges: one has an entry, the other none.
    for (mut authors, scans_max) in [(None, 2), (everybody, 3)] {
        if let Some(authors) = &mut authors {
            authors.sort_unstable();
        }
        let filter = Filter { authors, ..window(4, 4, None) };
        let (mut ids, mut query) = (Vec::new(), query(vec![filter], QueryBounds::unlimited(Seq(10))));
        let each = &mut |record: crate::RecordView<'_>| {
            ids.push(record.head().id);
            ControlFlow::Continue(())
        };
        let step = Step { events_max: 10, scans_max };
        let progress = query.advance(&store.store, NOW, step, &mut |_| true, each).unwrap();
        assert_eq!((ids, progress), (vec![notes[5].id()], Progress::Done(Finished)));
    }
}

#[test]
fn looking_for_one_more_match_is_given_up_after_a_while() {
    // Alice's notes, of which the asker may see the newest and another.
    let with_second_match_at = |place: u64| {
        let store = TestStore::new();
        let note = |n: u64| EventBuilder::new(1).created_at(T - n).sign(&Keys::from_seed(1));
        store.put_all(&(0..10_100).map(note).collect::<Vec<_>>());
        let see = &mut |record: &crate::RecordView<'_>| {
            let at = record.head().created_at.0;
            at == T || at == T - place
        };
        let (ids, completeness) = store.answer(&[authored(1, 1)], bounds(&store), NOW, BIG, see);
        assert_eq!(ids.len(), 1);
        completeness
    };
    assert_eq!(with_second_match_at(9_000), MoreStored);
    assert_eq!(with_second_match_at(10_050), Unknown);
}

#[test]
fn readers_see_one_commit_or_the_next_and_nothing_between() {
    YOUNG_BYTES.into_iter().for_each(check_readers);
}

fn check_readers(young_bytes_max: usize) {
    let store = TestStore::with_young_bytes(young_bytes_max);
    let version = |n| EventBuilder::new(0).created_at(T + n).sign(&Keys::from_seed(1));
    store.put(&version(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while store.store.last_seq().unwrap() < Seq(100) {
                    // The old version goes and the new one comes in the same moment.
                    assert_eq!(store.ids().len(), 1);
                }
            });
        }
        (1..100).for_each(|n| assert_eq!(store.put(&version(n)), super::support::stored(n + 1)));
    });
}

/// While entries settle under the readers' hands.
#[test]
fn readers_miss_nothing_that_was_there_when_they_began() {
    for young_bytes_max in [0, 8 << 10, 64 << 10] {
        let store = TestStore::with_young_bytes(young_bytes_max);
        let note = |n: u64| {
            let note = EventBuilder::new(1).created_at(T + n % 50).content(n.to_string());
            note.tag(&["t", "x"]).sign(&Keys::from_seed(n % 3))
        };
        let notes: Vec<_> = (0..600).map(note).collect();
        let filters = [
            Filter::default(),
            Filter { tags: tagged(&["x"]), ..Filter::default() },
            Filter { ids: Some(notes.iter().map(TestEvent::id).collect()), ..Filter::default() },
        ];
        std::thread::scope(|scope| {
            for mut filter in filters {
                let store = &store;
                filter.normalize();
                scope.spawn(move || {
                    let mut last = Seq(0);
                    while last < Seq(600) {
                        last = store.store.last_seq().unwrap();
                        let bounds = QueryBounds::unlimited(last);
                        let step = Step { events_max: 200, scans_max: 300 };
                        let (ids, _) = store.answer(&[filter.clone()], bounds, NOW, step, &mut |_| true);
                        assert_eq!(ids.len() as u64, last.0);
                    }
                });
            }
            notes.chunks(4).for_each(|batch| {
                store.put_all(batch);
            });
        });
        store.assert_sound();
    }
}

#[test]
fn counting_counts_each_match_once_and_knows_no_limit() {
    let (store, _) = filled();
    let mut counted = 0;
    let mut query = count(vec![limit(0), authored(1, 2)], Seq(10));
    let mut each = |_: crate::RecordView<'_>| {
        counted += 1;
        ControlFlow::Continue(())
    };
    let progress = query.advance(&store.store, NOW, BIG, &mut |_| true, &mut each).unwrap();
    assert_eq!((counted, progress), (10, Progress::Done(Finished)));
}
