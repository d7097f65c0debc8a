//! The way of an ordinary event, from its message to what is stored and sent: no station asks the heap for anything.

use chappe_authorization::{Access, Meters, Peer, Source, authorize};
use chappe_codec::{ClientMessage, Scratch, append_event, append_event_prefix, decode_message};
use chappe_protocol::{SubscriptionId, Timestamp};
use chappe_routing::{Desks, Route, route};
use chappe_testkit::{CountingAllocator, EventBuilder, Keys, allocations};
use chappe_validation::{Rules, Verifier};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const NOW: Timestamp = Timestamp(1_700_000_000);

#[test]
fn decoding_verifying_authorizing_routing_and_encoding_allocate_nothing() {
    let author = Keys::from_seed(1);
    let note = EventBuilder::new(1)
        .tag(&["e", &"5c".repeat(32), "wss://relay.example.com", "root"])
        .tag(&["p", &author.hex()])
        .tag(&["t", "towers"])
        .content("From tower to tower, \"word\" by word.\n".repeat(6))
        .sign(&author);
    let message = note.message();
    let (verifier, rules) = (Verifier::new(), Rules::default());
    let (access, meters, peer) = (Access::default(), Meters::new(), Peer::default());
    let subscription = SubscriptionId::new("home").unwrap();
    let (mut scratch, mut preimage, mut out) = (Scratch::new(), Vec::new(), Vec::new());
    let mut travel = || {
        let Ok(ClientMessage::Event(event)) = decode_message(message.as_bytes(), &mut scratch) else {
            panic!("not an event: {message}");
        };
        let verified = verifier.verify(event, &rules, NOW, &mut preimage).unwrap();
        let source = Source::Client(&peer);
        let permit = authorize(&access, &meters, verified, source, message.len(), NOW).unwrap();
        assert_eq!(route(permit.head().kind, Desks::default()), Route::Regular);
        out.clear();
        append_event_prefix(&mut out, &subscription);
        append_event(&mut out, &permit.event());
        out.push(b']');
    };
    assert!(allocations(&mut travel) > 0, "the first time warms the buffers, and is counted");
    assert_eq!(allocations(&mut travel), 0);
    assert_eq!(String::from_utf8(out).unwrap(), note.delivery("home"));
}
