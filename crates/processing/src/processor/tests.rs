use std::time::{Duration, Instant};

use chappe_authorization::{Access, Meters, Source, authorize};
use chappe_buffers::Bounds;
use chappe_routing::{Desks, route};
use chappe_store::Options;
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Rules, Verifier};
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn start(dir: &TempDir, map_bytes: usize) -> Processor {
    start_with(dir, map_bytes, 1 << 24, Hooks::default())
}

fn start_with(dir: &TempDir, map_bytes: usize, queue_bytes_max: usize, hooks: Hooks) -> Processor {
    let options = Options { map_bytes, map_reserve_bytes: 1 << 20, ..Options::default() };
    let store = Arc::new(Store::open(dir.path(), &options).unwrap());
    let buffers = Pool::new(Bounds { kept_bytes_max: 1 << 18, thread_bytes_max: 1 << 16 });
    Processor::start(store, buffers, queue_bytes_max, NonZeroUsize::new(2).unwrap(), hooks).unwrap()
}

fn submit(processor: &Processor, inbox: &Arc<Inbox>, ticket: u64, event: &TestEvent) -> Submitted {
    submit_by(processor, inbox, ticket, event, (&Access::default(), Source::Operator))
}

/// Submits what is brought like this, by these rules.
fn submit_by(
    processor: &Processor,
    inbox: &Arc<Inbox>,
    ticket: u64,
    event: &TestEvent,
    (access, source): (&Access, Source<'_>),
) -> Submitted {
    let rules = Rules::import();
    let verified = Verifier::new().verify(event.event(), &rules, NOW, &mut Vec::new()).unwrap();
    let bytes = event.json().len();
    let permit = authorize(access, &Meters::default(), verified, source, bytes, NOW).unwrap();
    let room = processor.reserve(bytes, inbox).unwrap();
    let route = route(event.head().kind, Desks::default());
    processor.process(&permit, route, NOW, room, (inbox, Ticket(ticket)), source)
}

/// Waits for what the writer's thread is going to do.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}: not yet");
        std::thread::yield_now();
    }
}

/// Waits for so many outcomes, in order of their tickets.
fn outcomes(inbox: &Inbox, count: usize) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    until("all outcomes have come", || {
        outcomes.extend(inbox.next_outcome());
        outcomes.len() == count
    });
    outcomes.sort_unstable_by_key(|&(ticket, _)| ticket);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[test]
fn what_is_stored_is_found_and_told_to_who_listens() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let (publisher, listener) = (Arc::new(Inbox::new(1 << 20)), Arc::new(Inbox::new(1 << 20)));
    let (token, hand_over) = processor.subscribe(Arc::from([Filter::default()]), &listener);
    let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
    assert_eq!(processor.has(&event.id()), Ok(false));
    assert_eq!(submit(&processor, &publisher, 0, &event), Submitted::Queued);
    assert_eq!(submit(&processor, &publisher, 1, &event), Submitted::Queued);
    assert_eq!(outcomes(&publisher, 2), [Outcome::Stored, Outcome::Duplicate]);
    assert_eq!(processor.has(&event.id()), Ok(true));
    processor.stop();
    let mut live = std::collections::VecDeque::new();
    listener.take_live(&mut live);
    assert_eq!(live.len(), 1, "the duplicate is not told");
    assert_eq!((live[0].token, live[0].seq), (token, Some(processor.committed())));
    assert!(live[0].seq > Some(hand_over));
    assert_eq!(live[0].record.json(), event.json().as_bytes());
    processor.unsubscribe(token);
    assert_eq!(processor.subscriptions(), 0);
}

#[test]
fn ephemeral_events_pass_without_the_store() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let inbox = Arc::new(Inbox::new(1 << 20));
    let event = EventBuilder::new(20_000).sign(&Keys::from_seed(1));
    assert_eq!(submit(&processor, &inbox, 0, &event), Submitted::Done(Outcome::Unheard));
    let kinds = Some(vec![chappe_protocol::Kind(20_000)]);
    processor.subscribe(Arc::from([Filter { kinds, ..Filter::default() }]), &inbox);
    assert_eq!(submit(&processor, &inbox, 1, &event), Submitted::Done(Outcome::Heard));
    assert_eq!(processor.has(&event.id()), Ok(false));
}

#[test]
fn an_event_that_does_not_fit_takes_no_other_down() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 4 << 20);
    let inbox = Arc::new(Inbox::new(0));
    let keys = Keys::from_seed(1);
    let small: Vec<_> = (0..20).map(|n| EventBuilder::new(1).content(n.to_string()).sign(&keys)).collect();
    let huge = EventBuilder::new(1).content("x".repeat(3 << 20)).sign(&keys);
    for (ticket, event) in small.iter().chain([&huge]).enumerate() {
        submit(&processor, &inbox, ticket as u64, event);
    }
    let outcomes = outcomes(&inbox, 21);
    assert_eq!(outcomes[..20], vec![Outcome::Stored; 20]);
    assert_eq!(outcomes[20], Outcome::Failed(Failure::Full));
    assert_eq!(processor.has(&small[19].id()), Ok(true));
}

#[test]
fn stopping_commits_what_has_queued_and_refuses_the_rest() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let inbox = Arc::new(Inbox::new(0));
    let keys = Keys::from_seed(1);
    let events: Vec<_> = (0..50).map(|n| EventBuilder::new(1).content(n.to_string()).sign(&keys)).collect();
    for (ticket, event) in events.iter().enumerate() {
        submit(&processor, &inbox, ticket as u64, event);
    }
    processor.stop();
    assert_eq!(outcomes(&inbox, 50), vec![Outcome::Stored; 50]);
    let late = EventBuilder::new(1).content("late").sign(&keys);
    let refused = Submitted::Done(Outcome::Failed(Failure::Stopping));
    assert_eq!(submit(&processor, &inbox, 50, &late), refused);
}

#[test]
fn expired_events_are_swept() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let inbox = Arc::new(Inbox::new(0));
    let at = (NOW.0 + 60).to_string();
    let event = EventBuilder::new(1).tag(&["expiration", &at]).sign(&Keys::from_seed(1));
    submit(&processor, &inbox, 0, &event);
    assert_eq!(outcomes(&inbox, 1), [Outcome::Stored]);
    processor.sweep_expired(NOW);
    processor.sweep_expired(NOW.plus_seconds(60));
    until("it is swept", || processor.has(&event.id()) == Ok(false));
}

mod allocations;
mod checks;
mod commits;
mod counts;
mod crowd;
mod hook;

#[test]
fn what_is_evicted_is_gone_when_it_is_told_and_may_come_again() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let inbox = Arc::new(Inbox::new(1 << 20));
    let event = |n: u64| EventBuilder::new(1).created_at(NOW.0 - n).sign(&Keys::from_seed(1));
    assert_eq!(processor.take_oldest_stored(), None);
    for n in 0..3 {
        submit(&processor, &inbox, n, &event(n));
    }
    assert_eq!(outcomes(&inbox, 3), vec![Outcome::Stored; 3]);
    assert_eq!(processor.take_oldest_stored(), Some(Timestamp(NOW.0 - 2)));
    assert_eq!(processor.take_oldest_stored(), None);
    let (told, hears) = std::sync::mpsc::channel();
    let ids = vec![event(0).id(), event(2).id(), event(9).id()];
    processor.evict(ids, Box::new(move |removed| told.send(removed).unwrap()));
    assert_eq!(hears.recv().unwrap(), Ok(2));
    let has = |n| processor.has(&event(n).id()).unwrap();
    assert_eq!([has(0), has(1), has(2)], [false, true, false]);
    submit(&processor, &inbox, 3, &event(0));
    assert_eq!(outcomes(&inbox, 1), [Outcome::Stored]);
    // Nobody is left to do it, and nobody is told.
    processor.stop();
    let (told, hears) = std::sync::mpsc::channel::<Result<usize, Failure>>();
    processor.evict(vec![event(1).id()], Box::new(move |removed| told.send(removed).unwrap()));
    drop(processor);
    assert!(hears.recv().is_err());
}
