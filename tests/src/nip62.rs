//! NIP-62: requests to vanish.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::{Client, Relay};

const VANISHED: &str = "blocked: this event was deleted by its author";

fn leaver() -> Keys {
    Keys::from_seed(1)
}

fn vanish(seconds: u64, relays: &[&str]) -> TestEvent {
    let request = EventBuilder::new(62).created_at(seconds).content("goodbye");
    relays.iter().fold(request, |request, relay| request.tag(&["relay", relay])).sign(&leaver())
}

fn at(kind: u16, seconds: u64, keys: &Keys) -> TestEvent {
    EventBuilder::new(kind).created_at(seconds).tag(&["d", "x"]).sign(keys)
}

fn wrap_to(keys: &Keys, seconds: u64) -> TestEvent {
    EventBuilder::new(1059).created_at(seconds).tag(&["p", &keys.hex()]).sign(&Keys::from_seed(77))
}

/// Events of the leaver until second 1,000, of which nothing may be left after a vanish at that second.
fn leavings() -> Vec<TestEvent> {
    let kept_away = EventBuilder::new(5).created_at(900).tag(&["e", &"0".repeat(64)]).sign(&leaver());
    let kinds = [0, 1, 3, 4, 7, 10_002, 30_023];
    let mut events: Vec<_> = kinds.into_iter().map(|kind| at(kind, 900, &leaver())).collect();
    events.extend([kept_away, at(1, 1_000, &leaver()), at(1, 0, &leaver()), wrap_to(&leaver(), 1_000)]);
    events
}

/// What a vanish at second 1,000 leaves alone.
fn others() -> Vec<TestEvent> {
    let other = Keys::from_seed(2);
    let mention = EventBuilder::new(1).created_at(900).tag(&["p", &leaver().hex()]).sign(&other);
    vec![at(1, 900, &other), at(0, 900, &other), mention, wrap_to(&other, 900), wrap_to(&leaver(), 1_001)]
}

async fn store_all(client: &mut Client, events: &[TestEvent]) {
    for event in events {
        client.store(event).await;
    }
}

/// Who may see all of it.
async fn connect(relay: &Relay) -> Client {
    relay.connect_as(&[&leaver(), &Keys::from_seed(2)]).await
}

async fn is_gone_for_good(client: &mut Client) {
    for event in leavings() {
        client.finds(&format!(r#"{{"ids":["{}"]}}"#, event.id()), &[]).await;
        client.refused(&event, VANISHED).await;
    }
    // Nor does anything else of that time come in.
    client.refused(&at(1, 950, &leaver()), VANISHED).await;
    client.refused(&wrap_to(&leaver(), 950), VANISHED).await;
    for event in others() {
        client.finds(&format!(r#"{{"ids":["{}"]}}"#, event.id()), &[&event]).await;
    }
}

#[tokio::test]
async fn everything_of_the_author_until_then_is_gone_for_good() {
    let mut relay = Relay::start().await;
    let mut client = connect(&relay).await;
    store_all(&mut client, &leavings()).await;
    store_all(&mut client, &others()).await;
    let later = at(1, 1_001, &leaver());
    client.store(&later).await;
    let request = vanish(1_000, &["ALL_RELAYS"]);
    client.store(&request).await;
    is_gone_for_good(&mut client).await;
    client.finds(&format!(r#"{{"authors":["{}"]}}"#, leaver().hex()), &[&later, &request]).await;
    drop(client);
    relay.restart().await;
    is_gone_for_good(&mut connect(&relay).await).await;
}

#[tokio::test]
async fn who_has_vanished_may_come_back_with_something_new() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.store(&vanish(1_000, &["ALL_RELAYS"])).await;
    client.refused(&at(1, 1_000, &leaver()), VANISHED).await;
    client.store(&at(1, 1_001, &leaver())).await;
    client.store(&at(0, Relay::NOW, &leaver())).await;
}

#[tokio::test]
async fn a_vanish_survives_export_and_import() {
    let relay = Relay::start().await;
    let mut client = connect(&relay).await;
    store_all(&mut client, &leavings()).await;
    store_all(&mut client, &others()).await;
    client.store(&vanish(1_000, &["ALL_RELAYS"])).await;
    drop(client);
    let relay = relay.exported_and_imported().await;
    is_gone_for_good(&mut connect(&relay).await).await;
}

#[tokio::test]
async fn a_deletion_of_a_vanish_has_no_effect() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let request = vanish(1_000, &["ALL_RELAYS"]);
    client.store(&request).await;
    client.store(&EventBuilder::new(5).tag(&["e", &request.id().to_string()]).sign(&leaver())).await;
    client.refused(&at(1, 900, &leaver()), VANISHED).await;
    client.finds(r#"{"kinds":[62]}"#, &[&request]).await;
}

#[tokio::test]
async fn a_later_vanish_reaches_further_and_an_earlier_one_takes_nothing_back() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.store(&vanish(1_000, &["ALL_RELAYS"])).await;
    let between = at(1, 1_500, &leaver());
    client.store(&between).await;
    client.store(&vanish(2_000, &["ALL_RELAYS"])).await;
    client.refused(&between, VANISHED).await;
    client.refused(&vanish(1_000, &["ALL_RELAYS"]), VANISHED).await;
    client.refused(&between, VANISHED).await;
}

/// docs/decisions/0005.
#[tokio::test]
async fn a_request_has_to_name_this_relay() {
    let relay = Relay::start_with(|config| {
        config.relay.urls = vec!["wss://relay.example.com".into(), "ws://onion.example:8080".into()];
    })
    .await;
    let mut client = relay.connect().await;
    let event = at(1, 900, &leaver());
    let elsewhere = "invalid: the request to vanish does not name this relay";
    client.store(&event).await;
    for (relays, text) in [
        (&[] as &[&str], "invalid: a request to vanish has to name a relay"),
        (&["wss://other.example"], elsewhere),
        (&["wss://relay.example.com/path"], elsewhere),
        (&["all_relays"], elsewhere),
        (&["ALL_RELAYS "], elsewhere),
        (&[""], elsewhere),
        (&[&relay.url()], elsewhere),
    ] {
        client.refused(&vanish(1_000, relays), text).await;
        client.finds("{}", &[&event]).await;
    }
    for (n, relays) in [
        &["wss://other.example", "WSS://relay.example.com:443/"] as &[&str],
        &["ws://onion.example:8080/"],
        &["wss://other.example", "ALL_RELAYS"],
    ]
    .into_iter()
    .enumerate()
    {
        let seconds = 1_000 + 10 * n as u64;
        client.store(&at(1, seconds, &leaver())).await;
        let request = vanish(seconds, relays);
        client.store(&request).await;
        client.finds("{}", &[&request]).await;
    }
}

#[tokio::test]
async fn without_own_addresses_the_one_connected_to_counts() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let elsewhere = vanish(1_000, &["wss://relay.example.com"]);
    client.refused(&elsewhere, "invalid: the request to vanish does not name this relay").await;
    client.store(&vanish(1_000, &[&relay.url()])).await;
    client.refused(&at(1, 900, &leaver()), VANISHED).await;
}

/// All in one go, so that one commit may hold them all.
#[tokio::test]
async fn a_vanish_has_its_place_in_the_order_of_what_was_sent() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let events = [
        (at(1, 900, &leaver()), ""),
        (vanish(1_000, &["ALL_RELAYS"]), ""),
        (at(1, 900, &leaver()), VANISHED),
        (at(1, 950, &leaver()), VANISHED),
        (wrap_to(&leaver(), 950), VANISHED),
        (at(1, 1_001, &leaver()), ""),
        (wrap_to(&leaver(), 1_001), ""),
    ];
    for (event, _) in &events {
        client.say(&event.message()).await;
    }
    for (event, text) in &events {
        assert_eq!(client.ok(event).await, (text.is_empty(), (*text).to_owned()), "{}", event.json());
    }
    client.finds("{}", &[&events[5].0, &events[1].0]).await;
}
