//! One event's way: decode, id, verify, encode. Instructions for a single event, everything warm.

#![allow(missing_docs, unused_qualifications, reason = "the macros write code of their own")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a benchmark stops without its input, and owns it"
)]

use std::hint::black_box;

use chappe_codec::{
    Answer, Controls, Scratch, append_event, append_event_message, append_ok, append_preimage, decode_message,
};
use chappe_protocol::{SubscriptionId, Timestamp};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Rules, Verifier};
use gungraun::prelude::*;
use sha2::{Digest, Sha256};

const NOW: u64 = 1_760_000_000;

/// A reply of 700 bytes, some of them escapes.
fn note() -> TestEvent {
    let id = "5c83da77af1dec6d7289834998ad7aafbd9e2191396d75ec3cc27f5a77226f36";
    let key = "f7234bd4c1394dda46d09f35bd384dd30cc552ad5541990f98844fb06676e9ca";
    let text = "the tower \"sees\" its neighbour\nand passes the message on, before sunset \u{2600} ";
    EventBuilder::new(1)
        .created_at(NOW)
        .tag(&["e", id, "wss://relay.example.com", "root"])
        .tag(&["p", key])
        .content(text.repeat(2))
        .sign(&Keys::from_seed(1))
}

/// 500 keys, 36 kB.
fn follow_list() -> TestEvent {
    let list = EventBuilder::new(3).created_at(NOW);
    let key = |seed| Keys::from_seed(seed).hex();
    (0..500).fold(list, |list, seed| list.tag(&["p", &key(seed)])).sign(&Keys::from_seed(1))
}

/// What is used again from message to message, grown to its size.
struct Warm {
    event: TestEvent,
    message: String,
    json: String,
    scratch: Scratch,
    out: Vec<u8>,
    verifier: Verifier,
    subscription: SubscriptionId,
}

fn warm(event: fn() -> TestEvent) -> Warm {
    let event = event();
    let (message, json) = (event.message(), event.json());
    let mut scratch = Scratch::new();
    decode_message(message.as_bytes(), &mut scratch).expect("a message");
    let verifier = Verifier::new();
    let mut out = Vec::with_capacity(2 * message.len());
    verifier.verify(event.event(), &Rules::default(), Timestamp(NOW), &mut out).expect("a true event");
    out.clear();
    let subscription = SubscriptionId::new("home").expect("a short name");
    Warm { event, message, json, scratch, out, verifier, subscription }
}

// All of them give back what they were given, so that freeing it is not counted.

#[library_benchmark(setup = warm)]
#[bench::note(note)]
#[bench::follow_list(follow_list)]
fn decode(mut warm: Warm) -> Warm {
    let message = decode_message(black_box(warm.message.as_bytes()), &mut warm.scratch);
    assert!(black_box(message).is_ok());
    warm
}

#[library_benchmark(setup = warm)]
#[bench::note(note)]
#[bench::follow_list(follow_list)]
fn id(mut warm: Warm) -> Warm {
    append_preimage(&mut warm.out, black_box(&warm.event.event()), Controls::Escaped);
    assert_eq!(Sha256::digest(&warm.out).as_slice(), warm.event.id().as_bytes());
    warm
}

#[library_benchmark(setup = warm)]
#[bench::note(note)]
fn verify(mut warm: Warm) -> Warm {
    let event = black_box(warm.event.event());
    let verified = warm.verifier.verify(event, &Rules::default(), Timestamp(NOW), &mut warm.out);
    assert!(black_box(verified).is_ok());
    warm
}

#[library_benchmark(setup = warm)]
#[bench::note(note)]
#[bench::follow_list(follow_list)]
fn encode(mut warm: Warm) -> Warm {
    append_event(&mut warm.out, black_box(&warm.event.event()));
    warm
}

#[library_benchmark(setup = warm)]
#[bench::note(note)]
fn deliver(mut warm: Warm) -> Warm {
    let event = black_box(warm.json.as_bytes());
    append_event_message(&mut warm.out, &warm.subscription, |out| out.extend_from_slice(event));
    warm
}

#[library_benchmark(setup = warm)]
#[bench::note(note)]
fn ok(mut warm: Warm) -> Warm {
    append_ok(&mut warm.out, black_box(&warm.event.id()), Answer::Accepted(""));
    warm
}

library_benchmark_group!(name = event, benchmarks = [decode, id, verify, encode, deliver, ok]);
main!(library_benchmark_groups = event);
