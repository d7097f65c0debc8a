//! Subscriptions after their EOSE.

use chappe_testkit::{EventBuilder, Keys};

use super::note;
use crate::harness::Relay;

#[tokio::test]
async fn stored_events_come_first_then_eose_then_live_ones() {
    let relay = Relay::start().await;
    let mut publisher = relay.connect().await;
    let (stored, live) = (note("stored"), note("live"));
    publisher.store(&stored).await;
    let mut client = relay.connect().await;
    client.say(r#"["REQ","all",{"kinds":[1]}]"#).await;
    client.hears_event("all", &stored).await;
    client.expect(r#"["EOSE","all",["finish"]]"#).await;
    publisher.store(&live).await;
    client.hears_event("all", &live).await;
    // A duplicate is not news.
    publisher.publish(&stored).await;
    publisher.publish(&live).await;
    client.hears_no_event().await;
}

/// Even when its limit is used up, or all the ids it asks for are found.
#[tokio::test]
async fn a_subscription_stays_open_whatever_it_has_found() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (stored, live) = (note("stored"), note("live"));
    client.store(&stored).await;
    client.subscribe("limit", r#"{"limit":1}"#).await;
    client.subscribe("ids", &format!(r#"{{"ids":["{}","{}"]}}"#, stored.id(), live.id())).await;
    client.subscribe("nothing yet", &format!(r#"{{"ids":["{}"]}}"#, live.id())).await;
    let mut publisher = relay.connect().await;
    publisher.store(&live).await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        let message = client.hear().await;
        assert_eq!(message[2]["id"], live.id().to_string());
        heard.push(message[1].as_str().unwrap().to_owned());
    }
    heard.sort();
    assert_eq!(heard, ["ids", "limit", "nothing yet"]);
    // The limit is for stored events only.
    for text in ["more", "and more"] {
        publisher.store(&note(text)).await;
        client.hears_event("limit", &note(text)).await;
    }
    client.hears_no_event().await;
}

#[tokio::test]
async fn a_limit_of_zero_gives_eose_at_once_and_then_live_events() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.store(&note("stored")).await;
    client.say(r#"["REQ","live",{"limit":0}]"#).await;
    client.expect_text(r#"["EOSE","live"]"#).await;
    let event = note("live");
    relay.connect().await.store(&event).await;
    client.hears_event("live", &event).await;
}

#[tokio::test]
async fn only_matching_events_come_live() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let [ann, ben] = [1, 2].map(Keys::from_seed);
    client.subscribe("ann", &format!(r#"{{"authors":["{}"],"kinds":[1]}}"#, ann.hex())).await;
    client.subscribe("tag", r##"{"#t":["cats"],"since":1700000000}"##).await;
    let mut publisher = relay.connect().await;
    for (event, heard_by) in [
        (EventBuilder::new(1).sign(&ann), Some("ann")),
        (EventBuilder::new(1).sign(&ben), None),
        (EventBuilder::new(7).sign(&ann), None),
        (EventBuilder::new(7).tag(&["t", "cats"]).sign(&ben), Some("tag")),
        (EventBuilder::new(7).tag(&["t", "cats"]).created_at(1_699_999_999).sign(&ben), None),
        (EventBuilder::new(7).tag(&["t", "dogs", "cats"]).sign(&ben), None),
    ] {
        publisher.store(&event).await;
        if let Some(id) = heard_by {
            client.hears_event(id, &event).await;
        }
    }
    client.hears_no_event().await;
}

#[tokio::test]
async fn an_event_that_several_filters_match_comes_live_once() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("one", r##"{},{"kinds":[1]},{"#t":["a","b"]}"##).await;
    let event = EventBuilder::new(1).tag(&["t", "a"]).tag(&["t", "b"]).sign(&Keys::from_seed(1));
    relay.connect().await.store(&event).await;
    client.hears_event("one", &event).await;
    client.hears_no_event().await;
}

#[tokio::test]
async fn close_ends_a_subscription_without_an_answer() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("one", "{}").await;
    client.subscribe("two", "{}").await;
    client.say(r#"["CLOSE","one"]"#).await;
    client.say(r#"["CLOSE","never opened"]"#).await;
    client.hears_nothing_more().await;
    let event = note("live");
    relay.connect().await.store(&event).await;
    client.hears_event("two", &event).await;
    client.hears_no_event().await;
}

#[tokio::test]
async fn the_same_id_replaces_the_subscription() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("feed", r#"{"kinds":[1]}"#).await;
    client.subscribe("feed", r#"{"kinds":[7]}"#).await;
    let mut publisher = relay.connect().await;
    publisher.store(&note("not asked for any more")).await;
    let reaction = EventBuilder::new(7).sign(&Keys::from_seed(1));
    publisher.store(&reaction).await;
    client.hears_event("feed", &reaction).await;
    client.hears_no_event().await;
}

#[tokio::test]
async fn a_refused_request_ends_the_subscription_of_its_name() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("feed", "{}").await;
    client.say(r#"["REQ","feed",{"search":"x"}]"#).await;
    client.expect_start(r#"["CLOSED","feed","unsupported: "#).await;
    relay.connect().await.store(&note("live")).await;
    client.hears_no_event().await;
}

#[tokio::test]
async fn connections_have_subscription_ids_of_their_own() {
    let relay = Relay::start().await;
    let (mut one, mut two) = (relay.connect().await, relay.connect().await);
    one.subscribe("feed", r#"{"kinds":[1]}"#).await;
    two.subscribe("feed", r#"{"kinds":[7]}"#).await;
    two.say(r#"["CLOSE","feed"]"#).await;
    two.hears_nothing_more().await;
    let event = note("live");
    one.store(&event).await;
    one.hears_event("feed", &event).await;
    two.hears_no_event().await;
}

#[tokio::test]
async fn a_connection_has_300_subscriptions() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for n in 0..300 {
        client.subscribe(&format!("{n}"), r#"{"kinds":[1]}"#).await;
    }
    let closed = r#"["CLOSED","one more","rate-limited: at most 300 subscriptions are open at once, close one first"]"#;
    client.say(r#"["REQ","one more",{}]"#).await;
    client.expect(closed).await;
    // Replacing one needs no room, and closing one makes some.
    client.subscribe("0", r#"{"kinds":[2]}"#).await;
    client.say(r#"["CLOSE","1"]"#).await;
    client.subscribe("one more", "{}").await;
    client.say(r#"["REQ","and one more",{}]"#).await;
    client.expect(&closed.replace("one more", "and one more")).await;
    let event = note("live");
    client.store(&event).await;
    for _ in 0..299 {
        assert_eq!(client.hear().await[2]["id"], event.id().to_string());
    }
    client.say(r#"["CLOSE","2"]"#).await;
    client.hears_nothing_more().await;
}

#[tokio::test]
async fn the_bytes_of_open_subscriptions_are_bounded() {
    let relay = Relay::start_with(|config| {
        config.limits.message_bytes_max = 16_384;
        config.limits.tag_value_bytes_max = 1_024;
        config.limits.subscription_bytes_max = 20_000;
    })
    .await;
    let mut client = relay.connect().await;
    let filter = format!(r##"{{"#t":["{}"]}}"##, "x".repeat(9_000));
    client.subscribe("1", &filter).await;
    client.subscribe("2", &filter).await;
    client.say(&format!(r#"["REQ","3",{filter}]"#)).await;
    let text = "rate-limited: the open subscriptions have too many filter values, close one first";
    client.expect(&format!(r#"["CLOSED","3","{text}"]"#)).await;
    client.say(r#"["CLOSE","1"]"#).await;
    client.subscribe("3", &filter).await;
}

/// Requests that are made while events pour in: each event comes exactly once, stored or live.
#[tokio::test]
async fn between_stored_and_live_there_is_no_gap_and_no_double() {
    let relay = Relay::start().await;
    let events: Vec<_> = (0..300).map(|n| note(&format!("{n}"))).collect();
    let mut publisher = relay.connect().await;
    let mut listeners = Vec::new();
    for chunk in events.chunks(30) {
        for event in chunk {
            publisher.say(&event.message()).await;
        }
        let mut listener = relay.connect().await;
        listener.say(r#"["REQ","all",{}]"#).await;
        listeners.push(listener);
    }
    for event in &events {
        assert!(publisher.ok(event).await.0);
    }
    for listener in &mut listeners {
        let mut heard = Vec::new();
        let mut at_eose = None;
        while at_eose.is_none() || heard.len() < events.len() {
            let message = listener.hear().await;
            match message[0].as_str() {
                Some("EVENT") => heard.push(message[2]["id"].as_str().unwrap().to_owned()),
                Some("EOSE") => assert_eq!(at_eose.replace(heard.len()), None, "two EOSE"),
                _ => panic!("{message}"),
            }
        }
        listener.say(r#"["CLOSE","all"]"#).await;
        listener.hears_nothing_more().await;
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), events.len(), "each once");
    }
}
