//! EVENT and its OK.

use chappe_protocol::PublicKey;
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::note;
use crate::harness::Relay;

const DUPLICATE: &str = "duplicate: already have this event";

#[tokio::test]
async fn a_new_event_is_stored_and_told_so() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    client.say(&event.message()).await;
    client.expect_text(&format!(r#"["OK","{}",true,""]"#, event.id())).await;
    client.finds("{}", &[&event]).await;
}

#[tokio::test]
async fn stored_events_are_there_after_a_restart() {
    let mut relay = Relay::start().await;
    let events = ["a", "b", "c"].map(note);
    let mut client = relay.connect().await;
    for event in &events {
        client.store(event).await;
    }
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    assert_eq!(client.count("{}").await, 3);
    for event in &events {
        assert_eq!(client.publish(event).await, (true, DUPLICATE.to_owned()));
    }
}

#[tokio::test]
async fn an_event_that_is_here_is_told_as_duplicate() {
    let relay = Relay::start().await;
    let event = note("hello");
    let mut client = relay.connect().await;
    client.store(&event).await;
    assert_eq!(client.publish(&event).await, (true, DUPLICATE.to_owned()));
    let mut other = relay.connect().await;
    assert_eq!(other.publish(&event).await, (true, DUPLICATE.to_owned()));
    other.finds("{}", &[&event]).await;
}

#[tokio::test]
async fn an_event_sent_twice_at_once_is_stored_once() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    client.say(&event.message()).await;
    client.say(&event.message()).await;
    assert_eq!(client.ok(&event).await, (true, String::new()));
    assert_eq!(client.ok(&event).await, (true, DUPLICATE.to_owned()));
    client.finds("{}", &[&event]).await;
}

/// docs/decisions/0008: nothing is stored or sent for it, so it does not matter.
#[tokio::test]
async fn a_known_id_is_a_duplicate_whatever_comes_with_it() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = note("hello");
    client.store(&event).await;
    for forged in [event.clone().with_wrong_sig(), event.clone().with_content("forged")] {
        assert_eq!(client.publish(&forged).await, (true, DUPLICATE.to_owned()));
    }
    client.subscribe("all", "{}").await;
    client.finds("{}", &[&event]).await;
    client.hears_nothing_more().await;
}

#[tokio::test]
async fn events_sent_at_once_are_answered_in_their_order() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    // Every third is refused without a look at the disk, and still waits for those before it.
    let events: Vec<_> = (0..60)
        .map(|n| if n % 3 == 0 { note(&format!("{n}")).with_wrong_sig() } else { note(&format!("{n}")) })
        .collect();
    for event in &events {
        client.say(&event.message()).await;
    }
    for (n, event) in events.iter().enumerate() {
        assert_eq!(client.ok(event).await.0, n % 3 != 0);
    }
}

#[tokio::test]
async fn a_request_sees_the_events_sent_before_it() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..20).map(|n| note(&format!("{n}"))).collect();
    for event in &events {
        client.say(&event.message()).await;
        client.say(&format!(r#"["REQ","it",{{"ids":["{}"]}}]"#, event.id())).await;
        client.say(r#"["COUNT","all",{}]"#).await;
    }
    for (n, event) in events.iter().enumerate() {
        assert_eq!(client.ok(event).await, (true, String::new()));
        client.hears_event("it", event).await;
        client.expect(r#"["EOSE","it",["finish"]]"#).await;
        client.expect(&format!(r#"["COUNT","all",{{"count":{}}}]"#, n + 1)).await;
    }
}

#[tokio::test]
async fn an_ephemeral_event_is_delivered_and_never_stored() {
    let mut relay = Relay::start().await;
    let mut listener = relay.connect().await;
    listener.subscribe("live", r#"{"kinds":[20000,29999]}"#).await;
    let mut client = relay.connect().await;
    for kind in [20_000, 29_999] {
        let event = EventBuilder::new(kind).content("now").sign(&Keys::from_seed(1));
        client.store(&event).await;
        listener.hears_event("live", &event).await;
        // Not a duplicate either: it is forgotten.
        client.store(&event).await;
        listener.hears_event("live", &event).await;
    }
    client.finds(r#"{},{"kinds":[20000,29999]}"#, &[]).await;
    assert_eq!(client.count("{}").await, 0);
    drop(listener);
    drop(client);
    relay.restart().await;
    relay.connect().await.finds("{}", &[]).await;
}

#[tokio::test]
async fn an_ephemeral_event_that_nobody_listens_for_is_told_as_mute() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("others", r#"{"kinds":[20001]}"#).await;
    let event = EventBuilder::new(20_000).sign(&Keys::from_seed(1));
    let mute = "mute: nobody was listening for this ephemeral event";
    assert_eq!(client.publish(&event).await, (true, mute.to_owned()));
}

#[tokio::test]
async fn no_kind_is_exempt_from_the_id_and_the_signature() {
    let relay = Relay::start().await;
    let (author, other) = (Keys::from_seed(1), Keys::from_seed(2));
    let mut listener = relay.connect().await;
    listener.subscribe("all", "{}").await;
    let mut client = relay.connect().await;
    for kind in [0, 1, 3, 4, 5, 6, 7, 62, 1059, 9735, 10_002, 20_001, 22_242, 30_023, 65_535] {
        let event = EventBuilder::new(kind).tag(&["relay", "ALL_RELAYS"]).tag(&["d", "x"]).sign(&author);
        let id = "invalid: the id is not the hash of the event";
        let signature = "invalid: the signature is wrong";
        let wrong: [(TestEvent, &str); 5] = [
            (event.clone().with_wrong_id(&author), id),
            (event.clone().with_content("changed"), id),
            (event.clone().with_wrong_sig(), signature),
            (event.clone().with_sig_by(&other), signature),
            (event.with_author(other.public()), signature),
        ];
        for (event, text) in wrong {
            assert_eq!(client.publish(&event).await, (false, text.to_owned()), "kind {kind}");
        }
    }
    assert_eq!(client.count("{}").await, 0);
    listener.hears_no_event().await;
}

#[tokio::test]
async fn a_key_that_is_no_point_of_the_curve_is_invalid() {
    let relay = Relay::start().await;
    let event = note("hello").with_author(PublicKey::from_bytes([0xff; 32]));
    relay.connect().await.refused(&event, "invalid: the pubkey is not on the curve").await;
}

#[tokio::test]
async fn a_time_too_far_ahead_is_invalid() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let at = |seconds| EventBuilder::new(1).created_at(seconds).sign(&Keys::from_seed(1));
    client.store(&at(Relay::NOW + 900)).await;
    let text = "invalid: created_at is more than 900 seconds ahead of the relay's clock";
    client.refused(&at(Relay::NOW + 901), text).await;
    client.refused(&at(u64::MAX), text).await;
    relay.pass_seconds(1);
    client.store(&at(Relay::NOW + 901)).await;
    // The past is not bounded by default.
    client.store(&at(0)).await;
}

#[tokio::test]
async fn how_far_a_time_may_lie_ahead_or_back_is_configurable() {
    let relay = Relay::start_with(|config| {
        config.limits.created_at_ahead_seconds_max = 0;
        config.limits.created_at_age_seconds_max = 3_600;
    })
    .await;
    let mut client = relay.connect().await;
    let at = |seconds| EventBuilder::new(1).created_at(seconds).sign(&Keys::from_seed(1));
    client.store(&at(Relay::NOW + 100_000_000)).await;
    client.store(&at(Relay::NOW - 3_600)).await;
    client.refused(&at(Relay::NOW - 3_601), "invalid: created_at is more than 3600 seconds ago").await;
}
