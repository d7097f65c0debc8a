//! NIP-17, NIP-59 and NIP-04: direct messages, seals and gift wraps are seen by those involved, and by nobody else.

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::json;

use crate::harness::{Client, Relay};

const PRIVATE: [u16; 6] = [4, 13, 14, 15, 1059, 1060];
const CLOSED: &str = "auth-required: events of these kinds are shown to their author and recipients only";

fn author() -> Keys {
    Keys::from_seed(1)
}

fn recipient() -> Keys {
    Keys::from_seed(2)
}

fn stranger() -> Keys {
    Keys::from_seed(3)
}

/// A private event to the recipient, who is not the first one named.
fn private(kind: u16) -> TestEvent {
    EventBuilder::new(kind).tag(&["p", &"0".repeat(64)]).tag(&["p", &recipient().hex()]).sign(&author())
}

fn note(text: &str) -> TestEvent {
    EventBuilder::new(1).created_at(1_000).tag(&["p", &recipient().hex()]).content(text).sign(&author())
}

async fn with_one_of_each() -> (Relay, Vec<TestEvent>) {
    let relay = Relay::start().await;
    let events: Vec<_> = PRIVATE.into_iter().map(private).collect();
    let mut client = relay.connect().await;
    for event in &events {
        // Anybody may send one: gift wraps are signed by keys that nobody signs in with.
        client.store(event).await;
    }
    client.store(&note("public")).await;
    (relay, events)
}

/// What the client gets for all, by REQ and by COUNT, and which subscription hears what is new.
async fn sees(client: &mut Client, expected: usize) {
    for filter in
        ["{}", r#"{"kinds":[1,4,13,14,15,1059,1060]}"#, &format!(r##"{{"#p":["{}"]}}"##, recipient().hex())]
    {
        assert_eq!(client.query(filter).await.0.len(), expected, "{filter}");
        assert_eq!(client.count(filter).await, expected as u64, "{filter}");
    }
}

#[tokio::test]
async fn author_and_recipient_see_them() {
    let (relay, events) = with_one_of_each().await;
    for keys in [author(), recipient()] {
        let mut client = relay.connect_as(&[&keys]).await;
        sees(&mut client, 7).await;
        for event in &events {
            client.finds(&format!(r#"{{"kinds":[{}]}}"#, event.kind()), &[event]).await;
        }
    }
}

#[tokio::test]
async fn strangers_and_the_anonymous_do_not() {
    let (relay, events) = with_one_of_each().await;
    for mut client in [relay.connect().await, relay.connect_as(&[&stranger()]).await] {
        sees(&mut client, 1).await;
        for event in &events {
            let by_id = format!(r#"{{"ids":["{}"]}}"#, event.id());
            assert_eq!(client.query(&by_id).await, (vec![], Some("finish".to_owned())));
            assert_eq!(client.count(&by_id).await, 0);
        }
    }
    let mut client = relay.connect_as(&[&stranger()]).await;
    client.finds(r#"{"kinds":[4,13,14,15,1059,1060]}"#, &[]).await;
}

#[tokio::test]
async fn one_key_of_several_is_enough() {
    let (relay, _) = with_one_of_each().await;
    sees(&mut relay.connect_as(&[&stranger(), &recipient()]).await, 7).await;
}

#[tokio::test]
async fn live_ones_reach_those_involved_only() {
    let relay = Relay::start().await;
    let mut anonymous = relay.connect().await;
    let mut others = relay.connect_as(&[&stranger()]).await;
    let mut involved = [relay.connect_as(&[&author()]).await, relay.connect_as(&[&recipient()]).await];
    for client in involved.iter_mut().chain([&mut anonymous, &mut others]) {
        client.subscribe("live", r#"{"kinds":[1,4,13,14,15,1059,1060]}"#).await;
    }
    let mut publisher = relay.connect().await;
    for kind in PRIVATE {
        publisher.store(&private(kind)).await;
    }
    let note = note("public");
    publisher.store(&note).await;
    for client in &mut involved {
        for kind in PRIVATE {
            client.hears_event("live", &private(kind)).await;
        }
    }
    for client in involved.iter_mut().chain([&mut anonymous, &mut others]) {
        client.hears_event("live", &note).await;
    }
}

#[tokio::test]
async fn who_signs_in_hears_live_ones_from_then_on() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("live", r#"{"kinds":[1,1059]}"#).await;
    let mut publisher = relay.connect().await;
    publisher.store(&private(4)).await;
    publisher.store(&private(1059)).await;
    publisher.store(&note("public")).await;
    client.hears_event("live", &note("public")).await;
    let challenge = client.provoke_challenge().await;
    assert!(client.sign_in(&recipient(), &relay.url(), &challenge).await.0);
    let wrap = EventBuilder::new(1059).tag(&["p", &recipient().hex()]).content("later").sign(&author());
    publisher.store(&wrap).await;
    client.hears_event("live", &wrap).await;
}

#[tokio::test]
async fn asking_for_nothing_else_needs_auth_and_the_challenge_comes_first() {
    let (relay, _) = with_one_of_each().await;
    let id = "0".repeat(64);
    for filters in [
        r#"{"kinds":[4]}"#.to_owned(),
        r#"{"kinds":[4,13,14,15,1059,1060]}"#.to_owned(),
        r#"{"kinds":[1059],"limit":0}"#.to_owned(),
        format!(
            r##"{{"kinds":[1059],"#p":["{}"]}},{{"kinds":[4],"authors":["{}"]}}"##,
            recipient().hex(),
            author().hex()
        ),
        // A filter that can match nothing does not make it an open question.
        format!(r#"{{"kinds":[4],"ids":["{id}"]}},{{"kinds":[]}}"#),
    ] {
        for verb in ["REQ", "COUNT"] {
            let mut client = relay.connect().await;
            client.say(&format!(r#"["{verb}","mine",{filters}]"#)).await;
            client.challenge().await;
            assert_eq!(client.hear().await, json!(["CLOSED", "mine", CLOSED]), "{filters}");
            // Once is enough: who has the challenge is not sent it again.
            client.say(&format!(r#"["{verb}","mine",{filters}]"#)).await;
            assert_eq!(client.hear().await, json!(["CLOSED", "mine", CLOSED]), "{filters}");
        }
    }
}

#[tokio::test]
async fn a_mixed_question_is_answered_with_what_may_be_seen() {
    let (relay, _) = with_one_of_each().await;
    let mut client = relay.connect().await;
    for filters in
        [r#"{"kinds":[1,4]}"#, r#"{"kinds":[4]},{"kinds":[1]}"#, r#"{"kinds":[1059]},{"limit":10}"#]
    {
        client.finds(filters, &[&note("public")]).await;
        assert_eq!(client.count(filters).await, 1);
    }
}

/// They take no place within a limit, and leave no trace in what EOSE says.
#[tokio::test]
async fn what_may_not_be_seen_does_not_use_up_a_limit() {
    let (relay, _) = with_one_of_each().await;
    let mut client = relay.connect().await;
    let (found, hint) = client.query(r#"{"limit":1}"#).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], note("public").id().to_string());
    assert_eq!(hint.as_deref(), Some("finish"));
    // The private ones are newer than this; now one is older.
    let newer = EventBuilder::new(1).created_at(Relay::NOW + 1).sign(&author());
    client.store(&newer).await;
    assert_eq!(client.query(r#"{"since":1600000000,"limit":1}"#).await.1.as_deref(), Some("finish"));
}

#[tokio::test]
async fn the_kinds_are_configurable() {
    let relay = Relay::start_with(|config| config.access.private_kinds = vec![1]).await;
    let mut client = relay.connect().await;
    let (wrap, note) = (private(1059), note("private here"));
    client.store(&wrap).await;
    client.store(&note).await;
    client.finds("{}", &[&wrap]).await;
    client.say(r#"["REQ","notes",{"kinds":[1]}]"#).await;
    client.challenge().await;
    client.expect_start(r#"["CLOSED","notes","auth-required: "#).await;

    let open = Relay::start_with(|config| config.access.private_kinds = vec![]).await;
    let mut client = open.connect().await;
    client.store(&wrap).await;
    client.finds(r#"{"kinds":[1059]}"#, &[&wrap]).await;
}

/// The operator sees everything: an export without them would lose people's messages.
#[tokio::test]
async fn they_survive_export_and_import() {
    let (relay, _) = with_one_of_each().await;
    let relay = relay.exported_and_imported().await;
    sees(&mut relay.connect_as(&[&recipient()]).await, 7).await;
    sees(&mut relay.connect().await, 1).await;
}
