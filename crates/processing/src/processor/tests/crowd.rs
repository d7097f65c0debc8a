//! Many threads that subscribe, unsubscribe and go away while events are being published.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use chappe_protocol::{TagFilter, TagMode};
use chappe_testkit::Rng;

use super::*;
use crate::Live;

const EVENTS: u64 = 3_000;
const IN_FLIGHT: u64 = 40;
const CONNECTIONS: u64 = 6;
const TOPICS: u64 = 5;

/// What one subscription was promised, and what it heard.
struct Heard {
    topic: u64,
    hand_over: Seq,
    /// This event and those before it were answered while the subscription was still there.
    until: u64,
    seqs: Vec<Seq>,
}

fn on_topic(topic: u64) -> Arc<[Filter]> {
    let tags = vec![TagFilter {
        letter: b't',
        mode: TagMode::Any,
        values: vec![topic.to_string().into_bytes().into()],
    }];
    [Filter { tags, ..Filter::default() }].into()
}

/// One connection after the other, each with some subscriptions that come and go, until all events are answered.
fn listen(processor: &Processor, answered: &AtomicU64, mut rng: Rng) -> Vec<Heard> {
    let mut all = Vec::new();
    while answered.load(Ordering::SeqCst) < EVENTS {
        let inbox = Arc::new(Inbox::new(1 << 30));
        let mut known: BTreeMap<Token, Heard> = BTreeMap::new();
        let mut open = Vec::new();
        for _ in 0..rng.below(150) {
            if open.len() < 50 && rng.below(3) > 0 {
                let topic = rng.within(0..TOPICS);
                let (token, hand_over) = processor.subscribe(on_topic(topic), &inbox);
                known.insert(token, Heard { topic, hand_over, until: u64::MAX, seqs: Vec::new() });
                open.push(token);
            } else if !open.is_empty() {
                leave(processor, answered, &mut known, open.swap_remove(rng.below(open.len())));
            }
            std::thread::sleep(Duration::from_micros(rng.within(0..300)));
        }
        for token in open {
            leave(processor, answered, &mut known, token);
        }
        // Whoever was telling it something has let go when the last event is answered.
        let mut live = VecDeque::new();
        let mut last = Seq(0);
        inbox.take_live(&mut live);
        for Live { token, seq, .. } in live {
            let seq = seq.unwrap();
            assert!(last <= seq, "a connection hears in the order of the commits");
            last = seq;
            known.get_mut(&token).unwrap().seqs.push(seq);
        }
        all.extend(known.into_values());
    }
    all
}

fn leave(processor: &Processor, answered: &AtomicU64, known: &mut BTreeMap<Token, Heard>, token: Token) {
    known.get_mut(&token).unwrap().until = answered.load(Ordering::SeqCst);
    processor.unsubscribe(token);
}

/// Publishes in order, with some in flight, and counts the answers.
fn publish(processor: &Processor, events: &[TestEvent], answered: &AtomicU64) {
    let inbox = Arc::new(Inbox::new(0));
    let mut count = 0;
    for (ticket, event) in (0..).zip(events) {
        submit(processor, &inbox, ticket, event);
        while ticket + 1 - count >= IN_FLIGHT || (ticket + 1 == EVENTS && count < EVENTS) {
            match inbox.next_outcome() {
                Some((told, outcome)) => {
                    assert_eq!((told, outcome), (Ticket(count), Outcome::Stored));
                    count += 1;
                    answered.store(count, Ordering::SeqCst);
                }
                None => std::thread::yield_now(),
            }
        }
    }
}

#[test]
fn who_comes_and_goes_under_load_hears_without_a_gap_and_without_a_double() {
    let dir = TempDir::new().unwrap();
    let processor = start(&dir, 1 << 26);
    let answered = AtomicU64::new(0);
    let keys = Keys::from_seed(1);
    let events: Vec<_> = (0..EVENTS)
        .map(|number| {
            EventBuilder::new(1)
                .tag(&["t", &(number % TOPICS).to_string()])
                .content(number.to_string())
                .sign(&keys)
        })
        .collect();
    let heard: Vec<Heard> = std::thread::scope(|scope| {
        let listeners: Vec<_> = (0..CONNECTIONS)
            .map(|seed| {
                let (processor, answered) = (&processor, &answered);
                scope.spawn(move || listen(processor, answered, Rng::new(seed)))
            })
            .collect();
        publish(&processor, &events, &answered);
        listeners.into_iter().flat_map(|listener| listener.join().unwrap()).collect()
    });
    assert_eq!(processor.subscriptions(), 0);
    assert_eq!(
        processor.committed(),
        Seq(EVENTS),
        "each event has its own place, in the order of publishing"
    );
    let mut promised = 0;
    for Heard { topic, hand_over, until, mut seqs } in heard {
        let is_mine = |seq: &Seq| (seq.0 - 1) % TOPICS == topic;
        assert!(seqs.iter().all(is_mine));
        seqs.retain(|seq| *seq > hand_over);
        let must: Vec<_> = (hand_over.0 + 1..=until).map(Seq).filter(is_mine).collect();
        promised += must.len();
        assert_eq!(seqs.get(..must.len()), Some(&*must), "none is missing");
        assert!(seqs.windows(2).all(|pair| pair[0].0 + TOPICS == pair[1].0), "none is doubled or left out");
    }
    assert!(promised > 1_000, "there was something to hear: {promised}");
}
