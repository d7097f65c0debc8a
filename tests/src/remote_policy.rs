//! A new policy by an event of kind 12345.

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use crate::harness::{Client, Relay};

fn owner() -> Keys {
    Keys::from_seed(1)
}

/// A policy admin, by the file.
fn policy_admin() -> Keys {
    Keys::from_seed(2)
}

/// An administrator by the configuration, who is nothing to the policy file.
fn admin() -> Keys {
    Keys::from_seed(3)
}

fn stranger() -> Keys {
    Keys::from_seed(4)
}

/// The policy in force at the start.
fn policy() -> Value {
    json!({
        "default_policy": "allow",
        "owners": [Keys::from_seed(5).hex()],
        "policy_admins": [policy_admin().hex()],
        "kind": { "whitelist": [1, 7] },
        "rules": { "1": {
            "content_limit": 10,
            "write_allow": [stranger().hex(), Keys::from_seed(6).hex()],
            "write_deny": [Keys::from_seed(7).hex()],
        } },
    })
}

/// The same but for one place, named as in a JSON pointer; null takes it away.
fn with(pointer: &str, value: Value) -> Value {
    let mut policy = policy();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    policy
}

async fn relay() -> Relay {
    Relay::start_with(|config| {
        config.access.owners = vec![owner().public()];
        config.access.admins = vec![admin().public()];
        config.policy.file = config.store.data_dir.join("policy.json");
        std::fs::write(&config.policy.file, policy().to_string()).unwrap();
    })
    .await
}

fn update(text: &str, made_at: u64) -> EventBuilder {
    EventBuilder::new(12_345).created_at(made_at).content(text)
}

/// Publishes a policy as this person.
async fn send(client: &mut Client, policy: &Value, keys: &Keys) -> (bool, String) {
    client.publish(&update(&policy.to_string(), Relay::NOW).sign(keys)).await
}

fn on_disk(relay: &Relay) -> String {
    std::fs::read_to_string(relay.file("policy.json")).unwrap()
}

fn note(bytes: usize, text: &str) -> TestEvent {
    EventBuilder::new(1).created_at(Relay::NOW).content(text.repeat(bytes)).sign(&stranger())
}

/// Checks that the first policy is in force and on disk.
async fn nothing_has_changed(relay: &Relay, client: &mut Client) {
    assert_eq!(on_disk(relay), policy().to_string());
    client.refused(&note(11, "x"), "").await;
    let (accepted, text) = client.publish(&note(10, "x")).await;
    assert!(accepted, "{text}");
}

#[tokio::test]
async fn an_owner_changes_anything() {
    let mut relay = relay().await;
    let mut client = relay.connect().await;
    client.refused(&note(20, "a"), "").await;
    let new = json!({
        "rules": { "1": { "content_limit": 20 }, "7": { "write_allow": [owner().hex()] } },
        "policy_admins": [],
    });
    assert_eq!(send(&mut client, &new, &owner()).await, (true, String::new()));
    // In force as soon as it is answered, on connections that are open, too.
    client.store(&note(20, "a")).await;
    client.refused(&note(21, "a"), "").await;
    assert_eq!(on_disk(&relay), new.to_string());
    // Who was a policy admin is none any more.
    let (accepted, text) = send(&mut client, &policy(), &policy_admin()).await;
    assert!(!accepted && text.starts_with("restricted: "), "{text}");
    drop(client);
    relay.restart().await;
    let mut client = relay.connect().await;
    client.store(&note(20, "b")).await;
    client.refused(&note(21, "b"), "").await;
}

#[tokio::test]
async fn an_owner_by_the_file_is_an_owner() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    let new = with("/rules/1/content_limit", json!(5));
    assert_eq!(send(&mut client, &new, &Keys::from_seed(5)).await, (true, String::new()));
    client.refused(&note(6, "a"), "").await;
}

#[tokio::test]
async fn it_is_neither_stored_nor_delivered() {
    let relay = relay().await;
    let mut listener = relay.connect_as(&[&owner()]).await;
    listener.subscribe("all", "{}").await;
    let mut client = relay.connect_as(&[&owner()]).await;
    let before = relay.events_on_disk().await;
    let new = json!({ "rules": {} });
    assert_eq!(send(&mut client, &new, &owner()).await, (true, String::new()));
    client.finds(r#"{"kinds":[12345]}"#, &[]).await;
    assert_eq!(client.count(r#"{"kinds":[12345]}"#).await, 0);
    let note = note(10, "a");
    client.store(&note).await;
    listener.hears_event("all", &note).await;
    assert_eq!(relay.events_on_disk().await, before + 1);
}

#[tokio::test]
async fn a_policy_admin_extends() {
    for (pointer, value) in [
        ("/rules/1/content_limit", json!(11)),
        ("/kind/whitelist", json!([1, 7, 9])),
        ("/rules/1/write_allow", json!([stranger().hex(), Keys::from_seed(6).hex(), admin().hex()])),
        ("/rules/1/description", json!("notes, short ones")),
    ] {
        let relay = relay().await;
        let mut client = relay.connect().await;
        let new = with(pointer, value);
        assert_eq!(send(&mut client, &new, &policy_admin()).await, (true, String::new()), "{new}");
        assert_eq!(on_disk(&relay), new.to_string());
    }
}

#[tokio::test]
async fn a_policy_admin_does_not_narrow() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    for (pointer, value) in [
        ("/rules/1/content_limit", json!(9)),
        ("/rules/1/write_allow", Value::Null),
        ("/rules/1/write_deny", Value::Null),
        ("/rules/1/size_limit", json!(1_000_000)),
        ("/kind/whitelist", json!([1])),
        ("/rules/1/write_allow", json!([stranger().hex()])),
        ("/rules/1/write_deny", json!([Keys::from_seed(7).hex(), Keys::from_seed(8).hex()])),
        ("/rules/1/must_have_tags", json!(["t"])),
        ("/rules/1/privileged", json!(true)),
        ("/rules/7", json!({ "content_limit": 1_000 })),
        ("/global", json!({ "read_deny": [stranger().hex()] })),
        ("/owners", json!([Keys::from_seed(5).hex(), policy_admin().hex()])),
        ("/owners", json!([])),
        ("/policy_admins", json!([])),
        ("/default_policy", json!("deny")),
    ] {
        let new = with(pointer, value);
        let (accepted, text) = send(&mut client, &new, &policy_admin()).await;
        assert!(!accepted && text.starts_with("restricted: "), "{accepted} {text:?} for {new}");
    }
    nothing_has_changed(&relay, &mut client).await;
}

#[tokio::test]
async fn nobody_else_changes_it() {
    let relay = relay().await;
    let new = json!({ "rules": {} });
    let mut client = relay.connect().await;
    for keys in [stranger(), admin()] {
        let (accepted, text) = send(&mut client, &new, &keys).await;
        assert!(!accepted && text.starts_with("restricted: "), "{accepted} {text:?}");
    }
    let forged = update(&new.to_string(), Relay::NOW).sign(&owner()).with_wrong_sig();
    client.refused(&forged, "invalid: ").await;
    let forged = update(&new.to_string(), Relay::NOW).sign(&stranger()).with_author(owner().public());
    client.refused(&forged, "invalid: ").await;
    let forged = update(&new.to_string(), Relay::NOW).sign(&owner()).with_wrong_id(&owner());
    client.refused(&forged, "invalid: ").await;
    nothing_has_changed(&relay, &mut client).await;
}

#[tokio::test]
async fn it_is_of_the_last_ten_minutes() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    let new = json!({ "rules": {} }).to_string();
    for made_at in [Relay::NOW - 601, Relay::NOW + 601] {
        let (accepted, text) = client.publish(&update(&new, made_at).sign(&owner())).await;
        let fits = text.starts_with("invalid: ") || text.starts_with("restricted: ");
        assert!(!accepted && fits, "{accepted} {text:?}");
    }
    nothing_has_changed(&relay, &mut client).await;
    for made_at in [Relay::NOW - 600, Relay::NOW + 600] {
        assert_eq!(client.publish(&update(&new, made_at).sign(&owner())).await, (true, String::new()));
    }
}

#[tokio::test]
async fn a_broken_policy_is_refused_with_the_place() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    for (text, place) in [
        ("", "line 1"),
        ("{\n\"rules\": {", "line 2"),
        ("{\n\n\"rulez\": {}}", "line 3"),
        ("{\"rules\": {\"1\": {\n\"write_allow\": [\"abc\"]}}}", "rules.1.write_allow"),
        ("{\"global\": {\"tag_validation\": {\"t\": \"(\"}}}", "global.tag_validation"),
    ] {
        for keys in [owner(), policy_admin()] {
            let event = update(text, Relay::NOW).sign(&keys);
            let (accepted, said) = client.publish(&event).await;
            let fits = said.starts_with("invalid: ") && said.contains(place);
            assert!(!accepted && fits, "{accepted} {said:?} for {text:?}");
        }
    }
    nothing_has_changed(&relay, &mut client).await;
}

/// The kind lies in the range of replaceable ones, and means nothing in particular to other relays.
#[tokio::test]
async fn without_a_policy_file_it_is_an_event_like_others() {
    let relay = Relay::start_with(|config| config.access.owners = vec![owner().public()]).await;
    let mut client = relay.connect().await;
    let event = update("{}", Relay::NOW).sign(&owner());
    client.store(&event).await;
    client.finds(r#"{"kinds":[12345]}"#, &[&event]).await;
}
