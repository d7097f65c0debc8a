//! What telling subscribers costs the writer thread, in allocations.

use std::collections::VecDeque;
use std::sync::mpsc;

use chappe_testkit::{CountingAllocator, allocations_so_far};

use super::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const EVENTS: usize = 60;

/// Allocations of the writer thread from one event's commit to the next, the least of many: the store's own are among
/// them, and now and then it has more to do.
fn between_commits(subscribers: usize) -> u64 {
    let dir = TempDir::new().unwrap();
    let (sender, counts) = mpsc::sync_channel(EVENTS);
    let after_save = Box::new(move |_: &chappe_store::RecordView<'_>| {
        sender.send(allocations_so_far()).unwrap();
    });
    let processor = start_with(&dir, 1 << 26, 1 << 24, Hooks { after_save, ..Hooks::default() });
    let publisher = Arc::new(Inbox::new(0));
    let subscribers: Vec<_> = (0..subscribers).map(|_| Arc::new(Inbox::new(1 << 20))).collect();
    for inbox in &subscribers {
        processor.subscribe([Filter::default()].into(), inbox);
    }
    let (mut live, mut heard) = (VecDeque::new(), 0);
    for number in 0..EVENTS {
        let event = EventBuilder::new(1).content(number.to_string()).sign(&Keys::from_seed(1));
        submit(&processor, &publisher, number as u64, &event);
        assert_eq!(outcomes(&publisher, 1), [Outcome::Stored]);
        for inbox in &subscribers {
            inbox.take_live(&mut live);
            heard += live.drain(..).count();
        }
    }
    assert_eq!(heard, subscribers.len() * EVENTS);
    let counts: Vec<_> = counts.try_iter().collect();
    counts.windows(2).skip(20).map(|pair| pair[1] - pair[0]).min().unwrap()
}

#[test]
fn telling_subscribers_asks_for_no_memory() {
    let [alone, heard] = [0, 500].map(between_commits);
    assert!(alone > 0, "the store's are counted");
    assert_eq!(alone, heard);
}
