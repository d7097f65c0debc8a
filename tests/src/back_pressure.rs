//! Clients that ask for much and read slowly, or not at all.

use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use futures_util::SinkExt;
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Process, Relay, heavy};

/// Events of 64 KB each.
fn large(count: u64) -> Vec<TestEvent> {
    let keys = Keys::from_seed(1);
    let event = |number: u64| {
        let content = format!("{number} {}", "x".repeat(64_000));
        EventBuilder::new(1).created_at(Relay::NOW - number).content(content).sign(&keys)
    };
    (0..count).map(event).collect()
}

/// Publishes with a window in flight.
async fn publish(client: &mut Client, events: &[TestEvent]) {
    for window in events.chunks(16) {
        for event in window {
            client.socket.feed(Message::text(event.message())).await.unwrap();
        }
        client.socket.flush().await.unwrap();
        for event in window {
            assert_eq!(client.ok(event).await, (true, String::new()));
        }
    }
}

/// Hears these events on this subscription, each whole and in this order, and EOSE.
async fn hears_all(client: &mut Client, name: &str, events: &[TestEvent]) {
    for event in events {
        client.hears_event(name, event).await;
    }
    client.expect_start(&format!(r#"["EOSE","{name}""#)).await;
}

/// How many events are asked for at once: far more bytes than lie in the buffers of two sockets.
const STORED: u64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_costs_no_memory_and_gets_everything_later() {
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let relay = Process::start(dir.path(), &[]).await;
    let events = large(STORED);
    publish(&mut relay.connect().await, &events).await;
    let mut lazy = Vec::new();
    for _ in 0..4 {
        lazy.push(Client::connect_with_small_buffers(&relay.url()).await);
    }
    let mut neighbour = relay.connect().await;
    neighbour.finds(r#"{"limit":1}"#, &[&events[0]]).await;
    let before = relay.memory_kib();
    for client in &mut lazy {
        for name in ["a", "b", "c"] {
            client.say(&format!(r#"["REQ","{name}",{{"limit":5000}}]"#)).await;
        }
    }
    // Once it has filled the sockets, the relay has nothing to do for those who do not read.
    let mut most = 0;
    let mut quiet = 0;
    while quiet < 10 {
        let busy = relay.cpu_ticks();
        neighbour.finds(r#"{"limit":1}"#, &[&events[0]]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        most = most.max(relay.memory_kib());
        quiet = if relay.cpu_ticks() == busy { quiet + 1 } else { 0 };
    }
    let grown = most.saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more for 384 MB that nobody reads");
    for mut client in lazy {
        for name in ["a", "b", "c"] {
            hears_all(&mut client, name, &events).await;
        }
        client.hears_nothing_more().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_stops_a_running_query() {
    let _alone = heavy().await;
    let relay = Relay::start().await;
    let events = large(STORED);
    publish(&mut relay.connect().await, &events).await;
    let mut client = Client::connect_with_small_buffers(&relay.url()).await;
    client.say(r#"["REQ","long",{"limit":5000}]"#).await;
    client.hears_event("long", &events[0]).await;
    client.say(r#"["CLOSE","long"]"#).await;
    client.say(r#"["COUNT","next",{}]"#).await;
    let mut heard = 1;
    let answer = loop {
        let text = client.hear_text().await;
        if !text.starts_with(r#"["EVENT","long","#) {
            break text;
        }
        assert_eq!(text, events[heard].delivery("long"));
        heard += 1;
    };
    assert_eq!(answer, format!(r#"["COUNT","next",{{"count":{STORED}}}]"#));
    assert!(heard < events.len() / 2, "{heard} events were sent all the same");
    // It is no live subscription any more either.
    let after = EventBuilder::new(1).sign(&Keys::from_seed(2));
    client.store(&after).await;
    client.hears_nothing_more().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_subscriber_that_does_not_read_is_closed_and_holds_nobody_up() {
    let _alone = heavy().await;
    let relay = Relay::start_with(|config| config.limits.live_backlog_bytes_max = 1 << 20).await;
    // 2 MB: what fits into the sockets and the backlog, and half as much again.
    let events = large(32);
    let mut slow = Client::connect_with_small_buffers(&relay.url()).await;
    slow.subscribe("slow", r#"{"kinds":[1]}"#).await;
    let mut good = relay.connect().await;
    good.subscribe("good", r#"{"kinds":[1]}"#).await;
    let mut publisher = relay.connect().await;
    for events in events.chunks(4) {
        publish(&mut publisher, events).await;
        for event in events {
            good.hears_event("good", event).await;
        }
    }
    // It is told, if it reads within a second.
    let (code, mut texts) = slow.closed().await;
    let notice = texts.pop().unwrap();
    assert_eq!((code, &notice[0]), (1013, &"NOTICE".into()), "{notice}");
    assert!(notice[1].as_str().unwrap().starts_with("error: "), "{notice}");
    assert!((1..events.len()).contains(&texts.len()), "{} events came", texts.len());
    for (heard, event) in texts.iter().zip(&events) {
        assert_eq!(heard[2]["id"], event.id().to_string(), "none is left out before the end");
    }
    good.hears_nothing_more().await;
    publisher.finds(r#"{"limit":1}"#, &[&events[0]]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_subscriber_that_never_reads_again_is_forgotten() {
    let _alone = heavy().await;
    let relay = Relay::start_with(|config| config.limits.live_backlog_bytes_max = 1 << 20).await;
    let mut dead = Client::connect_with_small_buffers(&relay.url()).await;
    dead.subscribe("dead", r#"{"kinds":[1]}"#).await;
    let mut publisher = relay.connect().await;
    publish(&mut publisher, &large(48)).await;
    // The publisher, and the one that asks.
    relay.reaches(r#""connections":2,"subscriptions":0"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_reading_for_good_is_closed() {
    let relay = Relay::start_with(|config| config.timeouts.write_seconds = 1).await;
    let events = large(100);
    let mut publisher = relay.connect().await;
    publish(&mut publisher, &events).await;
    let mut dead = Client::connect_with_small_buffers(&relay.url()).await;
    dead.say(r#"["REQ","dead",{}]"#).await;
    relay.reaches(r#""connections":2,"subscriptions":0"#).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_does_not_read_its_oks_is_read_from_no_further() {
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let relay = Process::start(dir.path(), &[]).await;
    let before = relay.memory_kib();
    let mut client = Client::connect_with_small_buffers(&relay.url()).await;
    // Each is answered by a NOTICE some three times its size.
    let message = "[".repeat(20);
    let mut said = 0_u64;
    // In the end the relay takes no more, and so the client cannot say more.
    while let Ok(fed) =
        timeout(Duration::from_millis(500), client.socket.feed(Message::text(&*message))).await
    {
        fed.unwrap();
        said += 1;
        assert!(said < 5_000_000, "the relay takes everything");
    }
    let grown = relay.memory_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more after {said} messages");
    relay.connect().await.hears_nothing_more().await;
    for _ in 0..1_000 {
        client.expect_start(r#"["NOTICE","invalid: "#).await;
    }
}
