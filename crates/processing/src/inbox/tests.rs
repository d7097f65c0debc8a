use std::task::Context;

use chappe_testkit::{EventBuilder, Keys};

use super::*;

fn live(token: u64) -> Live {
    let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
    let record = Record::new(&event.event(), &[b'x'; 100]);
    Live { token: Token(token), seq: None, record, told_at: Reading::default() }
}

fn put(inbox: &Inbox, token: u64) -> Option<Waker> {
    match inbox.put_live(live(token), Pace::AtOnce) {
        Call::None => None,
        Call::Now(waker) => Some(waker),
        Call::Later => panic!("held back"),
    }
}

/// Puts one in that may be held back, and says whether it is.
fn put_later(inbox: &Inbox, token: u64) -> bool {
    match inbox.put_live(live(token), Pace::Later) {
        Call::None => false,
        Call::Now(_) => panic!("not held back"),
        Call::Later => true,
    }
}

fn is_signalled(inbox: &Inbox) -> bool {
    inbox.poll_arrival(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn tokens(inbox: &Inbox) -> Vec<u64> {
    let mut queue = VecDeque::new();
    inbox.take_live(&mut queue);
    queue.iter().map(|live| live.token.0).collect()
}

#[test]
fn it_signals_once_for_all_that_has_come() {
    let inbox = Inbox::new(1_000);
    assert!(!is_signalled(&inbox));
    assert!(inbox.put_outcome(Ticket(1), Outcome::Stored).is_some(), "whoever polled is to be woken");
    assert!(put(&inbox, 1).is_none(), "and only once");
    assert!(is_signalled(&inbox));
    assert!(!is_signalled(&inbox));
    assert_eq!(inbox.next_outcome(), Some((Ticket(1), Outcome::Stored)));
    assert_eq!(inbox.next_outcome(), None);
}

#[test]
fn live_events_count_until_they_are_released() {
    let inbox = Inbox::new(250);
    for token in [1, 2] {
        assert!(put(&inbox, token).is_none());
    }
    assert_eq!(tokens(&inbox), [1, 2]);
    inbox.release(100);
    assert!(put(&inbox, 3).is_none());
    assert_eq!(inbox.ending(), None, "100 + 100 bytes");
    assert!(put(&inbox, 4).is_none());
    assert_eq!(inbox.ending(), Some(Ending::Overflowed), "taken, and not released");
}

#[test]
fn watching_for_an_overflow_leaves_an_arrival_to_be_noticed() {
    let inbox = Inbox::new(150);
    let mut context = Context::from_waker(Waker::noop());
    assert!(inbox.poll_ending(&mut context).is_pending());
    assert!(put(&inbox, 1).is_some(), "whoever watches is woken");
    assert!(inbox.poll_ending(&mut context).is_pending());
    assert!(is_signalled(&inbox));
    assert!(put(&inbox, 2).is_some());
    assert!(inbox.poll_ending(&mut context).is_ready());
}

#[test]
fn an_overflowed_inbox_keeps_nothing_more() {
    let inbox = Inbox::new(150);
    for token in 0..3 {
        let _ = put(&inbox, token);
    }
    assert_eq!(inbox.ending(), Some(Ending::Overflowed));
    assert!(is_signalled(&inbox));
    inbox.release(1_000);
    let _ = put(&inbox, 9);
    assert_eq!(tokens(&inbox), [0; 0]);
    assert_eq!(inbox.ending(), Some(Ending::Overflowed), "for good");
}

#[test]
fn dismissed_inbox_says_why_once_and_for_all() {
    let inbox = Inbox::new(150);
    let mut context = Context::from_waker(Waker::noop());
    assert!(inbox.poll_ending(&mut context).is_pending());
    assert_eq!(inbox.dismissal(), None);
    let because = |reason: &str| Dismissal { reason: reason.to_owned() };
    inbox.dismiss(because("too loud"));
    inbox.dismiss(because("something else"));
    assert!(is_signalled(&inbox), "whoever waits for arrivals hears of it");
    assert_eq!(inbox.poll_ending(&mut context), Poll::Ready(Ending::Dismissed));
    assert_eq!(inbox.dismissal(), Some(because("too loud")));
}

#[test]
fn who_is_held_back_is_woken_once_for_all_when_let_go() {
    let inbox = Inbox::new(1_000);
    assert!(!is_signalled(&inbox));
    assert!(put_later(&inbox, 1), "somebody has to let it go");
    assert!(!put_later(&inbox, 2), "once");
    assert!(!is_signalled(&inbox), "a task that looks for other reasons goes on waiting");
    assert!(inbox.signal_held().is_some());
    assert!(is_signalled(&inbox));
    assert_eq!(tokens(&inbox), [1, 2]);
    assert!(inbox.signal_held().is_none());
    assert!(!is_signalled(&inbox));
    assert!(put_later(&inbox, 3), "and again");
}

#[test]
fn what_was_taken_meanwhile_wakes_nobody() {
    let inbox = Inbox::new(1_000);
    assert!(put_later(&inbox, 1));
    assert_eq!(tokens(&inbox), [1]);
    assert!(!is_signalled(&inbox));
    assert!(inbox.signal_held().is_none());
    assert!(!is_signalled(&inbox));
}

#[test]
fn whatever_else_arrives_waits_for_nothing_that_is_held_back() {
    let arrivals: [fn(&Inbox) -> bool; 3] = [
        |inbox| inbox.put_outcome(Ticket(1), Outcome::Stored).is_some(),
        |inbox| put(inbox, 2).is_some(),
        |inbox| {
            inbox.dismiss(Dismissal { reason: String::new() });
            true
        },
    ];
    for arrive in arrivals {
        let inbox = Inbox::new(1_000);
        assert!(!is_signalled(&inbox));
        assert!(put_later(&inbox, 1));
        assert!(arrive(&inbox), "the task is woken");
        assert!(!put_later(&inbox, 3), "and will find what comes until it looks");
        assert!(is_signalled(&inbox));
    }
}

#[test]
fn an_inbox_that_is_more_than_half_full_is_not_held_back() {
    let inbox = Inbox::new(250);
    assert!(!is_signalled(&inbox));
    assert!(put_later(&inbox, 1), "100 of 250 bytes");
    assert!(matches!(inbox.put_live(live(2), Pace::Later), Call::Now(_)), "200");
    assert!(is_signalled(&inbox));
    assert!(matches!(inbox.put_live(live(3), Pace::Later), Call::None), "nobody has waited since");
    assert_eq!(inbox.ending(), Some(Ending::Overflowed));
    assert!(is_signalled(&inbox));
}

#[test]
fn who_has_much_to_send_is_not_held_back() {
    let inbox = Inbox::new(1 << 20);
    assert!(!is_signalled(&inbox));
    let enough = HELD_BYTES_MAX as u64 / 100 + 1;
    let held: Vec<_> = (1..enough).map(|token| put_later(&inbox, token)).collect();
    assert_eq!(held.iter().filter(|held| **held).count(), 1);
    assert!(!is_signalled(&inbox));
    assert!(matches!(inbox.put_live(live(enough), Pace::Later), Call::Now(_)));
}
