//! Many connections and many subscriptions.

use chappe_testkit::{EventBuilder, Keys};
use futures_util::SinkExt;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::{Client, Process, Relay, heavy};

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let relay = Relay::start_with(|config| config.limits.connections_max = 4).await;
    let mut crowd: Vec<Client> = Vec::new();
    for _ in 0..4 {
        crowd.push(relay.connect().await);
    }
    let refused = tokio_tungstenite::connect_async(relay.url()).await;
    let Err(Error::Http(response)) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), 503);
    // Those who are in notice nothing.
    for client in &mut crowd {
        client.hears_nothing_more().await;
    }
    // Whoever leaves makes room, as soon as the relay has seen it.
    crowd.pop().unwrap().socket.close(None).await.unwrap();
    let mut next = loop {
        match tokio_tungstenite::connect_async(relay.url()).await {
            Ok((socket, _)) => break Client { socket },
            Err(Error::Http(response)) => assert_eq!(response.status(), 503),
            Err(error) => panic!("{error}"),
        }
    };
    next.hears_nothing_more().await;
}

/// Nothing comes after the last event that would take it along. Who publishes listens as well, and hears each OK first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_reaches_everybody_to_its_last_event() {
    let relay = Relay::start().await;
    let mut crowd: Vec<Client> = Vec::new();
    for _ in 0..20 {
        let mut client = relay.connect().await;
        client.subscribe("all", r#"{"kinds":[1]}"#).await;
        crowd.push(client);
    }
    let mut publisher = relay.connect().await;
    publisher.subscribe("all", r#"{"kinds":[1]}"#).await;
    let keys = Keys::from_seed(1);
    for burst in 0..5 {
        let text = |number| format!("{burst}, {number}");
        let events: Vec<_> =
            (0..100).map(|number| EventBuilder::new(1).content(text(number)).sign(&keys)).collect();
        for event in &events {
            publisher.socket.feed(Message::text(event.message())).await.unwrap();
        }
        publisher.socket.flush().await.unwrap();
        let mut deliveries = events.iter().map(|event| event.delivery("all"));
        let mut oks = events.iter().map(|event| format!(r#"["OK","{}",true,""]"#, event.id()));
        let (mut accepted, mut delivered) = (0, 0);
        while delivered < events.len() {
            let heard = publisher.hear_text().await;
            if heard.starts_with(r#"["OK""#) {
                assert_eq!(Some(heard), oks.next());
                accepted += 1;
            } else {
                assert_eq!(Some(heard), deliveries.next());
                delivered += 1;
                assert!(delivered <= accepted, "an event came before its OK");
            }
        }
        for event in &events {
            join_all(crowd.iter_mut().map(|client| client.hears_event("all", event))).await;
        }
    }
}

/// How many clients this process may hold: each is a descriptor, and other tests need some too.
fn crowd_size() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let descriptors: usize = line.split_ascii_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    let size = 1_000.min(descriptors / 2);
    eprintln!("{size} clients");
    size
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_subscribers_stay_served() {
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let relay = Process::start(dir.path(), &[]).await;
    let size = crowd_size();
    let before = relay.memory_kib();
    let mut crowd = Vec::new();
    for number in 0..size {
        let mut client = relay.connect().await;
        client.subscribe("own", &format!(r##"{{"#n":["{number}"]}},{{"kinds":[20001]}}"##)).await;
        crowd.push(client);
    }
    let each = relay.memory_kib().saturating_sub(before) / size as u64;
    assert!(each < 64, "{each} KiB for an idle connection");
    let mut publisher = relay.connect().await;
    let keys = Keys::from_seed(1);
    for number in [0, 1, size / 2, size - 1] {
        let event = EventBuilder::new(1).tag(&["n", &number.to_string()]).sign(&keys);
        publisher.store(&event).await;
        crowd[number].hears_event("own", &event).await;
    }
    // What everybody hears is the next thing that each of them hears.
    for round in 0..3_u64 {
        let event = EventBuilder::new(20_001).content(round.to_string()).sign(&keys);
        publisher.store(&event).await;
        join_all(crowd.iter_mut().map(|client| client.hears_event("own", &event))).await;
    }
    for client in crowd.iter_mut().step_by(97) {
        client.hears_nothing_more().await;
    }
}

#[tokio::test]
async fn three_hundred_subscriptions_and_no_more() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for number in 0..300 {
        client.subscribe(&number.to_string(), &format!(r#"{{"kinds":[{}]}}"#, 2_000 + number)).await;
    }
    let too_many = r#"["REQ","more",{"kinds":[1]}]"#;
    client.say(too_many).await;
    client.expect_start(r#"["CLOSED","more","rate-limited: "#).await;
    // One of the same name takes the old one's place.
    client.subscribe("7", r#"{"kinds":[20007]}"#).await;
    // COUNT opens nothing.
    assert_eq!(client.count("{}").await, 0);
    client.say(r#"["CLOSE","299"]"#).await;
    client.subscribe("more", r#"{"kinds":[20001]}"#).await;
    client.say(&too_many.replace("more", "again")).await;
    client.expect_start(r#"["CLOSED","again","rate-limited: "#).await;
    // Each is alive, but for the one that was closed and the one that was replaced.
    let mut publisher = relay.connect().await;
    let keys = Keys::from_seed(1);
    for kind in [20_007, 20_001, 2_007, 2_299].into_iter().chain(2_000..2_007).chain(2_008..2_299) {
        let event = EventBuilder::new(kind).sign(&keys);
        publisher.store(&event).await;
        match kind {
            20_007 => client.hears_event("7", &event).await,
            20_001 => client.hears_event("more", &event).await,
            2_007 | 2_299 => {}
            _ => client.hears_event(&(kind - 2_000).to_string(), &event).await,
        }
    }
}
