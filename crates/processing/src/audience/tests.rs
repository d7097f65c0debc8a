use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Wake, Waker};

use chappe_testkit::{EventBuilder, Keys};

use super::*;

fn record(number: u64) -> Record {
    let event = EventBuilder::new(1).content(number.to_string()).sign(&Keys::from_seed(1));
    Record::new(&event.event(), event.json().as_bytes())
}

fn heard(inbox: &Inbox) -> Vec<(Token, Option<Seq>)> {
    let mut live = VecDeque::new();
    inbox.take_live(&mut live);
    live.into_iter().map(|live| (live.token, live.seq)).collect()
}

fn everything() -> Arc<[Filter]> {
    [Filter::default()].into()
}

/// Counts how often it is called, and what its inbox holds then.
struct Alarm {
    inbox: Arc<Inbox>,
    calls: AtomicUsize,
    heard: AtomicUsize,
}

impl Alarm {
    /// One that is set for a new inbox.
    fn set() -> Arc<Self> {
        let inbox = Arc::new(Inbox::new(1 << 20));
        let alarm = Arc::new(Self { inbox, calls: 0.into(), heard: 0.into() });
        let waker = Waker::from(Arc::clone(&alarm));
        assert!(alarm.inbox.poll_arrival(&mut Context::from_waker(&waker)).is_pending());
        alarm
    }

    fn seen(&self) -> [usize; 2] {
        [&self.calls, &self.heard].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.heard.fetch_add(heard(&self.inbox).len(), Ordering::Relaxed);
    }
}

#[test]
fn a_connection_belongs_to_one_shard_and_its_tokens_ascend() {
    let audience = Audience::new(4, Seq(0), Arc::default());
    let inboxes: Vec<_> = (0..8).map(|_| Arc::new(Inbox::new(1 << 20))).collect();
    let mut last = vec![None; 8];
    for _ in 0..5 {
        for (inbox, last) in inboxes.iter().zip(&mut last) {
            let token = audience.add(everything(), inbox);
            assert!(last.is_none_or(|before: Token| before < token && before.0 % 4 == token.0 % 4));
            *last = Some(token);
        }
    }
    assert_eq!(audience.len(), 40);
    for shard in &audience.shards {
        assert_eq!(shard.index.read().len(), 10, "they are dealt out evenly");
    }
}

#[test]
fn whoever_listens_in_any_shard_hears_until_it_is_removed() {
    let audience = Audience::new(3, Seq(0), Arc::default());
    assert!(!audience.tell(&record(0)), "nobody is there");
    let inboxes: Vec<_> = (0..5).map(|_| Arc::new(Inbox::new(1 << 20))).collect();
    let tokens: Vec<_> = inboxes.iter().map(|inbox| audience.add(everything(), inbox)).collect();
    assert!(audience.tell(&record(1)));
    for (inbox, token) in inboxes.iter().zip(&tokens) {
        assert_eq!(heard(inbox), [(*token, None)]);
        audience.remove(*token);
        audience.remove(*token);
    }
    assert_eq!(audience.len(), 0);
    assert!(!audience.tell(&record(2)));
    assert!(inboxes.iter().all(|inbox| heard(inbox).is_empty() && Arc::strong_count(inbox) == 1));
}

#[test]
fn a_connection_is_woken_once_for_all_events_of_a_commit() {
    let audience = Audience::new(1, Seq(0), Arc::default());
    let alarm = Alarm::set();
    for _ in 0..2 {
        audience.add(everything(), &alarm.inbox);
    }
    let events: Vec<_> = (1..=10).map(|number| (Some(Seq(number)), record(number))).collect();
    assert_eq!(audience.tell_shard(0, &events, Pace::AtOnce, &mut Teller::default()), 20);
    assert_eq!(alarm.seen(), [1, 20], "and finds all of them");
}

#[test]
fn an_ephemeral_event_wakes_those_too_who_are_held_back() {
    let audience = Audience::new(1, Seq(0), Arc::default());
    let alarm = Alarm::set();
    audience.add(everything(), &alarm.inbox);
    audience.tell_shard(0, &[(Some(Seq(1)), record(1))], Pace::Later, &mut Teller::default());
    assert_eq!(alarm.seen(), [0, 0]);
    assert!(audience.tell(&record(2)));
    assert_eq!(alarm.seen(), [1, 2], "and find both");
    audience.let_go(0);
    assert_eq!(alarm.seen(), [1, 2]);
}
