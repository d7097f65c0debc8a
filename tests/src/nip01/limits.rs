//! Sizes: what fits by default, what does not, and what is said then.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::note;
use crate::harness::Relay;

fn follow_list(entries: usize) -> TestEvent {
    let key = |n: usize| format!("{n:064x}");
    (0..entries).fold(EventBuilder::new(3), |list, n| list.tag(&["p", &key(n)])).sign(&Keys::from_seed(1))
}

fn with_tag_value(bytes: usize) -> TestEvent {
    EventBuilder::new(1).tag(&["description", &"x".repeat(bytes)]).sign(&Keys::from_seed(1))
}

#[tokio::test]
async fn a_follow_list_of_5000_fits() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let list = follow_list(5_000);
    client.store(&list).await;
    client.say(r#"["REQ","list",{"kinds":[3]}]"#).await;
    client.hears_event("list", &list).await;
    client.expect(r#"["EOSE","list",["finish"]]"#).await;
    client.finds(&format!(r##"{{"#p":["{:064x}"]}}"##, 4_999), &[&list]).await;
}

#[tokio::test]
async fn more_than_5000_tags_are_invalid() {
    let relay = Relay::start().await;
    relay.connect().await.refused(&follow_list(5_001), "invalid: more than 5000 tags").await;
}

#[tokio::test]
async fn a_zap_receipt_and_a_gift_wrap_fit() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.store(&with_tag_value(65_536)).await;
    client.store(&EventBuilder::new(1059).content("x".repeat(300_000)).sign(&Keys::from_seed(2))).await;
}

#[tokio::test]
async fn a_tag_value_of_more_than_64_kib_is_invalid() {
    let relay = Relay::start().await;
    let text = "invalid: a string in a tag is longer than 65536 bytes";
    relay.connect().await.refused(&with_tag_value(65_537), text).await;
}

#[tokio::test]
async fn sizes_are_configurable() {
    let relay = Relay::start_with(|config| {
        config.limits.event_tags_max = 2;
        config.limits.tag_value_bytes_max = 64;
    })
    .await;
    let mut client = relay.connect().await;
    client.store(&follow_list(2)).await;
    client.refused(&follow_list(3), "invalid: more than 2 tags").await;
    client.refused(&with_tag_value(65), "invalid: a string in a tag is longer than 64 bytes").await;
}

/// A note whose message has this many bytes.
fn message_of(bytes: usize) -> TestEvent {
    let event = note(&"x".repeat(bytes - note("").message().len()));
    assert_eq!(event.message().len(), bytes);
    event
}

#[tokio::test]
async fn a_message_over_the_bound_closes_the_connection_with_1009_after_a_notice() {
    let relay = Relay::start().await;
    let mut neighbour = relay.connect().await;
    let mut client = relay.connect().await;
    client.store(&message_of(512 * 1024)).await;
    client.say(&message_of(512 * 1024 + 1).message()).await;
    let notice = serde_json::json!(["NOTICE", "invalid: a message has at most 524288 bytes"]);
    assert_eq!(client.closed().await, (1009, vec![notice]));
    assert_eq!(neighbour.count("{}").await, 1);
}

#[tokio::test]
async fn the_bound_of_a_message_is_configurable() {
    let relay = Relay::start_with(|config| {
        config.limits.message_bytes_max = 8_192;
        config.limits.tag_value_bytes_max = 1_024;
    })
    .await;
    let mut client = relay.connect().await;
    client.store(&message_of(8_192)).await;
    client.say(&message_of(8_193).message()).await;
    let notice = serde_json::json!(["NOTICE", "invalid: a message has at most 8192 bytes"]);
    assert_eq!(client.closed().await, (1009, vec![notice]));
}

/// As many events as fit, and then the answer that there is no room; what was answered by OK stays readable.
#[tokio::test]
async fn a_full_store_refuses_by_error_and_goes_on_serving() {
    let mut relay = Relay::start_with(|config| {
        config.store.map_bytes = 8 << 20;
        config.store.map_reserve_bytes = 2 << 20;
    })
    .await;
    let mut client = relay.connect().await;
    let mut stored = Vec::new();
    let refused = loop {
        let event = note(&format!("{} {}", stored.len(), "x".repeat(100_000)));
        let (accepted, text) = client.publish(&event).await;
        if !accepted {
            assert_eq!(text, "error: the relay has no space left, it was not stored");
            break event;
        }
        stored.push(event);
        assert!(stored.len() < 100, "ten megabytes do not fit into eight");
    };
    assert!(stored.len() > 10, "only {} fitted", stored.len());
    client.subscribe("live", "{}").await;
    client.refused(&refused, "error: ").await;
    drop(client);
    for _ in 0..2 {
        let mut client = relay.connect().await;
        assert_eq!(client.count("{}").await, stored.len() as u64);
        client.finds(&format!(r#"{{"ids":["{}"]}}"#, refused.id()), &[]).await;
        for event in &stored {
            assert!(client.publish(event).await.1.starts_with("duplicate: "));
        }
        drop(client);
        relay.restart().await;
    }
}
