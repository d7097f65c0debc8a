use chappe_counters::Stopwatch;

use super::*;

#[test]
fn what_an_event_goes_through_is_counted_and_measured() {
    let dir = TempDir::new().unwrap();
    let hooks = Hooks { stopwatch: Stopwatch::running(), ..Hooks::default() };
    let processor = start_with(&dir, 1 << 26, 1 << 24, hooks);
    let (publisher, listener) = (Arc::new(Inbox::new(1 << 20)), Arc::new(Inbox::new(1 << 20)));
    let filter = Filter { kinds: Some(vec![chappe_protocol::Kind(1)]), ..Filter::default() };
    processor.subscribe(Arc::from([filter]), &listener);
    for (ticket, kind) in [1, 1, 7].into_iter().enumerate() {
        let event = EventBuilder::new(kind).content(ticket.to_string()).sign(&Keys::from_seed(1));
        assert_eq!(submit(&processor, &publisher, ticket as u64, &event), Submitted::Queued);
        outcomes(&publisher, 1);
    }
    assert!(processor.has_writer() && processor.stored_last());
    processor.stop();
    assert!(!processor.has_writer());
    let Snapshot { waiting, committing, matching, .. } = processor.snapshot();
    // One after the other, so each has a commit of its own.
    for sums in [waiting, committing, matching] {
        assert_eq!(sums.count(), 3);
        assert!(sums.total > Duration::ZERO);
    }
    let Snapshot { events_batched, matches, queued_events, queued_bytes, subscriptions, .. } =
        processor.snapshot();
    assert_eq!((events_batched, matches, subscriptions), (3, 2, 1));
    assert_eq!((queued_events, queued_bytes), (0, 0));
}

#[test]
fn what_waits_is_seen() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let asker = Arc::new(Inbox::new(0));
    let room = processor.reserve(700, &asker);
    assert_eq!(processor.snapshot().queued_bytes, 700);
    drop(room);
    assert_eq!(processor.snapshot().queued_bytes, 0);
}
