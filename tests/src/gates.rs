//! The gates of NIP-42: what one has to sign in for.

use chappe_app::config::Config;
use chappe_testkit::{EventBuilder, Keys, TestEvent, auth_event};

use crate::harness::{Relay, unique};

fn alice() -> Keys {
    Keys::from_seed(1)
}

fn bob() -> Keys {
    Keys::from_seed(2)
}

async fn relay(turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(turn).await
}

fn note(keys: &Keys) -> TestEvent {
    EventBuilder::new(1).content(unique().to_string()).sign(keys)
}

#[tokio::test]
async fn reading_may_need_auth() {
    let relay = relay(|config| config.access.auth_read = true).await;
    let mut client = relay.connect().await;
    let event = note(&alice());
    client.store(&event).await;
    client.say(r#"["REQ","a",{"kinds":[1]}]"#).await;
    let challenge = client.challenge().await;
    client.expect_start(r#"["CLOSED","a","auth-required: "#).await;
    // The challenge comes once, the refusal each time.
    client.say(r#"["REQ","b",{}]"#).await;
    client.expect_start(r#"["CLOSED","b","auth-required: "#).await;
    client.say(r#"["COUNT","c",{}]"#).await;
    client.expect_start(r#"["CLOSED","c","auth-required: "#).await;
    assert!(client.sign_in(&bob(), &relay.url(), &challenge).await.0);
    client.finds(r#"{"kinds":[1]}"#, &[&event]).await;
    assert_eq!(client.count("{}").await, 1);
}

#[tokio::test]
async fn writing_may_need_auth() {
    let relay = relay(|config| config.access.auth_write = true).await;
    let mut client = relay.connect().await;
    let event = note(&alice());
    client.say(&event.message()).await;
    let challenge = client.challenge().await;
    assert!(client.ok(&event).await.1.starts_with("auth-required: "));
    client.refused(&event, "auth-required: ").await;
    client.finds("{}", &[]).await;
    // Whoever has signed in may bring what others wrote.
    assert!(client.sign_in(&bob(), &relay.url(), &challenge).await.0);
    client.store(&event).await;
}

#[tokio::test]
async fn only_own_events_may_be_brought_if_so_configured() {
    let relay = relay(|config| config.access.own_events_only = true).await;
    let mut client = relay.connect().await;
    let event = note(&alice());
    client.say(&event.message()).await;
    let challenge = client.challenge().await;
    assert!(client.ok(&event).await.1.starts_with("auth-required: "));
    assert!(client.sign_in(&bob(), &relay.url(), &challenge).await.0);
    client.refused(&event, "restricted: ").await;
    client.store(&note(&bob())).await;
    // Several keys add up.
    let proof = auth_event(&relay.url(), &challenge, Relay::NOW).sign(&alice());
    client.say(&proof.auth_message()).await;
    assert!(client.ok(&proof).await.0);
    client.store(&event).await;
}

#[tokio::test]
async fn exempt_kinds_are_configurable() {
    let relay = relay(|config| {
        config.access.auth_read = true;
        config.access.auth_write = true;
        config.access.auth_exempt_kinds = vec![20_001];
    })
    .await;
    let mut listener = relay.connect().await;
    listener.subscribe("live", r#"{"kinds":[20001]}"#).await;
    let event = EventBuilder::new(20_001).sign(&alice());
    relay.connect().await.store(&event).await;
    listener.hears_event("live", &event).await;
    let (accepted, text) = listener.publish_past_a_challenge(&note(&alice())).await;
    assert!(!accepted && text.starts_with("auth-required: "), "{text}");
    // One kind that is not exempt, and the question is as any other.
    listener.say(r#"["REQ","mixed",{"kinds":[1,20001]}]"#).await;
    let heard = listener.hear().await;
    assert!(heard[0] == "CLOSED" || heard[0] == "EOSE", "{heard}");
}

#[tokio::test]
async fn the_challenge_may_come_with_the_connection() {
    use chappe_app::config::AuthChallenge;
    let relay = relay(|config| {
        config.access.auth_challenge = AuthChallenge::OnConnect;
        config.access.auth_read = true;
    })
    .await;
    let mut client = relay.connect().await;
    let challenge = client.challenge().await;
    client.say(r#"["REQ","a",{}]"#).await;
    client.expect_start(r#"["CLOSED","a","auth-required: "#).await;
    assert!(client.sign_in(&bob(), &relay.url(), &challenge).await.0);
    client.finds("{}", &[]).await;
}
