//! SIGTERM and SIGINT: an orderly end, also under load.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Process, Relay, heavy};

/// The relay has five seconds by default, from the signal to the exit.
const SHUTDOWN: Duration = Duration::from_secs(5);

fn event(publisher: u64, number: u64) -> TestEvent {
    let content = format!("{publisher} {number} {}", "x".repeat(2_000));
    EventBuilder::new(1).created_at(Relay::NOW + number).content(content).sign(&Keys::from_seed(publisher))
}

/// Publishes until the relay closes. Gives what was acknowledged, and the close code.
async fn publish_until_closed(
    mut client: Client,
    publisher: u64,
    busy: watch::Sender<bool>,
) -> (Vec<String>, u16) {
    let mut acknowledged = Vec::new();
    let mut sent = 0;
    let mut open = true;
    loop {
        while open && sent < acknowledged.len() as u64 + 64 {
            // After the close frame nothing can be said any more.
            open = client.socket.feed(Message::text(event(publisher, sent).message())).await.is_ok();
            sent += 1;
        }
        open = open && client.socket.flush().await.is_ok();
        match client.socket.next().await.expect("a close frame") {
            Ok(Message::Text(text)) => {
                let heard: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(heard[0], "OK", "{heard}");
                if heard[2] == true {
                    acknowledged.push(heard[1].as_str().unwrap().to_owned());
                } else {
                    // It came too late to be taken, and is told so.
                    assert!(heard[3].as_str().unwrap().starts_with("error: "), "{heard}");
                }
                busy.send_replace(acknowledged.len() > 200);
            }
            Ok(Message::Close(frame)) => return (acknowledged, frame.expect("a code").code.into()),
            other => panic!("{other:?}"),
        }
    }
}

async fn stops_in_order(signal: &str) {
    let dir = TempDir::new().unwrap();
    // The subscriber below shares its processors with four publishers, and may lag.
    let mut relay = Process::start(dir.path(), &[("LIMITS__LIVE_BACKLOG_BYTES_MAX", "268435456")]).await;
    let mut publishing = Vec::new();
    let mut busy = Vec::new();
    for publisher in 1..=4 {
        let (sender, receiver) = watch::channel(false);
        busy.push(receiver);
        publishing.push(tokio::spawn(publish_until_closed(relay.connect().await, publisher, sender)));
    }
    let mut subscriber = relay.connect().await;
    subscriber.subscribe("live", r#"{"kinds":[1]}"#).await;
    let hearing = tokio::spawn(async move { subscriber.closed().await });
    let mut idle = relay.connect().await;
    for mut busy in busy {
        busy.wait_for(|busy| *busy).await.unwrap();
    }
    relay.signal(signal);
    let signalled = Instant::now();
    assert_eq!(idle.closed().await, (1001, vec![]));
    let mut acknowledged = Vec::new();
    for task in publishing {
        let (own, code) = task.await.unwrap();
        assert_eq!(code, 1001);
        acknowledged.extend(own);
    }
    let (code, heard) = hearing.await.unwrap();
    assert_eq!(code, 1001);
    assert!(!heard.is_empty());
    let status = relay.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(signalled.elapsed() < SHUTDOWN, "took {:?}", signalled.elapsed());

    let relay = Process::start(dir.path(), &[]).await;
    let mut client = relay.connect().await;
    for ids in acknowledged.chunks(400) {
        let (found, _) = client.query(&serde_json::json!({ "ids": ids }).to_string()).await;
        let found: HashSet<_> = found.iter().map(|event| event["id"].as_str().unwrap()).collect();
        let lost = ids.iter().filter(|id| !found.contains(id.as_str())).count();
        assert_eq!(lost, 0, "{lost} of {} acknowledged events are gone", acknowledged.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load() {
    let _alone = heavy().await;
    stops_in_order("TERM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigint_under_load() {
    let _alone = heavy().await;
    stops_in_order("INT").await;
}

/// Starts a relay that has much to send to a client that does not read, which holds up its end for a while.
async fn held_up(dir: &TempDir) -> (Process, Client) {
    let relay = Process::start(dir.path(), &[]).await;
    let mut publisher = relay.connect().await;
    for number in 0..20 {
        let content = "x".repeat(200_000);
        let event = EventBuilder::new(1).created_at(Relay::NOW + number).content(content);
        publisher.store(&event.sign(&Keys::from_seed(1))).await;
    }
    let mut lazy = Client::connect_with_small_buffers(&relay.url()).await;
    lazy.say(r#"["REQ","much",{}]"#).await;
    lazy.expect_start(r#"["EVENT","much","#).await;
    (relay, lazy)
}

#[tokio::test]
async fn no_new_connections_while_stopping() {
    let dir = TempDir::new().unwrap();
    let (mut relay, _lazy) = held_up(&dir).await;
    let mut idle = relay.connect().await;
    // Taken, and has asked for nothing yet.
    let half_open = TcpStream::connect(relay.addresses()[0]).await.unwrap();
    relay.signal("TERM");
    let signalled = Instant::now();
    assert_eq!(idle.closed().await.0, 1001);
    assert!(TcpStream::connect(relay.addresses()[0]).await.is_err(), "still listening");
    assert!(relay.is_running(), "nothing held it up");
    let half_open = MaybeTlsStream::Plain(half_open);
    // If the request is read at the same moment as the signal, it is answered, and the end is told by the close frame.
    if let Ok((socket, _)) = tokio_tungstenite::client_async(relay.url(), half_open).await {
        assert_eq!(Client { socket }.closed().await, (1001, vec![]));
    }
    assert_eq!(relay.ended().await.code(), Some(0));
    assert!(signalled.elapsed() < SHUTDOWN, "took {:?}", signalled.elapsed());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let dir = TempDir::new().unwrap();
    let (mut relay, _lazy) = held_up(&dir).await;
    let mut idle = relay.connect().await;
    relay.signal("TERM");
    assert_eq!(idle.closed().await.0, 1001);
    let before = Instant::now();
    relay.signal("INT");
    relay.ended().await;
    assert!(before.elapsed() < Duration::from_secs(1), "took {:?}", before.elapsed());
}

#[tokio::test]
async fn an_idle_relay_ends_at_once() {
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[]).await;
    let before = Instant::now();
    relay.stop().await;
    assert!(before.elapsed() < Duration::from_secs(2), "took {:?}", before.elapsed());
}
