//! NIP-40: expiration.

use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::Relay;

const EXPIRED: &str = "invalid: the event has expired";

fn expiring(kind: u16, at: u64) -> TestEvent {
    EventBuilder::new(kind).tag(&["expiration", &at.to_string()]).sign(&Keys::from_seed(1))
}

#[tokio::test]
async fn an_event_that_has_expired_is_refused() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for kind in [1, 0, 5, 1059, 20_001, 30_023] {
        for at in [0, 1_000, Relay::NOW - 1, Relay::NOW] {
            client.refused(&expiring(kind, at), EXPIRED).await;
        }
    }
    client.store(&expiring(1, Relay::NOW + 1)).await;
}

#[tokio::test]
async fn an_event_is_gone_the_second_it_expires() {
    let mut relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (event, lasting) = (expiring(1, Relay::NOW + 10), expiring(1, Relay::NOW + 1_000));
    client.store(&event).await;
    client.store(&lasting).await;
    let filters = [
        "{}".to_owned(),
        r#"{"kinds":[1]}"#.to_owned(),
        format!(r#"{{"ids":["{}","{}"]}}"#, event.id(), lasting.id()),
        format!(r#"{{"authors":["{}"]}}"#, event.pubkey()),
    ];
    relay.pass_seconds(9);
    for filter in &filters {
        assert_eq!((client.query(filter).await.0.len(), client.count(filter).await), (2, 2), "{filter}");
    }
    relay.pass_seconds(1);
    for filter in &filters {
        client.finds(filter, &[&lasting]).await;
        assert_eq!(client.count(filter).await, 1, "{filter}");
        assert_eq!(client.query(filter).await.1.as_deref(), Some("finish"));
    }
    client.finds(r#"{"limit":1}"#, &[&lasting]).await;
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    client.finds("{}", &[&lasting]).await;
}

#[tokio::test]
async fn what_has_expired_does_not_come_back() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = expiring(1, Relay::NOW + 10);
    client.store(&event).await;
    relay.pass_seconds(10);
    // Whether it is still on disk or swept already is nobody's business.
    let (_, text) = client.publish(&event).await;
    assert!(text == EXPIRED || text == "duplicate: already have this event", "{text}");
    client.finds("{}", &[]).await;
}

#[tokio::test]
async fn an_expired_version_is_in_nobodys_way() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let build = |seconds| EventBuilder::new(30_023).created_at(seconds).tag(&["d", "x"]);
    let expiring =
        build(2_000).tag(&["expiration", &(Relay::NOW + 10).to_string()]).sign(&Keys::from_seed(1));
    let older = build(1_000).sign(&Keys::from_seed(1));
    client.store(&expiring).await;
    client.refused(&older, "duplicate: have a newer event").await;
    relay.pass_seconds(10);
    client.store(&older).await;
    client.finds("{}", &[&older]).await;
}

#[tokio::test]
async fn live_subscribers_hear_of_what_will_expire() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("live", "{}").await;
    let event = expiring(1, Relay::NOW + 1);
    relay.connect().await.store(&event).await;
    client.hears_event("live", &event).await;
}

#[tokio::test]
async fn an_expiration_that_is_no_number_counts_as_none() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for value in ["", "soon", "-1", "1.5", "0x10", "99999999999999999999999"] {
        client.store(&EventBuilder::new(1).tag(&["expiration", value]).sign(&Keys::from_seed(1))).await;
    }
    client.store(&EventBuilder::new(1).tag(&["expiration"]).sign(&Keys::from_seed(1))).await;
    relay.pass_seconds(1_000_000_000);
    assert_eq!(client.count("{}").await, 7);
}

#[tokio::test]
async fn expired_events_are_swept_from_disk() {
    let mut relay = Relay::start().await;
    let mut client = relay.connect().await;
    for n in 1..=20 {
        client.store(&expiring(1, Relay::NOW + n)).await;
    }
    assert_eq!(relay.events_on_disk().await, 20);
    relay.pass_seconds(15);
    // The relay sweeps when it starts, and from then on every minute.
    drop(client);
    relay.restart().await;
    let swept = async {
        while relay.events_on_disk().await > 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept).await.expect("nothing is swept");
    assert_eq!(relay.connect().await.count("{}").await, 5);
}
