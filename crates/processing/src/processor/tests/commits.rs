//! What shares a commit, and what is told together.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::task::{Context, Waker};

use chappe_protocol::Kind;

use super::*;

/// While one batch is on its way, what others publish gathers; then one commit takes all of it.
#[test]
fn publishers_share_the_commit_after_the_one_that_is_running() {
    let dir = TempDir::new().unwrap();
    let (entered, entering) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    // It runs between the commit and the answers: while it waits, the writer takes nothing new.
    let after_save = move |_: &chappe_store::RecordView<'_>| {
        entered.send(()).unwrap();
        // Once the test has seen enough, nobody waits any more.
        let _ = released.lock().recv();
    };
    let hooks = Hooks { after_save: Box::new(after_save), ..Hooks::default() };
    let processor = start_with(&dir, 1 << 26, 1 << 24, hooks);
    let commits = || processor.store.usage().unwrap().commits;
    let event = |seed: u64| EventBuilder::new(1).sign(&Keys::from_seed(seed));
    let publishers: Vec<_> = (0..3).map(|_| Arc::new(Inbox::new(0))).collect();

    let before = commits();
    submit(&processor, &publishers[0], 0, &event(1));
    entering.recv().unwrap();
    assert_eq!(commits(), before + 1, "one that comes alone waits for nobody");
    submit(&processor, &publishers[1], 0, &event(2));
    submit(&processor, &publishers[2], 0, &event(3));
    drop(release);
    for publisher in &publishers {
        assert_eq!(outcomes(publisher, 1), [Outcome::Stored]);
    }
    assert_eq!(commits(), before + 2, "the two others share one");
}

/// Nothing comes after the last commit of a burst: whoever was held back for it is woken all the same.
#[test]
fn the_last_events_of_a_burst_wake_those_who_listen() {
    let dir = TempDir::new().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let passed = Arc::clone(&gate);
    let after_save = move |_: &chappe_store::RecordView<'_>| drop(passed.lock());
    let hooks = Hooks { after_save: Box::new(after_save), ..Hooks::default() };
    let processor = start_with(&dir, 1 << 26, 1 << 24, hooks);
    let (publisher, listener) = (Arc::new(Inbox::new(0)), Arc::new(Inbox::new(1 << 24)));
    let notes = Some(vec![Kind(1)]);
    processor.subscribe(Arc::from([Filter { kinds: notes, ..Filter::default() }]), &listener);
    let keys = Keys::from_seed(1);
    let (mut live, mut arrived) = (VecDeque::new(), VecDeque::new());
    for burst in 1..=10 {
        let closed = gate.lock();
        // The first is alone in its commit, and nobody listens for it.
        for number in 0..30 {
            let event = EventBuilder::new(if number == 0 { 2 } else { 1 })
                .content(format!("{burst}, {number}"))
                .sign(&keys);
            submit(&processor, &publisher, number, &event);
        }
        // One commit takes the first, the next one all that have come meanwhile.
        drop(closed);
        assert_eq!(outcomes(&publisher, 30), vec![Outcome::Stored; 30]);
        until("the listener is woken for all of them", || {
            // Like a session it looks only when it is told to.
            if listener.poll_arrival(&mut Context::from_waker(Waker::noop())).is_ready() {
                listener.take_live(&mut arrived);
                live.append(&mut arrived);
            }
            live.len() == burst * 29
        });
    }
}
