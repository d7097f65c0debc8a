use std::sync::Barrier;
use std::thread;

use chappe_buffers::Bounds;
use chappe_frames::{Incoming, Inflater, Reader, negotiate};
use chappe_store::Record;
use chappe_testkit::{CountingAllocator, EventBuilder, Keys, TestEvent, allocations};

use super::memory::ENTRY_BYTES;
use super::*;
use crate::Outbox;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const ENOUGH: usize = 1 << 20;

fn pool() -> Pool {
    Pool::new(Bounds { kept_bytes_max: 1 << 20, thread_bytes_max: 1 << 20 })
}

fn compression(compressor: &Arc<Compressor>, offer: &str) -> Compression {
    let agreement = negotiate([offer]).unwrap().unwrap();
    Compression::new(agreement, Arc::clone(compressor))
}

fn compressor(events_bytes_max: usize) -> Arc<Compressor> {
    Arc::new(Compressor::new(Deflater::new(256, 2), events_bytes_max))
}

fn record(event: &TestEvent) -> Record {
    Record::new(&event.event(), event.json().as_bytes())
}

fn note(number: u64) -> TestEvent {
    EventBuilder::new(1).created_at(number).content("word ".repeat(60)).sign(&Keys::from_seed(1))
}

/// Writes the event for a subscription, and says what that took and what the client reads.
fn delivered(
    compression: &mut Compression,
    event: &TestEvent,
    subscription: &str,
) -> Option<(Effort, String)> {
    let (mut out, subscription) = (Vec::new(), SubscriptionId::new(subscription).unwrap());
    let record = record(event);
    let effort = compression.append_event(&mut out, &pool(), &subscription, &record.view());
    assert_eq!(effort.is_none(), out.is_empty());
    effort.map(|effort| {
        let (text, is_compressed) = heard(&out);
        assert!(is_compressed && out.len() < text.len(), "{text}");
        (effort, text)
    })
}

/// What a client reads: the one message, and whether it came compressed.
fn heard(frame: &[u8]) -> (String, bool) {
    // With a mask of zeros it is as if a client had sent it.
    let head_bytes = if frame[1] == 126 { 4 } else { 2 };
    let mut bytes = [&frame[..head_bytes], &[0; 4], &frame[head_bytes..]].concat();
    bytes[1] |= 0x80;
    let (mut reader, mut scratch) = (Reader::new(1 << 20, Some(Inflater::new(1))), Vec::new());
    let mut unread = bytes.as_mut_slice();
    let Ok(Some(Incoming::Text(text))) = reader.next(&mut unread, &mut scratch) else { panic!("{frame:x?}") };
    assert!(unread.is_empty());
    (String::from_utf8(text.to_vec()).unwrap(), frame[0] == 0xc1)
}

#[test]
fn an_event_is_compressed_once_for_all_who_take_it() {
    let (compressor, event) = (compressor(ENOUGH), note(1));
    for (place, id) in ["a", "some-subscription", "\u{e9}\"\\", &"x".repeat(64)].into_iter().enumerate() {
        let mut compression = compression(&compressor, "permessage-deflate");
        let (effort, text) = delivered(&mut compression, &event, id).unwrap();
        assert_eq!(text, event.delivery(id));
        assert_eq!(effort, if place == 0 { Effort::Compressed } else { Effort::Copied });
        assert_eq!(compressor.remembered().events, 1);
    }
    assert_eq!(compressor.remembered().compressed, 1);
}

#[test]
fn threads_that_want_it_at_once_wait_for_the_first() {
    let (compressor, event, start) = (compressor(ENOUGH), note(1), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut compression = compression(&compressor, "permessage-deflate");
                start.wait();
                let (_, text) = delivered(&mut compression, &event, "s").unwrap();
                assert_eq!(text, event.delivery("s"));
                compression.tell();
            });
        }
    });
    assert_eq!(compressor.remembered().compressed, 1);
    assert_eq!(compressor.sent().messages, 8);
}

#[test]
fn the_same_event_with_another_signature_is_sent_to_the_letter() {
    let (compressor, event) = (compressor(ENOUGH), note(1));
    let mut compression = compression(&compressor, "permessage-deflate");
    delivered(&mut compression, &event, "s").unwrap();
    let signature = event.event().sig.to_string();
    let other = signature.chars().rev().collect::<String>();
    let json = event.json().replace(&signature, &other);
    let (record, mut out) = (Record::new(&event.event(), json.as_bytes()), Vec::new());
    let subscription = SubscriptionId::new("s").unwrap();
    compression.append_event(&mut out, &pool(), &subscription, &record.view()).unwrap();
    assert_eq!(heard(&out).0, format!(r#"["EVENT","s",{json}]"#));
}

#[test]
fn what_cannot_be_compressed_for_a_client_is_left_to_others() {
    let (compressor, event) = (compressor(ENOUGH), note(1));
    let mut small = compression(&compressor, "permessage-deflate; server_max_window_bits=8");
    assert_eq!(delivered(&mut small, &event, "s"), None);
    assert_eq!(compressor.remembered(), Remembered::default());
    let mut large = compression(&compressor, "permessage-deflate");
    assert!(delivered(&mut large, &event, "s").is_some());
}

#[test]
fn events_are_remembered_up_to_the_bound() {
    for bytes_max in [0, 10_000, 16 * 3_000, 16 * 20_000] {
        let compressor = compressor(bytes_max);
        let mut compression = compression(&compressor, "permessage-deflate");
        for number in 0..200 {
            let taken = delivered(&mut compression, &note(number), "s");
            let Remembered { events, bytes, .. } = compressor.remembered();
            assert!(bytes <= bytes_max, "{bytes} of {bytes_max}");
            assert!(bytes >= events * ENTRY_BYTES);
            // A note and its entry take some 1,000 bytes, and may have half of a part.
            assert_eq!(taken.is_some(), bytes_max > 16 * 2_000, "{bytes_max}");
        }
        let Remembered { events, compressed, .. } = compressor.remembered();
        let (some, all) = (bytes_max > 16 * 2_000, bytes_max > 16 * 15_000);
        assert_eq!((events > 0, events == 200), (some, all), "{bytes_max}");
        assert_eq!(compressed, if some { 200 } else { 0 });
    }
}

#[test]
fn what_is_wanted_stays_and_what_nobody_asks_for_goes() {
    let compressor = compressor(16 * 5_000);
    let mut compression = compression(&compressor, "permessage-deflate");
    let wanted = note(0);
    delivered(&mut compression, &wanted, "s").unwrap();
    for number in 1..300 {
        delivered(&mut compression, &note(number), "s").unwrap();
        let (effort, _) = delivered(&mut compression, &wanted, "s").unwrap();
        assert_eq!(effort, Effort::Copied, "after {number} others");
    }
    let (effort, _) = delivered(&mut compression, &note(1), "s").unwrap();
    assert_eq!(effort, Effort::Compressed, "nobody asked for it again");
}

#[test]
fn what_gets_no_shorter_is_tried_once() {
    let (memory, event, mut tries) = (Memory::new(ENOUGH), note(1), 0);
    let record = record(&event);
    for _ in 0..3 {
        let compress = || {
            tries += 1;
            None
        };
        assert_eq!(memory.with(&record.view(), compress, |_| Some(())), None);
    }
    assert_eq!(tries, 1);
}

#[test]
fn short_answers_go_as_they_are() {
    let compressor = compressor(0);
    let mut compression = compression(&compressor, "permessage-deflate");
    for (length, is_compressed) in [(0, false), (200, false), (300, true)] {
        let mut out = Vec::new();
        compression.append(&mut out, &pool(), |out| out.resize(out.len() + length, b'a'));
        assert_eq!(heard(&out), ("a".repeat(length), is_compressed));
    }
    compression.tell();
    let sent = compressor.sent();
    assert_eq!((sent.messages, sent.plain_bytes), (1, 300));
    assert!(sent.deflated_bytes < 50);
}

#[test]
fn a_delivery_allocates_nothing_with_compression_and_without() {
    let (compressor, event, pool) = (compressor(ENOUGH), note(1), pool());
    let (record, subscription) = (record(&event), SubscriptionId::new("s").unwrap());
    for is_compressing in [false, true] {
        let mut outbox = Outbox::new(pool.clone());
        if is_compressing {
            outbox.compress(compression(&compressor, "permessage-deflate"));
        }
        let mut deliver = || {
            for _ in 0..10 {
                outbox.event(&subscription, &record.view()).unwrap();
                outbox.message(|out| chappe_codec::append_notice(out, "short"));
            }
            outbox.clear();
        };
        deliver();
        assert_eq!(allocations(&mut deliver), 0);
    }
    assert_eq!(compressor.sent().messages, 20);
}
