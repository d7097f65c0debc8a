use super::Offered::{Deleted, Duplicate, Ephemeral, Expired, Stored, Superseded};
use super::*;
use crate::{EventBuilder, Keys};

const NOW: u64 = 50;

fn event(kind: u16, seconds: u64) -> EventBuilder {
    EventBuilder::new(kind).created_at(seconds)
}

/// Offers the events in turn and compares each answer.
fn offer(steps: &[(&TestEvent, Offered)]) -> Model {
    let mut model = Model::new();
    for (step, (event, expected)) in steps.iter().enumerate() {
        assert_eq!(model.offer(event, NOW), *expected, "step {step}");
    }
    model
}

fn people() -> (Keys, Keys) {
    (Keys::from_seed(1), Keys::from_seed(2))
}

#[test]
fn duplicates_ephemeral_and_expired_events_are_not_kept() {
    let (alice, _) = people();
    let first = event(1, 10).sign(&alice);
    let mut model = offer(&[
        (&first, Stored),
        (&first, Duplicate),
        (&event(20_000, 10).sign(&alice), Ephemeral),
        (&event(1, 10).tag(&["expiration", "50"]).sign(&alice), Expired),
        (&event(1, 10).tag(&["expiration", "51"]).sign(&alice), Stored),
        (&event(1, 10).tag(&["expiration", "soon"]).sign(&alice), Stored),
    ]);
    assert_eq!(model.served(50).count(), 3);
    assert_eq!(model.served(51).count(), 2, "an event goes in the second it expires");
    model.sweep(51);
    assert_eq!(model.served(50).count(), 2);
}

#[test]
fn the_newest_version_stays_and_the_lowest_id_breaks_a_tie() {
    let (alice, bob) = people();
    let profile = |seconds, text: &str| event(0, seconds).content(text).sign(&alice);
    let (x, y) = (profile(20, "x"), profile(20, "y"));
    let (low, high) = if x.id() < y.id() { (x, y) } else { (y, x) };
    let state = |d: &str| event(30_078, 20).tag(&["d", d]).sign(&alice);
    let no_d = event(30_078, 21).sign(&alice);
    let model = offer(&[
        (&high, Stored),
        (&low, Stored),
        (&high, Superseded),
        (&profile(19, "older"), Superseded),
        (&event(0, 5).sign(&bob), Stored),
        (&state("a"), Stored),
        (&state("b"), Stored),
        (&state(""), Stored),
        (&no_d, Stored),
        (&state(""), Superseded),
    ]);
    let held: Vec<_> = model.served(NOW).map(TestEvent::id).collect();
    assert_eq!(held.len(), 5);
    assert!(held.contains(&low.id()) && held.contains(&no_d.id()) && !held.contains(&high.id()));
}

#[test]
fn an_expired_version_is_in_nobodys_way() {
    let alice = Keys::from_seed(1);
    let newest = event(0, 40).tag(&["expiration", "60"]).sign(&alice);
    let older = event(0, 30).sign(&alice);
    let mut model = offer(&[(&newest, Stored), (&older, Superseded)]);
    assert_eq!(model.offer(&older, 60), Stored);
    assert_eq!(model.offer(&newest, 59), Stored, "the older one has taken its place");
    assert_eq!(model.served(0).count(), 1);
}

#[test]
fn deletions_cover_their_authors_events_and_stay() {
    let (alice, bob) = people();
    let by_id = |target: &TestEvent, by: &Keys| event(5, 40).tag(&["e", &target.id().to_string()]).sign(by);
    let article = |seconds, d: &str| event(30_023, seconds).tag(&["d", d]).sign(&alice);
    let note = event(1, 45).sign(&alice);
    let deletion = by_id(&note, &alice);
    let address = format!("30023:{}:a", alice.hex());
    offer(&[
        (&note, Stored),
        (&by_id(&note, &bob), Stored),
        (&note, Duplicate),
        (&deletion, Stored),
        (&note, Deleted),
        (&by_id(&deletion, &alice), Stored),
        (&deletion, Duplicate),
        (&note, Deleted),
        (&article(50, "a"), Stored),
        (&article(50, "b"), Stored),
        (&event(5, 50).tag(&["a", &address]).sign(&bob), Stored),
        (&article(50, "a"), Duplicate),
        (&event(5, 50).tag(&["a", &address]).sign(&alice), Stored),
        (&article(50, "b"), Duplicate),
        (&article(50, "a"), Deleted),
        (&article(51, "a"), Stored),
    ]);
}

#[test]
fn recipients_may_delete_gift_wraps_and_vanishing_takes_everything() {
    let (alice, bob) = people();
    let wrapper = Keys::from_seed(3);
    let wrap = |seconds| event(1059, seconds).tag(&["p", &bob.hex()]).sign(&wrapper);
    let early = wrap(30);
    // Made after Bob vanishes, and deleted by him before.
    let promised = event(1, 70).sign(&bob);
    let deletion = event(5, 41).tag(&["e", &early.id().to_string()]).tag(&["e", &promised.id().to_string()]);
    let deletion = deletion.sign(&bob);
    let vanish = |seconds| event(62, seconds).tag(&["relay", "ALL_RELAYS"]).sign(&bob);
    let model = offer(&[
        (&early, Stored),
        (&event(5, 41).tag(&["e", &early.id().to_string()]).sign(&alice), Stored),
        (&early, Duplicate),
        (&deletion, Stored),
        (&early, Deleted),
        (&wrap(60), Stored),
        (&vanish(60), Stored),
        (&wrap(60), Deleted),
        (&deletion, Deleted),
        (&vanish(59), Deleted),
        (&early, Deleted),
        (&promised, Deleted),
        (&wrap(61), Stored),
        (&event(1, 60).sign(&bob), Deleted),
        (&event(1, 61).sign(&bob), Stored),
    ]);
    assert_eq!(model.served(NOW).count(), 4);
}
