//! AND tags: `&t` asks for events that have all of the values, where `#t` asks for one of them.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::Relay;

fn tagged(seconds: u64, tags: &[[&str; 2]]) -> TestEvent {
    let event = EventBuilder::new(1).created_at(seconds);
    tags.iter().fold(event, |event, tag| event.tag(tag)).sign(&Keys::from_seed(1))
}

/// Four notes, newest first: of cats and dogs, of both, and of both in black.
fn notes() -> [TestEvent; 4] {
    [
        tagged(1_004, &[["t", "dog"], ["t", "cat"], ["t", "black"]]),
        tagged(1_003, &[["t", "cat"], ["t", "dog"]]),
        tagged(1_002, &[["t", "dog"]]),
        tagged(1_001, &[["t", "cat"], ["T", "dog"]]),
    ]
}

fn cases(notes: &[TestEvent; 4]) -> Vec<(&'static str, Vec<&TestEvent>)> {
    let [all, both, dog, cat] = notes;
    vec![
        (r#"{"&t":["cat"]}"#, vec![all, both, cat]),
        (r#"{"&t":["cat","dog"]}"#, vec![all, both]),
        (r#"{"&t":["dog","cat","dog"]}"#, vec![all, both]),
        (r#"{"&t":["cat","dog","black"]}"#, vec![all]),
        (r#"{"&t":["cat","mouse"]}"#, vec![]),
        (r#"{"&t":[]}"#, vec![]),
        (r##"{"&t":["cat"],"#t":["black","white"]}"##, vec![all]),
        // What is needed is no choice any more.
        (r##"{"&t":["cat"],"#t":["cat","black"]}"##, vec![all]),
        (r##"{"&t":["cat","dog"],"#t":["dog"]}"##, vec![all, both]),
        (r##"{"#t":["cat","dog"]}"##, vec![all, both, dog, cat]),
        (r#"{"&t":["cat"],"&T":["dog"]}"#, vec![cat]),
        (r#"{"&t":["cat","dog"],"kinds":[1],"until":1003}"#, vec![both]),
        (r#"{"&t":["cat","dog"],"kinds":[7]}"#, vec![]),
        (r#"{"&t":["cat","dog"],"limit":1}"#, vec![all]),
        (r#"{"&t":["cat","black"]},{"&T":["dog"]}"#, vec![all, cat]),
    ]
}

#[tokio::test]
async fn stored_events_have_all_of_the_values() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let notes = notes();
    for note in &notes {
        client.store(note).await;
    }
    for (filters, expected) in cases(&notes) {
        client.finds(filters, &expected).await;
        if !filters.contains("limit") {
            assert_eq!(client.count(filters).await, expected.len() as u64, "{filters}");
        }
    }
}

#[tokio::test]
async fn live_events_have_all_of_the_values() {
    let relay = Relay::start().await;
    let notes = notes();
    let mut publisher = relay.connect().await;
    let mut listeners = Vec::new();
    for (filters, expected) in cases(&notes) {
        let mut listener = relay.connect().await;
        listener.subscribe("live", filters).await;
        listeners
            .push((listener, if filters.contains("limit") { vec![&notes[0], &notes[1]] } else { expected }));
    }
    for note in &notes {
        publisher.store(note).await;
    }
    for (listener, expected) in &mut listeners {
        for note in expected {
            listener.hears_event("live", note).await;
        }
    }
    // The first sentinel is stored; who comes later would only hear that it is a duplicate.
    listeners.last_mut().unwrap().0.hears_no_event().await;
    for (listener, _) in &mut listeners {
        listener.hears_nothing_more().await;
    }
}

/// Values are compared byte for byte, and those of `&e` and `&p` are hex like those of `#e` and `#p`.
#[tokio::test]
async fn hex_values_have_to_be_hex() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let [ann, ben] = [1, 2].map(|seed| Keys::from_seed(seed).hex());
    let both = tagged(1_000, &[["p", &ann], ["p", &ben]]);
    client.store(&both).await;
    client.store(&tagged(1_001, &[["p", &ben]])).await;
    client.finds(&format!(r#"{{"&p":["{ann}","{ben}"]}}"#), &[&both]).await;
    client.say(r#"["REQ","s",{"&p":["ann"]}]"#).await;
    let text = "invalid: filter key &p must be a list of 64 characters of lowercase hex each";
    client.expect(&format!(r#"["CLOSED","s","{text}"]"#)).await;
}
