use std::task::Context;

use chappe_testkit::{EventBuilder, Keys};

use super::*;

fn live(token: u64) -> Live {
    let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
    let record = Record::new(&event.event(), &[b'x'; 100]);
    Live { token: Token(token), seq: None, record, told_at: Reading::default() }
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
    assert!(inbox.put_live(live(1)).is_none(), "and only once");
    assert!(is_signalled(&inbox));
    assert!(!is_signalled(&inbox));
    assert_eq!(inbox.next_outcome(), Some((Ticket(1), Outcome::Stored)));
    assert_eq!(inbox.next_outcome(), None);
}

#[test]
fn live_events_count_until_they_are_released() {
    let inbox = Inbox::new(250);
    for token in [1, 2] {
        assert!(inbox.put_live(live(token)).is_none());
    }
    assert_eq!(tokens(&inbox), [1, 2]);
    inbox.release(100);
    assert!(inbox.put_live(live(3)).is_none());
    assert_eq!(inbox.ending(), None, "100 + 100 bytes");
    assert!(inbox.put_live(live(4)).is_none());
    assert_eq!(inbox.ending(), Some(Ending::Overflowed), "taken, and not released");
}

#[test]
fn watching_for_an_overflow_leaves_an_arrival_to_be_noticed() {
    let inbox = Inbox::new(150);
    let mut context = Context::from_waker(Waker::noop());
    assert!(inbox.poll_ending(&mut context).is_pending());
    assert!(inbox.put_live(live(1)).is_some(), "whoever watches is woken");
    assert!(inbox.poll_ending(&mut context).is_pending());
    assert!(is_signalled(&inbox));
    assert!(inbox.put_live(live(2)).is_some());
    assert!(inbox.poll_ending(&mut context).is_ready());
}

#[test]
fn an_overflowed_inbox_keeps_nothing_more() {
    let inbox = Inbox::new(150);
    for token in 0..3 {
        let _ = inbox.put_live(live(token));
    }
    assert_eq!(inbox.ending(), Some(Ending::Overflowed));
    assert!(is_signalled(&inbox));
    inbox.release(1_000);
    let _ = inbox.put_live(live(9));
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
