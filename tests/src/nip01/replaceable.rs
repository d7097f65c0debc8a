//! Replaceable and addressable events: of each place, the newest version is kept.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::note;
use crate::harness::Relay;

const SUPERSEDED: &str = "duplicate: have a newer event";

/// Every range, at both ends.
const KINDS: [u16; 7] = [0, 3, 10_000, 10_002, 19_999, 30_000, 39_999];

fn version(kind: u16, seconds: u64) -> TestEvent {
    EventBuilder::new(kind).created_at(seconds).tag(&["d", "here"]).sign(&Keys::from_seed(1))
}

fn filter(kind: u16) -> String {
    format!(r#"{{"kinds":[{kind}]}}"#)
}

#[tokio::test]
async fn a_newer_version_takes_the_place_of_the_older() {
    let mut relay = Relay::start().await;
    let mut client = relay.connect().await;
    for kind in KINDS {
        let [old, new] = [1_000, 1_001].map(|seconds| version(kind, seconds));
        client.store(&old).await;
        client.store(&new).await;
        client.finds(&filter(kind), &[&new]).await;
        client.finds(&format!(r#"{{"ids":["{}"]}}"#, old.id()), &[]).await;
        assert_eq!(client.count(&filter(kind)).await, 1);
    }
    drop(client);
    relay.restart().await;
    assert_eq!(relay.connect().await.count("{}").await, KINDS.len() as u64);
}

#[tokio::test]
async fn an_older_version_is_told_as_duplicate_and_reaches_nobody() {
    let mut relay = Relay::start().await;
    let mut listener = relay.connect().await;
    listener.subscribe("live", r#"{"since":0}"#).await;
    let mut client = relay.connect().await;
    for kind in KINDS {
        let [older, old, new] = [999, 1_000, 1_001].map(|seconds| version(kind, seconds));
        client.store(&old).await;
        listener.hears_event("live", &old).await;
        client.store(&new).await;
        listener.hears_event("live", &new).await;
        // One that was never here, and one that was replaced.
        for event in [&older, &old] {
            assert_eq!(client.publish(event).await, (false, SUPERSEDED.to_owned()), "kind {kind}");
        }
        client.finds(&filter(kind), &[&new]).await;
    }
    listener.hears_no_event().await;
    drop(listener);
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    for kind in KINDS {
        client.refused(&version(kind, 999), SUPERSEDED).await;
    }
}

#[tokio::test]
async fn of_equally_new_versions_the_lowest_id_wins() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for kind in KINDS {
        let mut versions: Vec<_> = (0..4)
            .map(|n| {
                EventBuilder::new(kind).tag(&["d", "here"]).content(format!("{n}")).sign(&Keys::from_seed(1))
            })
            .collect();
        versions.sort_by_key(TestEvent::id);
        let [lowest, low, high, highest] = <[TestEvent; 4]>::try_from(versions).unwrap();
        client.store(&high).await;
        client.refused(&highest, SUPERSEDED).await;
        client.store(&low).await;
        client.store(&lowest).await;
        client.refused(&high, SUPERSEDED).await;
        client.finds(&filter(kind), &[&lowest]).await;
    }
}

/// The order is decided by the writer, so it does not matter how many connections race.
#[tokio::test]
async fn versions_that_race_leave_the_newest() {
    let relay = Relay::start().await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(relay.connect().await);
    }
    let versions: Vec<_> = (0..80_u64).map(|n| version(0, 1_000 + n * 37 % 80)).collect();
    for (n, event) in versions.iter().enumerate() {
        clients[n % 4].say(&event.message()).await;
    }
    for (n, event) in versions.iter().enumerate() {
        let (accepted, text) = clients[n % 4].ok(event).await;
        assert!((accepted && text.is_empty()) || text == SUPERSEDED, "{text}");
    }
    clients[0].finds("{}", &[&version(0, 1_079)]).await;
}

#[tokio::test]
async fn other_kinds_keep_every_version() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for kind in [1, 2, 8, 44, 45, 999, 1_000, 9_999, 40_000, 65_535] {
        let [old, new] = [1_000, 1_001].map(|seconds| version(kind, seconds));
        client.store(&new).await;
        client.store(&old).await;
        assert_eq!(client.count(&filter(kind)).await, 2, "kind {kind}");
    }
}

#[tokio::test]
async fn authors_kinds_and_d_tags_have_places_of_their_own() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = |kind, d, seed| EventBuilder::new(kind).tag(&["d", d]).sign(&Keys::from_seed(seed));
    for event in [
        event(30_023, "a", 1),
        event(30_023, "b", 1),
        event(30_023, "A", 1),
        event(30_023, "", 1),
        event(30_024, "a", 1),
        event(30_023, "a", 2),
        event(0, "a", 1),
        event(0, "a", 2),
    ] {
        client.store(&event).await;
    }
    assert_eq!(client.count("{}").await, 8);
    // The `d` tag means nothing for a replaceable kind.
    let newer = EventBuilder::new(0).created_at(Relay::NOW + 1).tag(&["d", "b"]).sign(&Keys::from_seed(1));
    client.store(&newer).await;
    assert_eq!(client.count("{}").await, 8);
}

#[tokio::test]
async fn no_d_tag_means_an_empty_one() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let keys = Keys::from_seed(1);
    let builder = |seconds| EventBuilder::new(30_023).created_at(seconds);
    let versions = [
        builder(1_000).sign(&keys),
        builder(1_001).tag(&["d", ""]).sign(&keys),
        builder(1_002).tag(&["d"]).sign(&keys),
        builder(1_003).tag(&["d"]).tag(&["d", "second"]).sign(&keys),
        builder(1_004).tag(&["e", "x"]).sign(&keys),
    ];
    for version in &versions {
        client.store(version).await;
        client.finds(r#"{"kinds":[30023]}"#, &[version]).await;
    }
    for version in versions.iter().rev().skip(1) {
        client.refused(version, SUPERSEDED).await;
    }
}

#[tokio::test]
async fn the_first_d_tag_counts() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let both = EventBuilder::new(30_023).tag(&["d", "a"]).tag(&["d", "b"]).sign(&Keys::from_seed(1));
    let second =
        EventBuilder::new(30_023).created_at(Relay::NOW + 1).tag(&["d", "b"]).sign(&Keys::from_seed(1));
    client.store(&both).await;
    client.store(&second).await;
    assert_eq!(client.count("{}").await, 2);
}

#[tokio::test]
async fn a_replaceable_event_leaves_the_others_alone() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let note = note("hello");
    client.store(&note).await;
    for seconds in [Relay::NOW, Relay::NOW + 1] {
        client.store(&version(0, seconds)).await;
    }
    client.finds("{}", &[&version(0, Relay::NOW + 1), &note]).await;
}
