use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use chappe_protocol::Filter;
use chappe_testkit::{EventBuilder, Keys};

use super::*;
use crate::Inbox;

fn records(count: u64) -> Vec<(Seq, Record)> {
    let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
    let record = Record::new(&event.event(), event.json().as_bytes());
    (1..=count).map(|seq| (Seq(seq), record.clone())).collect()
}

/// Connections that hear everything, dealt over four shards in turn.
fn crowd(connections: usize) -> (Arc<Audience>, Vec<Arc<Inbox>>) {
    let audience = Arc::new(Audience::new(4, Seq(0), Arc::default()));
    let inboxes: Vec<_> = (0..connections).map(|_| Arc::new(Inbox::new(1 << 20))).collect();
    for inbox in &inboxes {
        audience.add([Filter::default()].into(), inbox);
    }
    (audience, inboxes)
}

fn seqs(inbox: &Inbox) -> Vec<Option<Seq>> {
    let mut live = VecDeque::new();
    inbox.take_live(&mut live);
    live.into_iter().map(|live| live.seq).collect()
}

/// Does something when its connection is woken, in the thread that tells.
struct Act<F>(F);

impl<F: Fn() + Send + Sync> Wake for Act<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn when_woken(inbox: &Inbox, act: impl Fn() + Send + Sync + 'static) {
    let waker = Waker::from(Arc::new(Act(act)));
    assert!(inbox.poll_arrival(&mut Context::from_waker(&waker)).is_pending());
}

#[test]
fn everybody_hears_each_commit_once_and_in_order() {
    for helpers in [0, 1, 3] {
        let (audience, inboxes) = crowd(300);
        let mut herald = Herald::start(audience, helpers).unwrap();
        let events = records(50);
        for commit in [&events[..1], &events[1..1], &events[1..30], &events[30..]] {
            herald.tell(commit.iter().cloned(), Pace::AtOnce);
        }
        let expected: Vec<_> = events.iter().map(|(seq, _)| Some(*seq)).collect();
        assert!(inboxes.iter().all(|inbox| seqs(inbox) == expected), "{helpers} helpers");
        assert!(herald.round.commit.read().events.is_empty(), "no event is kept");
    }
}

/// Who is in the second shard does not let go until the third is told, so it takes two threads.
#[test]
fn where_much_is_to_be_told_another_thread_helps() {
    let (audience, inboxes) = crowd(4 * HELP_FROM);
    let third = Arc::clone(&inboxes[2]);
    let together = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&together);
    when_woken(&inboxes[1], move || {
        let started = Instant::now();
        while !seen.load(Ordering::Relaxed) && started.elapsed() < Duration::from_secs(20) {
            seen.store(!seqs(&third).is_empty(), Ordering::Relaxed);
            std::thread::yield_now();
        }
    });
    let mut herald = Herald::start(audience, 1).unwrap();
    herald.tell(records(1).into_iter(), Pace::AtOnce);
    assert!(together.load(Ordering::Relaxed));
}

#[test]
fn a_panic_while_telling_ends_the_caller_whoever_it_happens_to() {
    for shard in 0..4 {
        let (audience, inboxes) = crowd(4 * HELP_FROM);
        when_woken(&inboxes[shard], || panic!("on purpose"));
        let mut herald = Herald::start(audience, 1).unwrap();
        let told = catch_unwind(AssertUnwindSafe(|| herald.tell(records(1).into_iter(), Pace::AtOnce)));
        assert!(told.is_err(), "shard {shard}");
    }
}

/// Whoever is told in several rounds is woken in the one that ends it, whichever way that is.
#[test]
fn who_is_held_back_is_woken_once_whatever_lets_go() {
    for end in ["a commit", "an empty commit", "a pause", "the end"] {
        for helpers in [0, 1] {
            let (audience, inboxes) = crowd(HELP_FROM);
            let woken = Arc::new(AtomicUsize::new(0));
            for inbox in &inboxes {
                let woken = Arc::clone(&woken);
                when_woken(inbox, move || {
                    woken.fetch_add(1, Ordering::Relaxed);
                });
            }
            let mut herald = Herald::start(audience, helpers).unwrap();
            for _ in 0..3 {
                herald.tell(records(2).into_iter(), Pace::Later);
                herald.tell(records(0).into_iter(), Pace::Later);
            }
            assert_eq!(woken.load(Ordering::Relaxed), 0, "{end}, {helpers} helpers");
            assert!(inboxes.iter().all(|inbox| Arc::strong_count(inbox) == 3), "each is held back once");
            let mut herald = Some(herald);
            match (end, &mut herald) {
                ("a commit", Some(herald)) => herald.tell(records(1).into_iter(), Pace::AtOnce),
                ("an empty commit", Some(herald)) => herald.tell(records(0).into_iter(), Pace::AtOnce),
                ("a pause", Some(herald)) => herald.let_go(),
                _ => herald = None,
            }
            assert_eq!(woken.load(Ordering::Relaxed), inboxes.len(), "{end}, {helpers} helpers");
            assert!(inboxes.iter().all(|inbox| seqs(inbox).len() >= 6));
            drop(herald);
            assert!(inboxes.iter().all(|inbox| Arc::strong_count(inbox) == 1), "nobody is kept");
        }
    }
}

#[test]
fn who_is_held_back_is_woken_by_a_commit_for_others() {
    let audience = Arc::new(Audience::new(1, Seq(0), Arc::default()));
    let inbox = Arc::new(Inbox::new(1 << 20));
    let token = audience.add([Filter::default()].into(), &inbox);
    audience.add([Filter::default()].into(), &Arc::new(Inbox::new(1 << 20)));
    let woken = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&woken);
    when_woken(&inbox, move || seen.store(true, Ordering::Relaxed));
    let mut herald = Herald::start(Arc::clone(&audience), 0).unwrap();
    herald.tell(records(1).into_iter(), Pace::Later);
    audience.remove(token);
    assert!(!woken.load(Ordering::Relaxed));
    herald.tell(records(1).into_iter(), Pace::AtOnce);
    assert!(woken.load(Ordering::Relaxed));
    assert_eq!(seqs(&inbox).len(), 1, "the commit before");
}
