//! NIP-67: what EOSE says of the events that were not sent.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::{Client, Relay};

fn event(kind: u16, seconds: u64) -> TestEvent {
    EventBuilder::new(kind).created_at(seconds).sign(&Keys::from_seed(1))
}

/// A relay that answers with four events at most, and holds six notes and two reactions, all of them newer.
async fn relay() -> (Relay, Client) {
    let relay = Relay::start_with(|config| {
        config.limits.limit_default = 4;
        config.limits.limit_max = 4;
    })
    .await;
    let mut client = relay.connect().await;
    for n in 0..6 {
        client.store(&event(1, 1_000 + n)).await;
    }
    for n in 0..2 {
        client.store(&event(7, 2_000 + n)).await;
    }
    (relay, client)
}

async fn check(client: &mut Client, cases: &[(&str, Option<&str>)]) {
    for &(filters, expected) in cases {
        assert_eq!(client.query(filters).await.1.as_deref(), expected, "{filters}");
    }
}

#[tokio::test]
async fn finish_is_said_when_nothing_older_matches() {
    let (_relay, mut client) = relay().await;
    let cases = [
        (r#"{"kinds":[7]}"#, Some("finish")),
        (r#"{"kinds":[9]}"#, Some("finish")),
        (r#"{"ids":[]}"#, Some("finish")),
        (r#"{"until":999}"#, Some("finish")),
        // As many as the limit, and no more: no second question is needed to know.
        (r#"{"kinds":[7],"limit":2}"#, Some("finish")),
        (r#"{"kinds":[1],"until":1003}"#, Some("finish")),
        (r#"{"kinds":[1],"since":1005,"limit":1}"#, Some("finish")),
        (r#"{"kinds":[7]},{"kinds":[1],"until":1001}"#, Some("finish")),
        // What one filter leaves out for its limit, the other sends.
        (r#"{"kinds":[7],"limit":1},{"kinds":[7]}"#, Some("finish")),
    ];
    check(&mut client, &cases).await;
}

#[tokio::test]
async fn more_is_said_when_something_older_matches() {
    let (_relay, mut client) = relay().await;
    let cases = [
        ("{}", Some("more")),
        (r#"{"kinds":[1]}"#, Some("more")),
        (r#"{"kinds":[1],"limit":100}"#, Some("more")),
        (r#"{"kinds":[7],"limit":1}"#, Some("more")),
        // One of two filters is enough.
        (r#"{"kinds":[7]},{"kinds":[1],"limit":1}"#, Some("more")),
        (r#"{"kinds":[1],"limit":1},{"kinds":[7]}"#, Some("more")),
    ];
    check(&mut client, &cases).await;
}

#[tokio::test]
async fn nothing_is_said_when_no_stored_events_were_asked_for() {
    let (_relay, mut client) = relay().await;
    client.say(r#"["REQ","live",{"kinds":[1],"limit":0}]"#).await;
    client.expect_text(r#"["EOSE","live"]"#).await;
}

#[tokio::test]
async fn the_hint_is_a_list_after_the_subscription() {
    let (_relay, mut client) = relay().await;
    client.say(r#"["REQ","none",{"kinds":[9]}]"#).await;
    client.expect_text(r#"["EOSE","none",["finish"]]"#).await;
}

/// Page by page as NIP-67 describes it, everything is found, and the last page says so.
#[tokio::test]
async fn paging_until_finish_finds_everything() {
    let (_relay, mut client) = relay().await;
    let mut found = std::collections::BTreeSet::new();
    let mut until = 5_000;
    for page in 1.. {
        let (events, hint) = client.query(&format!(r#"{{"until":{until}}}"#)).await;
        until = events.last().unwrap()["created_at"].as_u64().unwrap();
        found.extend(events.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        if hint.as_deref() == Some("finish") {
            assert_eq!((found.len(), page), (8, 3));
            return;
        }
        assert_eq!(hint.as_deref(), Some("more"));
    }
}
