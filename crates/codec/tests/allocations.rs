//! An ordinary event is read and written without touching the heap, once the memory is warm.

use chappe_codec::{
    Answer, ClientMessage, Controls, Malformed, Scratch, append_event, append_event_message, append_ok,
    append_preimage, decode_message, has_bare_controls,
};
use chappe_protocol::{Event, SubscriptionId};
use chappe_testkit::{CountingAllocator, allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// An EVENT message of some 600 bytes.
fn message(content: &str) -> String {
    let hex = "5c83da77af1dec6d7289834998ad7aafbd9e2191396d75ec3cc27f5a77226f36";
    format!(
        r#"["EVENT",{{"id":"{hex}","pubkey":"{hex}","created_at":1700000000,"kind":1,"tags":[["e","{hex}","wss://a.example",
        "reply"],["p","{hex}"]],"content":"{content}","sig":"{hex}{hex}","seen_on":[{{"x":[1,null]}}]}}]"#
    )
}

fn event<'a>(text: &'a str, scratch: &'a mut Scratch) -> Result<Option<Event<'a>>, Malformed> {
    Ok(match decode_message(text.as_bytes(), scratch)? {
        ClientMessage::Event(event) => Some(event),
        ClientMessage::Auth(_)
        | ClientMessage::Req { .. }
        | ClientMessage::Count { .. }
        | ClientMessage::Close { .. } => None,
    })
}

#[test]
fn an_ordinary_event_allocates_nothing_when_the_memory_is_warm() {
    let subscription = SubscriptionId::new("sub").unwrap();
    let texts = [
        message(
            "An ordinary note, of some ordinary length, without anything odd in it: just a few words more.",
        ),
        message(
            r"An ordinary note\n\nwith \u00e9scapes, \ud83d\ude00 and \u0001, longer than the first one: \t\t\t.",
        ),
    ];
    let (mut scratch, mut json, mut out) = (Scratch::new(), Vec::new(), Vec::new());
    let mut work = |text: &str| {
        json.clear();
        out.clear();
        let event = event(text, &mut scratch).unwrap().unwrap();
        append_event(&mut json, &event);
        append_preimage(&mut out, &event, Controls::Escaped);
        append_preimage(&mut out, &event, Controls::Verbatim);
        append_event_message(&mut out, &subscription, |out| out.extend_from_slice(&json));
        append_ok(&mut out, &event.head.id, Answer::Accepted(""));
        usize::from(has_bare_controls(&event))
    };
    let cold = allocations(|| assert_eq!(texts.iter().map(|text| work(text)).sum::<usize>(), 1));
    assert!(cold > 0, "the counter does not count");
    let warm = allocations(|| {
        for text in texts.iter().cycle().take(100) {
            work(text);
        }
    });
    assert_eq!(warm, 0);
}
