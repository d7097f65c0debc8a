//! What becomes of each event, rule by rule.

use chappe_protocol::{EventId, Filter, Kind, Timestamp};
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::support::{NOW, TestStore, placement, record, stored};
use crate::Written::{Deleted, Duplicate, Superseded};
use crate::{Error, Placement, Seq, Write, Written};

const T: u64 = NOW.0;

fn alice() -> Keys {
    Keys::from_seed(1)
}

fn bob() -> Keys {
    Keys::from_seed(2)
}

fn note(content: &str) -> TestEvent {
    EventBuilder::new(1).content(content).sign(&alice())
}

/// A kind 5 of Alice's with these tags, made at `T + seconds`.
fn deletion(seconds: u64, tags: &[[&str; 2]]) -> TestEvent {
    let builder = EventBuilder::new(5).created_at(T + seconds);
    tags.iter().fold(builder, |builder, tag| builder.tag(tag)).sign(&alice())
}

fn vanish(created_at: u64, keys: &Keys) -> TestEvent {
    EventBuilder::new(62).created_at(created_at).tag(&["relay", "ALL_RELAYS"]).sign(keys)
}

fn hex(event: &TestEvent) -> String {
    event.id().to_string()
}

/// Offers the events one by one, and once more in one batch to another store: both must decide the same and be left
/// with the events at these places of the list.
#[track_caller]
fn check(offered: &[(&TestEvent, Written)], left: &[usize]) {
    let (single, batched) = (TestStore::new(), TestStore::new());
    let expected: Vec<_> = offered.iter().map(|&(_, written)| written).collect();
    let events = || offered.iter().map(|&(event, _)| event);
    let written: Vec<_> = events().map(|event| single.put(event)).collect();
    assert_eq!(written, expected, "one by one");
    assert_eq!(batched.put_all(events()), expected, "in one batch");
    let mut ids: Vec<_> = left.iter().map(|&at| offered[at].0.id()).collect();
    ids.sort_unstable();
    for store in [single, batched] {
        store.assert_sound();
        let store = store.reopened();
        let mut found = store.ids();
        found.sort_unstable();
        assert_eq!(found, ids);
        // What was refused as deleted is refused for ever.
        for (event, _) in offered.iter().filter(|&&(_, written)| written == Deleted) {
            assert_eq!(store.put(event), Deleted, "again after a restart");
        }
    }
}

#[test]
fn each_id_is_stored_once() {
    let (a, b) = (note("a"), note("b"));
    check(&[(&a, stored(1)), (&b, stored(2)), (&a, Duplicate), (&a, Duplicate)], &[0, 1]);
}

#[test]
fn what_is_stored_is_found_by_its_id() {
    let store = TestStore::new().reopened();
    assert_eq!((store.store.last_seq().unwrap(), store.store.usage().unwrap().events), (Seq(0), 0));
    store.put(&note("a"));
    assert_eq!((store.store.last_seq().unwrap(), store.store.usage().unwrap().events), (Seq(1), 1));
    assert!(store.store.contains(&note("a").id()).unwrap());
    assert!(!store.store.contains(&note("b").id()).unwrap());
    assert_eq!(store.store.write(&[], NOW).unwrap(), []);
}

#[test]
fn the_newest_version_of_a_replaceable_event_stays() {
    let version = |created_at, content: &str| {
        EventBuilder::new(0).created_at(created_at).content(content).sign(&alice())
    };
    let (old, new, other) = (version(T, "old"), version(T + 1, "new"), EventBuilder::new(3).sign(&alice()));
    let foreign = EventBuilder::new(0).sign(&bob());
    check(
        &[
            (&old, stored(1)),
            (&new, stored(2)),
            (&old, Superseded),
            (&other, stored(3)),
            (&foreign, stored(4)),
        ],
        &[1, 3, 4],
    );
    check(&[(&new, stored(1)), (&old, Superseded)], &[0]);
}

#[test]
fn of_equally_new_versions_the_lowest_id_stays() {
    for (kind, d) in [(10_002, ""), (30_023, "post")] {
        let version = |content: &str| EventBuilder::new(kind).tag(&["d", d]).content(content).sign(&alice());
        let (mut low, mut high) = (version("one"), version("two"));
        if low.id() > high.id() {
            (low, high) = (high, low);
        }
        check(&[(&high, stored(1)), (&low, stored(2))], &[1]);
        check(&[(&low, stored(1)), (&high, Superseded)], &[0]);
    }
}

#[test]
fn addressable_events_are_told_apart_by_their_d_tag() {
    let version =
        |seconds, d: &str| EventBuilder::new(30_023).created_at(T + seconds).tag(&["d", d]).sign(&alice());
    let long = "long ".repeat(50);
    let (a, b, a_new, empty, long_old, long_new) = (
        version(0, "a"),
        version(0, "b"),
        version(1, "a"),
        version(0, ""),
        version(2, &long),
        version(3, &long),
    );
    check(
        &[
            (&a, stored(1)),
            (&b, stored(2)),
            (&a_new, stored(3)),
            (&a, Superseded),
            (&empty, stored(4)),
            (&long_new, stored(5)),
            (&long_old, Superseded),
        ],
        &[1, 2, 4, 5],
    );
}

#[test]
fn no_d_tag_and_a_d_tag_without_value_count_as_an_empty_one() {
    let none = EventBuilder::new(30_023).sign(&alice());
    let empty = EventBuilder::new(30_023).created_at(T + 1).tag(&["d", ""]).sign(&alice());
    let bare = EventBuilder::new(30_023).created_at(T + 2).tag(&["d"]).tag(&["d", "x"]).sign(&alice());
    check(&[(&none, stored(1)), (&empty, stored(2)), (&bare, stored(3)), (&empty, Superseded)], &[2]);
}

#[test]
fn an_author_deletes_their_own_events_by_id() {
    let (own, foreign) = (note("own"), EventBuilder::new(1).sign(&bob()));
    let request =
        deletion(0, &[["e", &hex(&own)], ["e", &hex(&foreign)], ["e", "junk"], ["e", &"AB".repeat(32)]]);
    check(&[(&own, stored(1)), (&foreign, stored(2)), (&request, stored(3)), (&own, Deleted)], &[1, 2]);
    // The event comes after its deletion; another author's is not bound by it.
    check(&[(&request, stored(1)), (&own, Deleted), (&foreign, stored(2))], &[0, 2]);
}

#[test]
fn a_deletion_of_a_replaceable_version_by_id_leaves_no_version() {
    let version = |seconds| EventBuilder::new(0).created_at(T + seconds).sign(&alice());
    let (old, new) = (version(0), version(1));
    let request = deletion(5, &[["e", &hex(&new)]]);
    check(&[(&new, stored(1)), (&request, stored(2)), (&new, Deleted), (&old, stored(3))], &[1, 3]);
}

#[test]
fn a_deletion_cannot_be_deleted() {
    let (event, event_2) = (note("a"), note("b"));
    let first = deletion(0, &[["e", &hex(&event)]]);
    let second = deletion(1, &[["e", &hex(&first)], ["e", &hex(&event_2)]]);
    check(&[(&first, stored(1)), (&second, stored(2)), (&event, Deleted)], &[0, 1]);
    check(&[(&second, stored(1)), (&first, stored(2)), (&event, Deleted)], &[0, 1]);
}

#[test]
fn a_deletion_that_names_nothing_is_stored() {
    let event = note("a");
    check(
        &[(&event, stored(1)), (&deletion(0, &[]), stored(2)), (&deletion(1, &[["k", "1"]]), stored(3))],
        &[0, 1, 2],
    );
}

#[test]
fn an_address_is_deleted_up_to_the_time_of_the_deletion() {
    let article = |seconds| EventBuilder::new(30_023).created_at(T + seconds).tag(&["d", "x"]).sign(&alice());
    let profile = |seconds| EventBuilder::new(0).created_at(T + seconds).sign(&alice());
    let alice = alice().hex();
    let cases: [(&dyn Fn(u64) -> TestEvent, String); 2] =
        [(&article, format!("30023:{alice}:x")), (&profile, format!("0:{alice}:"))];
    for (version, address) in cases {
        let request = deletion(5, &[["a", &address]]);
        let (before, at, after) = (version(4), version(5), version(6));
        check(&[(&before, stored(1)), (&request, stored(2)), (&at, Deleted), (&after, stored(3))], &[1, 3]);
        check(&[(&at, stored(1)), (&request, stored(2)), (&before, Deleted)], &[1]);
        check(&[(&after, stored(1)), (&request, stored(2)), (&at, Deleted)], &[0, 1]);
        // An earlier deletion does not shorten a later one.
        let earlier = deletion(3, &[["a", &address]]);
        check(&[(&request, stored(1)), (&earlier, stored(2)), (&at, Deleted)], &[0, 1]);
    }
}

#[test]
fn an_address_that_is_not_the_authors_own_is_not_deleted() {
    let article = EventBuilder::new(30_023).tag(&["d", "x"]).sign(&bob());
    let profile = EventBuilder::new(0).sign(&alice());
    let own = EventBuilder::new(1).sign(&alice());
    let request = deletion(
        5,
        &[
            ["a", &format!("30023:{}:x", bob().hex())],
            ["a", &format!("0:{}:x", alice().hex())],
            ["a", &format!("1:{}:", alice().hex())],
            ["a", "junk"],
        ],
    );
    check(
        &[(&article, stored(1)), (&profile, stored(2)), (&own, stored(3)), (&request, stored(4))],
        &[0, 1, 2, 3],
    );
}

#[test]
fn a_gift_wrap_is_deleted_by_whom_it_is_for() {
    let throw_away = Keys::from_seed(99);
    let wrap = |to: &Keys| EventBuilder::new(1059).tag(&["p", &to.hex()]).sign(&throw_away);
    let (to_alice, to_bob) = (wrap(&alice()), wrap(&bob()));
    let mention = EventBuilder::new(1).tag(&["p", &alice().hex()]).sign(&bob());
    let request = deletion(0, &[["e", &hex(&to_alice)], ["e", &hex(&to_bob)], ["e", &hex(&mention)]]);
    check(
        &[
            (&to_alice, stored(1)),
            (&to_bob, stored(2)),
            (&mention, stored(3)),
            (&request, stored(4)),
            (&to_alice, Deleted),
        ],
        &[1, 2, 3],
    );
    check(
        &[(&request, stored(1)), (&to_alice, Deleted), (&to_bob, stored(2)), (&mention, stored(3))],
        &[0, 2, 3],
    );
}

#[test]
fn vanishing_removes_everything_until_then_and_keeps_it_away() {
    let by = |kind, created_at, keys: &Keys| EventBuilder::new(kind).created_at(created_at).sign(keys);
    let wrap = |at, to: &Keys| {
        EventBuilder::new(1059).created_at(at).tag(&["p", &to.hex()]).sign(&Keys::from_seed(99))
    };
    let (before, at, after) = (by(1, T, &alice()), by(0, T + 5, &alice()), by(1, T + 6, &alice()));
    let request = vanish(T + 5, &alice());
    let foreign = by(1, T, &bob());
    let old_deletion = deletion(1, &[["e", &hex(&before)]]);
    let (wrap_before, wrap_after, wrap_foreign) = (wrap(T, &alice()), wrap(T + 6, &alice()), wrap(T, &bob()));
    let mention = EventBuilder::new(1).tag(&["p", &alice().hex()]).sign(&bob());
    check(
        &[
            (&at, stored(1)),
            (&after, stored(2)),
            (&foreign, stored(3)),
            (&old_deletion, stored(4)),
            (&wrap_before, stored(5)),
            (&wrap_after, stored(6)),
            (&wrap_foreign, stored(7)),
            (&mention, stored(8)),
            (&request, stored(9)),
            (&before, Deleted),
            (&at, Deleted),
            (&old_deletion, Deleted),
            (&wrap_before, Deleted),
            (&request, Duplicate),
        ],
        &[1, 2, 5, 6, 7, 8],
    );
}

#[test]
fn a_request_to_vanish_stays_until_a_newer_one_takes_its_place() {
    let (early, late) = (vanish(T, &alice()), vanish(T + 5, &alice()));
    check(&[(&early, stored(1)), (&late, stored(2)), (&early, Deleted)], &[1]);
    check(&[(&late, stored(1)), (&early, Deleted)], &[0]);
    let request = deletion(9, &[["e", &hex(&late)]]);
    check(&[(&late, stored(1)), (&request, stored(2)), (&late, Duplicate)], &[0, 1]);
    check(&[(&request, stored(1)), (&late, stored(2))], &[0, 1]);
}

#[test]
fn vanishing_goes_on_over_many_chunks() {
    let store = TestStore::new();
    let events: Vec<_> =
        (0..2500_u64).map(|n| EventBuilder::new(1).created_at(T - n).sign(&alice())).collect();
    store.put_all(&events);
    store.put(&EventBuilder::new(1).sign(&bob()));
    assert_eq!(store.put(&vanish(T - 10, &alice())), stored(2502));
    assert_eq!(store.ids().len(), 12);
    store.assert_sound();
}

#[test]
fn numbers_are_never_used_again() {
    let store = TestStore::new();
    let event = note("a");
    store.put_all([&event, &deletion(0, &[["e", &hex(&event)]])]);
    store.put(&vanish(T + 5, &alice()));
    let store = store.reopened();
    assert_eq!(store.store.last_seq().unwrap(), Seq(3));
    assert_eq!(store.put(&EventBuilder::new(1).sign(&bob())), stored(4));
}

#[test]
fn a_number_of_a_batch_that_failed_is_not_given_again_while_the_store_is_open() {
    let store = TestStore::new();
    let (good, bad) = (record(&note("good")), record(&note("bad")));
    let good = Write { record: &good, placement: placement(&note("good")) };
    let batch = [good, Write { record: &bad, placement: Placement::Addressable }];
    assert!(matches!(store.store.write(&batch, NOW), Err(Error::Misplaced(_))));
    assert_eq!(store.store.last_seq().unwrap(), Seq(0));
    assert_eq!(store.put(&note("good")), stored(2));
    assert_eq!(store.reopened().put(&note("next")), stored(3));
}

#[test]
fn an_expired_event_is_served_until_its_second_and_swept_later() {
    let store = TestStore::new();
    let expiring = |at: u64| EventBuilder::new(1).tag(&["expiration", &at.to_string()]).sign(&alice());
    let (first, second, kept) = (expiring(T + 10), expiring(T + 20), note("kept"));
    store.put_all([&first, &second, &kept]);
    let served = |now| store.ask(&[Filter::default()], Timestamp(now)).len();
    assert_eq!((served(T + 9), served(T + 10), served(T + 19), served(T + 20)), (3, 2, 2, 1));
    let by_id = Filter { ids: Some(vec![first.id()]), ..Filter::default() };
    assert_eq!(store.ask(&[by_id], Timestamp(T + 10)), []);
    assert_eq!(store.store.sweep_expired(Timestamp(T + 9), 10).unwrap(), 0);
    assert_eq!(store.store.sweep_expired(Timestamp(T + 30), 1).unwrap(), 1);
    assert!(!store.store.contains(&first.id()).unwrap());
    assert!(store.store.contains(&second.id()).unwrap());
    assert_eq!(store.store.sweep_expired(Timestamp(T + 30), 10).unwrap(), 1);
    assert_eq!(store.store.sweep_expired(Timestamp(T + 30), 10).unwrap(), 0);
    assert_eq!(store.ids(), [kept.id()]);
    store.assert_sound();
}

#[test]
fn an_expired_version_is_in_nobodys_way() {
    let new =
        EventBuilder::new(0).created_at(T + 1).tag(&["expiration", &(T + 10).to_string()]).sign(&alice());
    let old = EventBuilder::new(0).sign(&alice());
    for is_swept in [true, false] {
        let store = TestStore::new();
        store.put(&new);
        assert_eq!(store.try_put_all([&old], Timestamp(T + 9)).unwrap(), [Superseded]);
        if is_swept {
            assert_eq!(store.store.sweep_expired(Timestamp(T + 10), 10).unwrap(), 1);
        }
        assert_eq!(store.try_put_all([&old], Timestamp(T + 10)).unwrap(), [stored(2)]);
        assert_eq!(store.ids(), [old.id()]);
        store.assert_sound();
    }
}

#[test]
fn a_placement_must_fit_the_kind() {
    let store = TestStore::new();
    let (profile, text) = (EventBuilder::new(0).sign(&alice()), note("a"));
    for (event, wrong) in
        [(&profile, Placement::Regular), (&text, Placement::Replaceable), (&text, Placement::Addressable)]
    {
        let (good, bad) = (record(&note("good")), record(event));
        let batch = [
            Write { record: &good, placement: placement(&note("good")) },
            Write { record: &bad, placement: wrong },
        ];
        let refused = store.store.write(&batch, NOW);
        assert!(matches!(refused, Err(Error::Misplaced(kind)) if kind == Kind(event.kind())), "{refused:?}");
    }
    assert_eq!(store.ids(), Vec::<EventId>::new());
}
