//! Verifying an ordinary event allocates nothing once its buffer is warm.
use chappe_protocol::Timestamp;
use chappe_testkit::{CountingAllocator, EventBuilder, Keys, TestEvent, allocations};
use chappe_validation::{Invalid, Rules, Verifier};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn events() -> Vec<(&'static str, TestEvent)> {
    let (alice, bob) = (Keys::from_seed(1), Keys::from_seed(2));
    let note = EventBuilder::new(1).content("Grüße \"aus\" dem Turm\n".repeat(20));
    let reply = note.clone().tag(&["e", &"00".repeat(32), "", "reply"]).tag(&["p", &bob.hex()]);
    let good = reply.sign(&alice);
    vec![
        ("note", note.clone().sign(&alice)),
        ("reply", good.clone()),
        ("with controls", note.clone().content("\u{1}\u{2}").id_over_verbatim_controls().sign(&alice)),
        ("repost", EventBuilder::new(6).content(good.json()).sign(&bob)),
        ("mined", note.mined(4).sign(&alice)),
        ("wrong id", good.clone().with_wrong_id(&alice)),
        ("wrong signature", good.with_wrong_sig()),
    ]
}

#[test]
fn verifying_allocates_nothing() {
    let (verifier, rules) = (Verifier::new(), Rules { pow_bits_min: 0, ..Rules::import() });
    let mut buffer = Vec::new();
    let mut verify = |event: &TestEvent| -> Result<(), Invalid> {
        verifier.verify(event.event(), &rules, Timestamp(0), &mut buffer).map(|_| ())
    };
    // The first round warms the buffer, and the thread's libsecp256k1 context.
    let events = events();
    let first = allocations(|| {
        for (_, event) in &events {
            let _ = verify(event);
        }
    });
    assert!(first > 0, "the counter counts");
    for (name, event) in &events {
        let mut verified = Ok(());
        assert_eq!(allocations(|| verified = verify(event)), 0, "{name}");
        assert_eq!(verified.is_err(), name.starts_with("wrong"), "{name}");
    }
}
