//! NIP-65: relay lists.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::Relay;

fn relay_list(seed: u64, seconds: u64, relays: &[&[&str]]) -> TestEvent {
    let list = EventBuilder::new(10_002).created_at(seconds);
    relays.iter().fold(list, |list, relay| list.tag(relay)).sign(&Keys::from_seed(seed))
}

#[tokio::test]
async fn the_newest_relay_list_of_each_author_is_served() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let old = relay_list(1, 1_000, &[&["r", "wss://old.example"]]);
    let ann = relay_list(1, 1_001, &[&["r", "wss://a.example"], &["r", "wss://b.example", "write"]]);
    let ben = relay_list(2, 1_002, &[&["r", "wss://b.example", "read"]]);
    for list in [&old, &ann, &ben] {
        client.store(list).await;
    }
    let authors = [1, 2].map(|seed| Keys::from_seed(seed).hex());
    let filter = format!(r#"{{"kinds":[10002],"authors":["{}","{}"]}}"#, authors[0], authors[1]);
    client.finds(&filter, &[&ben, &ann]).await;
}

#[tokio::test]
async fn relay_lists_are_found_by_the_relays_they_name() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let ann = relay_list(1, 1_001, &[&["r", "wss://a.example"], &["r", "wss://b.example", "write"]]);
    let ben = relay_list(2, 1_002, &[&["r", "wss://b.example", "read"]]);
    client.store(&ann).await;
    client.store(&ben).await;
    client.finds(r##"{"kinds":[10002],"#r":["wss://a.example"]}"##, &[&ann]).await;
    client.finds(r##"{"kinds":[10002],"#r":["wss://b.example"]}"##, &[&ben, &ann]).await;
    client.finds(r##"{"kinds":[10002],"#r":["wss://b.example/"]}"##, &[]).await;
}
