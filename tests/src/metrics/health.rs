//! `/healthz` and `/readyz`, on the relay's port and where metrics are to be had.

use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys};

use super::{Scrape, start_with};
use crate::harness::Relay;
use crate::harness::http::request;

/// What both ports say, which has to be the same.
async fn answer(relay: &Relay, path: &str) -> (u16, String) {
    let own = request(&relay.address(), "GET", path, &[]).await;
    let watched = request(&relay.metrics_address().unwrap(), "GET", path, &[]).await;
    assert_eq!((own.status, &own.body), (watched.status, &watched.body));
    assert_eq!(own.header("cache-control"), Some("no-store"));
    (own.status, own.body)
}

fn ready() -> (u16, String) {
    (200, "ready\n".to_owned())
}

#[tokio::test]
async fn a_relay_that_serves_is_alive_and_ready() {
    let relay = start_with(|_| {}).await;
    assert_eq!(answer(&relay, "/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(answer(&relay, "/readyz").await, ready());
    assert_eq!(Scrape::of(&relay).await.get("chappe_ready"), 1.0);
}

#[tokio::test]
async fn a_relay_without_room_is_not_ready_until_there_is_some() {
    let mut relay = start_with(|config| {
        config.store.map_bytes = 8 << 20;
        config.store.map_reserve_bytes = 3 << 20;
    })
    .await;
    let keys = Keys::from_seed(1);
    let mut client = relay.connect().await;
    let expires = (Relay::NOW + 100).to_string();
    let content = |number: u32| format!("{number} {}", "x".repeat(60_000));
    let mut stored = 0;
    loop {
        let event = EventBuilder::new(1).tag(&["expiration", &expires]).content(content(stored)).sign(&keys);
        let (accepted, text) = client.publish(&event).await;
        if !accepted {
            assert!(text.starts_with("error: "), "{text}");
            break;
        }
        stored += 1;
    }
    let full = (503, "the store is full\n".to_owned());
    assert_eq!(answer(&relay, "/readyz").await, full);
    assert_eq!(answer(&relay, "/healthz").await.0, 200);
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get("chappe_ready"), 0.0);
    assert_eq!(scrape.get("chappe_events_refused_total{prefix=\"error\"}"), 1.0);
    // What has expired is removed at the start.
    relay.pass_seconds(200);
    relay.restart().await;
    while relay.events_on_disk().await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(answer(&relay, "/readyz").await, ready());
    assert_eq!(Scrape::of(&relay).await.get("chappe_ready"), 1.0);
}

#[tokio::test]
async fn a_relay_that_stops_is_alive_and_not_ready() {
    let mut relay = start_with(|_| {}).await;
    let address = relay.metrics_address().unwrap();
    // It does not answer the close frame, and so is waited for.
    let _deaf = relay.connect().await;
    let watch = async {
        loop {
            let response = request(&address, "GET", "/readyz", &[]).await;
            if response.status != 200 {
                assert_eq!((response.status, response.body.as_str()), (503, "stopping\n"));
                break;
            }
        }
        assert_eq!(request(&address, "GET", "/healthz", &[]).await.status, 200);
    };
    tokio::join!(relay.stop(), watch);
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "nobody listens any more");
}

/// A file with a fault changes nothing, and that is to be seen.
#[tokio::test]
async fn a_relay_is_ready_by_the_policy_that_is_in_force() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |text: &str| std::fs::write(file.path(), text).unwrap();
    write(r#"{"default_policy":"allow"}"#);
    let relay = start_with(|config| config.policy.file = file.path().to_owned()).await;
    for (text, stale) in [(r#"{"default_policy":"#, 1.0), (r#"{"default_policy":"deny"}"#, 0.0)] {
        write(text);
        relay.reload().await;
        assert_eq!(Scrape::of(&relay).await.get("chappe_policy_stale"), stale);
        assert_eq!(answer(&relay, "/readyz").await, ready());
    }
}
