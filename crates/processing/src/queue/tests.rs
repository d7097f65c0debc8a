use super::*;

fn inbox() -> Arc<Inbox> {
    Arc::new(Inbox::new(0))
}

fn woken(inbox: &Inbox) -> bool {
    inbox.poll_arrival(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
}

#[test]
fn a_full_queue_gives_no_room_and_wakes_the_asker_when_half_is_free() {
    let queue = Queue::new(100, Stopwatch::standing());
    let (asker, other) = (inbox(), inbox());
    let first = queue.reserve(60, &asker).unwrap();
    let second = queue.reserve(40, &asker).unwrap();
    assert!(queue.reserve(1, &asker).is_none());
    assert!(queue.reserve(1, &asker).is_none(), "asking twice is remembered once");
    assert!(!woken(&asker));
    drop(second);
    assert!(!woken(&asker), "60 of 100 bytes are still taken");
    drop(first);
    assert!(woken(&asker));
    assert!(!woken(&other), "who did not ask is left alone");
    assert!(queue.reserve(100, &asker).is_some());
}

#[test]
fn a_message_larger_than_the_bound_gets_an_empty_queue_to_itself() {
    let queue = Queue::new(10, Stopwatch::standing());
    let asker = inbox();
    let huge = queue.reserve(1_000, &asker).unwrap();
    assert!(queue.reserve(1, &asker).is_none());
    drop(huge);
    assert!(queue.reserve(1, &asker).is_some());
}

#[test]
fn a_stopped_queue_hands_out_no_more_than_it_holds() {
    let queue = Queue::new(10, Stopwatch::standing());
    queue.ask_for_sweep(Timestamp(5));
    assert!(matches!(queue.next(Vec::new(), None), Work::Sweep(Timestamp(5))));
    queue.stop();
    assert!(matches!(queue.next(Vec::new(), None), Work::Stop));
}

#[test]
fn an_empty_queue_says_so_to_who_does_not_wait_for_ever() {
    let queue = Queue::new(10, Stopwatch::standing());
    let patience = Some(Duration::from_millis(1));
    assert!(matches!(queue.next(Vec::new(), patience), Work::Rest));
    queue.ask_for_sweep(Timestamp(5));
    assert!(matches!(queue.next(Vec::new(), patience), Work::Sweep(Timestamp(5))));
}

/// Otherwise events that come without a pause would keep room from being made for them.
#[test]
fn evictions_and_writing_take_turns() {
    let queue = Queue::new(1_000, Stopwatch::standing());
    let evict = || queue.ask_to_evict(Eviction { ids: Vec::new(), done: Box::new(|_| ()) });
    let push = || {
        let event = chappe_testkit::EventBuilder::new(1).sign(&chappe_testkit::Keys::from_seed(1));
        let job = Job {
            record: Record::new(&event.event(), b""),
            placement: Placement::Regular,
            received_at: Timestamp(0),
            ticket: Ticket(0),
            publisher: inbox(),
            queued_at: queue.read_stopwatch(),
            _room: queue.reserve(1, &inbox()).unwrap(),
        };
        queue.push(job).map_err(|_| "the writer is gone").unwrap();
    };
    push();
    evict();
    queue.ask_for_sweep(Timestamp(5));
    assert!(matches!(queue.next(Vec::new(), None), Work::Write(_)));
    push();
    assert!(matches!(queue.next(Vec::new(), None), Work::Evict(_)));
    evict();
    assert!(matches!(queue.next(Vec::new(), None), Work::Write(_)));
    assert!(matches!(queue.next(Vec::new(), None), Work::Evict(_)));
    assert!(matches!(queue.next(Vec::new(), None), Work::Sweep(_)));
}
