//! NIP-70: protected events.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::Relay;

const NEEDS_AUTH: &str = "auth-required: this event may only be published by its author";
const RESTRICTED: &str = "restricted: this event may only be published by its author";
const EMBEDS: &str = "invalid: a repost may not embed a protected event";

fn author() -> Keys {
    Keys::from_seed(1)
}

fn protected(kind: u16) -> TestEvent {
    EventBuilder::new(kind).tag(&["t", "secret"]).tag(&["-"]).tag(&["d", "x"]).sign(&author())
}

#[tokio::test]
async fn whoever_has_not_signed_in_gets_the_challenge_and_then_the_no() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = protected(1);
    client.say(&event.message()).await;
    let challenge = client.challenge().await;
    assert_eq!(client.ok(&event).await, (false, NEEDS_AUTH.to_owned()));
    // The second time there is no second challenge.
    client.refused(&event, NEEDS_AUTH).await;
    client.finds("{}", &[]).await;
    assert!(client.sign_in(&author(), &relay.url(), &challenge).await.0);
    client.store(&event).await;
    client.finds("{}", &[&event]).await;
}

#[tokio::test]
async fn the_author_may_publish_every_kind() {
    let relay = Relay::start().await;
    let mut client = relay.connect_as(&[&Keys::from_seed(2), &author()]).await;
    for kind in [0, 1, 3, 1059, 30_023] {
        client.store(&protected(kind)).await;
    }
    let mut listener = relay.connect().await;
    listener.subscribe("live", r#"{"kinds":[20001]}"#).await;
    client.store(&protected(20_001)).await;
    listener.hears_event("live", &protected(20_001)).await;
}

#[tokio::test]
async fn somebody_else_is_restricted() {
    let relay = Relay::start().await;
    let mut client = relay.connect_as(&[&Keys::from_seed(2)]).await;
    for kind in [0, 1, 1059, 20_001, 30_023] {
        client.refused(&protected(kind), RESTRICTED).await;
    }
    assert_eq!(client.count("{}").await, 0);
}

#[tokio::test]
async fn everybody_may_read_them() {
    let relay = Relay::start().await;
    let mut reader = relay.connect().await;
    reader.subscribe("live", "{}").await;
    relay.connect_as(&[&author()]).await.store(&protected(1)).await;
    reader.hears_event("live", &protected(1)).await;
    reader.finds(r##"{"#t":["secret"]}"##, &[&protected(1)]).await;
}

fn repost(kind: u16, keys: &Keys, content: &str, of: &TestEvent) -> TestEvent {
    EventBuilder::new(kind).tag(&["e", &of.id().to_string()]).content(content).sign(keys)
}

#[tokio::test]
async fn a_repost_that_embeds_a_protected_event_is_refused() {
    let relay = Relay::start().await;
    let inner = protected(1);
    // Not even the author may, and not by another spelling.
    let mut client = relay.connect_as(&[&author()]).await;
    let spelled = inner.json().replace(r#"["-"]"#, r#" [ "\u002d" ] "#);
    for kind in [6, 16] {
        for content in [&inner.json(), &spelled] {
            for keys in [author(), Keys::from_seed(2)] {
                client.refused(&repost(kind, &keys, content, &inner), EMBEDS).await;
            }
        }
    }
}

#[tokio::test]
async fn other_reposts_and_quotes_are_taken() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (inner, open) = (protected(1), EventBuilder::new(1).content("a \"-\" b").sign(&author()));
    let keys = Keys::from_seed(2);
    for event in [
        repost(6, &keys, "", &inner),
        repost(6, &keys, &open.json(), &open),
        repost(16, &keys, r#"["-"]"#, &inner),
        repost(1, &keys, &inner.json(), &inner),
    ] {
        client.store(&event).await;
    }
}

/// Who has the file had the event already: NIP-70 asks who publishes, and that is the operator.
#[tokio::test]
async fn protected_events_survive_export_and_import() {
    let relay = Relay::start().await;
    relay.connect_as(&[&author()]).await.store(&protected(1)).await;
    let relay = relay.exported_and_imported().await;
    relay.connect().await.finds("{}", &[&protected(1)]).await;
}
