//! Events that wait for somebody else's word.

use std::sync::mpsc::{self, Receiver};

use chappe_authorization::{Check, Delay, Mode, Peer, Plugin, Settings, Strangers};

use super::*;

/// A processor whose checks wait in the channel for the test to decide.
fn start_asking(dir: &TempDir, queue_bytes_max: usize) -> (Processor, Receiver<Awaiting>) {
    let (sender, asked) = mpsc::channel();
    let checker: Checker = Box::new(move |awaiting| sender.send(awaiting).unwrap());
    let hooks = Hooks { checker, ..Hooks::default() };
    (start_with(dir, 1 << 26, queue_bytes_max, hooks), asked)
}

fn next(asked: &Receiver<Awaiting>) -> Awaiting {
    asked.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// Submits by a client, to a relay with a plugin.
fn submit_checked(processor: &Processor, inbox: &Arc<Inbox>, ticket: u64, event: &TestEvent) -> Submitted {
    let access = Access::new(Settings { plugin: Plugin::Asked, ..Settings::default() });
    submit_by(processor, inbox, ticket, event, (&access, Source::Client(&Peer::default())))
}

fn note(text: &str) -> TestEvent {
    EventBuilder::new(1).content(text).sign(&Keys::from_seed(1))
}

#[test]
fn each_word_has_its_outcome() {
    let dir = TempDir::new().unwrap();
    let (processor, asked) = start_asking(&dir, 1 << 24);
    let inbox = Arc::new(Inbox::new(0));
    let rejected = Outcome::Rejected(crate::Rejection::new("pow: 20 bits"));
    let failed = Outcome::Failed(Failure::Check);
    type Word = fn(Awaiting);
    let table: [(Word, Outcome, bool); 5] = [
        (Awaiting::accept, Outcome::Stored, true),
        (|awaiting| awaiting.reject("pow: 20 bits"), rejected, false),
        (Awaiting::shadow, Outcome::Shadowed, false),
        (Awaiting::fail, failed.clone(), false),
        (drop, failed, false),
    ];
    for (ticket, (word, outcome, stored)) in table.into_iter().enumerate() {
        let event = note(&ticket.to_string());
        let submitted = submit_checked(&processor, &inbox, ticket as u64, &event);
        assert_eq!(submitted, Submitted::Queued);
        let awaiting = next(&asked);
        assert_eq!(awaiting.record().json(), event.json().as_bytes());
        assert_eq!(awaiting.received_at(), NOW);
        assert_eq!(processor.has(&event.id()), Ok(false), "nothing is stored before the word");
        assert!(inbox.next_outcome().is_none());
        word(awaiting);
        assert_eq!(outcomes(&inbox, 1), [outcome]);
        assert_eq!(processor.has(&event.id()), Ok(stored));
    }
}

#[test]
fn the_answers_are_those_that_clients_read() {
    let text = |outcome: Outcome| outcome.answer().map_err(|refusal| refusal.to_string());
    assert_eq!(text(Outcome::Shadowed), Ok(""));
    let rejected = Outcome::Rejected(crate::Rejection::new("not you"));
    assert_eq!(text(rejected), Err("blocked: not you".to_owned()));
    let failed = "error: the relay could not check this event, try again later";
    assert_eq!(text(Outcome::Failed(Failure::Check)), Err(failed.to_owned()));
}

#[test]
fn without_a_checker_every_check_fails() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let inbox = Arc::new(Inbox::new(0));
    let event = note("");
    assert_eq!(submit_checked(&processor, &inbox, 0, &event), Submitted::Queued);
    assert_eq!(outcomes(&inbox, 1), [Outcome::Failed(Failure::Check)]);
    assert_eq!(processor.has(&event.id()), Ok(false));
}

#[test]
fn an_event_that_waits_holds_up_no_other_and_takes_no_room() {
    let dir = TempDir::new().unwrap();
    let (processor, asked) = start_asking(&dir, 600);
    let inbox = Arc::new(Inbox::new(0));
    let waits: Vec<_> = (0..10).map(|n| note(&format!("waits {n}"))).collect();
    for (ticket, event) in waits.iter().enumerate() {
        // Larger together than the queue: `submit` fails when there is no room.
        submit_checked(&processor, &inbox, ticket as u64, event);
    }
    submit(&processor, &inbox, 10, &note("passes"));
    assert_eq!(outcomes(&inbox, 1), [Outcome::Stored]);
    let waiting: Vec<_> = asked.try_iter().collect();
    assert_eq!(waiting.len(), 10);
    // In any order, and more than the queue's bound at once.
    waiting.into_iter().rev().for_each(Awaiting::accept);
    assert_eq!(outcomes(&inbox, 10), vec![Outcome::Stored; 10]);
    // The writer gives it back after its answers.
    until("all room is given back", || processor.reserve(600, &inbox).is_some());
}

#[test]
fn an_ephemeral_event_is_delivered_when_it_is_accepted() {
    let dir = TempDir::new().unwrap();
    let (processor, asked) = start_asking(&dir, 1 << 24);
    let (inbox, listener) = (Arc::new(Inbox::new(0)), Arc::new(Inbox::new(1 << 20)));
    processor.subscribe(Arc::from([Filter::default()]), &listener);
    let event = EventBuilder::new(20_000).sign(&Keys::from_seed(1));
    let words: [fn(Awaiting); 2] = [Awaiting::shadow, Awaiting::accept];
    for (ticket, word) in words.into_iter().enumerate() {
        submit_checked(&processor, &inbox, ticket as u64, &event);
        word(next(&asked));
    }
    assert_eq!(outcomes(&inbox, 2), [Outcome::Shadowed, Outcome::Heard]);
    let mut live = std::collections::VecDeque::new();
    listener.take_live(&mut live);
    assert_eq!(live.len(), 1, "the one that was accepted");
}

#[test]
fn a_word_that_comes_after_the_end_is_told() {
    let dir = TempDir::new().unwrap();
    let (processor, asked) = start_asking(&dir, 1 << 24);
    let inbox = Arc::new(Inbox::new(0));
    submit_checked(&processor, &inbox, 0, &note(""));
    let awaiting = next(&asked);
    processor.stop();
    awaiting.accept();
    assert_eq!(outcomes(&inbox, 1), [Outcome::Failed(Failure::Stopping)]);
}

#[test]
fn the_checker_is_told_who_brought_it() {
    let dir = TempDir::new().unwrap();
    let (processor, asked) = start_asking(&dir, 1 << 24);
    let inbox = Arc::new(Inbox::new(0));
    let access = Access::new(Settings { plugin: Plugin::Asked, ..Settings::default() });
    let mut peer = Peer { address: Some([192, 0, 2, 7].into()), ..Peer::default() };
    let keys = [Keys::from_seed(8).public(), Keys::from_seed(9).public()];
    for key in keys {
        peer.viewer.add(key).unwrap();
    }
    submit_by(&processor, &inbox, 0, &note(""), (&access, Source::Client(&peer)));
    let awaiting = next(&asked);
    assert_eq!(awaiting.checks(), [Check::Plugin]);
    assert_eq!(awaiting.signed_in(), keys);
    assert_eq!(awaiting.address(), peer.address);
    assert!(awaiting.delay().is_zero());
}

#[test]
fn a_delay_alone_is_something_to_wait_for() {
    let dir = TempDir::new().unwrap();
    let (processor, asked) = start_asking(&dir, 1 << 24);
    let inbox = Arc::new(Inbox::new(0));
    let delay = Delay { step: Duration::from_millis(7), max: Duration::from_secs(1) };
    let mode = Mode::Follows(Strangers::Delay(delay));
    let access = Access::new(Settings { mode, ..Settings::default() });
    let stranger = Source::Client(&Peer::default());
    submit_by(&processor, &inbox, 0, &note("delayed"), (&access, stranger));
    let awaiting = next(&asked);
    assert_eq!((awaiting.delay(), awaiting.checks()), (delay.step, &[][..]));
    awaiting.accept();
    assert_eq!(outcomes(&inbox, 1), [Outcome::Stored]);
}
