//! Open connections as administrators see them: which are dear, and an end to one.

use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};

use crate::harness::management::call;
use crate::harness::{Client, Relay};

fn admin() -> Keys {
    Keys::from_seed(931)
}

fn moderator() -> Keys {
    Keys::from_seed(932)
}

async fn relay() -> Relay {
    Relay::start_with(|config| {
        config.access.admins = vec![admin().public()];
        config.access.moderators = vec![moderator().public()];
    })
    .await
}

async fn list(relay: &Relay, method: &str, params: Value) -> Vec<Value> {
    let answer = call(relay, &admin(), method, params).await;
    answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

/// The connections in this order, as numbers.
async fn numbers(relay: &Relay, params: Value) -> Vec<u64> {
    let listed = list(relay, "listconnections", params).await;
    listed.iter().map(|entry| entry["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_a_connection_takes_is_counted() {
    let relay = relay().await;
    let url = relay.url();
    let author = Keys::from_seed(1);
    let mut busy = Client::connect_from(&url, "192.0.2.1").await;
    relay.pass_seconds(60);
    let mut quiet = Client::connect_from(&url, "192.0.2.2").await;
    quiet.subscribe("live", r#"{"kinds":[1],"limit":0}"#).await;
    let note = EventBuilder::new(1).content("x".repeat(1_000)).sign(&author);
    busy.store(&note).await;
    quiet.hears_event("live", &note).await;
    busy.finds("{}", &[&note]).await;
    busy.refused(&EventBuilder::new(1).sign(&author).with_wrong_sig(), "invalid:").await;
    let challenge = busy.provoke_challenge().await;
    assert!(busy.sign_in(&author, &url, &challenge).await.0);

    let listed = list(&relay, "listconnections", json!([])).await;
    assert_eq!(listed.len(), 2);
    let [first, second] = [&listed[0], &listed[1]];
    assert_eq!((&first["address"], &second["address"]), (&json!("192.0.2.1"), &json!("192.0.2.2")));
    assert_eq!((&first["pubkey"], &second["pubkey"]), (&json!(author.public().to_string()), &Value::Null));
    assert_eq!(second["opened_at"].as_u64().unwrap() - first["opened_at"].as_u64().unwrap(), 60);
    assert_eq!((&first["events"], &second["events"]), (&json!(2), &json!(0)));
    assert_eq!((&first["events_sent"], &second["events_sent"]), (&json!(1), &json!(1)));
    assert_eq!(second["subscriptions"], 1);
    assert!(first["messages"].as_u64() > second["messages"].as_u64(), "{listed:?}");
    assert!(first["bytes_received"].as_u64().unwrap() > 1_000, "{first}");
    assert!(second["bytes_sent"].as_u64().unwrap() > 1_000, "{second}");
    assert!(first["work_microseconds"].as_u64() > second["work_microseconds"].as_u64(), "{listed:?}");

    quiet.say(r#"["CLOSE","live"]"#).await;
    quiet.finds("{}", &[&note]).await;
    let listed = list(&relay, "listconnections", json!([{"address": "192.0.2.2"}])).await;
    assert_eq!((listed.len(), &listed[0]["events_sent"]), (1, &json!(2)));
    drop(busy);
    relay.reaches("\"connections\":2,").await;
    assert_eq!(list(&relay, "listconnections", json!([])).await.len(), 1);
}

#[tokio::test]
async fn they_are_told_by_what_they_take_and_by_address() {
    let relay = relay().await;
    let url = relay.url();
    let mut clients = Vec::new();
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"] {
        clients.push(Client::connect_from(&url, address).await);
    }
    for id in ["a", "b"] {
        clients[1].subscribe(id, r#"{"kinds":[1]}"#).await;
    }
    clients[3].subscribe("a", r#"{"kinds":[1]}"#).await;
    assert_eq!(numbers(&relay, json!([{"by": "number"}])).await, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&relay, json!([{"by": "subscriptions", "limit": 2}])).await, [2, 4]);
    assert_eq!(numbers(&relay, json!([{"by": "number", "address": "2001:db8::/64"}])).await, [4, 3]);

    let addresses = list(&relay, "listconnectionaddresses", json!([{"by": "number"}])).await;
    assert_eq!(addresses.len(), 4);
    assert_eq!(
        (&addresses[0]["address"], &addresses[0]["connections"]),
        (&json!("2001:db8::/64"), &json!(2))
    );
    let dear = list(&relay, "listconnectionaddresses", json!([{"by": "subscriptions", "limit": 1}])).await;
    assert_eq!((&dear[0]["address"], &dear[0]["subscriptions"]), (&json!("192.0.2.2"), &json!(2)));
    assert_eq!(dear.len(), 1);
}

#[tokio::test]
async fn closed_one_hears_why_and_no_other_is_touched() {
    let relay = relay().await;
    let url = relay.url();
    let (mut loud, mut other) =
        (Client::connect_from(&url, "192.0.2.1").await, Client::connect_from(&url, "192.0.2.2").await);
    loud.subscribe("live", "{}").await;
    let refused = call(&relay, &moderator(), "closeconnection", json!([1, "no"])).await;
    assert!(refused["error"].as_str().unwrap().contains("admins"), "{refused}");
    assert!(call(&relay, &moderator(), "listconnections", json!([])).await.get("error").is_some());
    let done = call(&relay, &admin(), "closeconnection", json!([1, "too loud"])).await;
    assert_eq!(done, json!({"result": true}));
    let (code, heard) = loud.closed().await;
    assert_eq!(code, 1008);
    assert_eq!(heard, [json!(["NOTICE", "blocked: an administrator closes this connection: too loud"])]);
    other.finds("{}", &[]).await;
    relay.reaches("\"connections\":2,").await;
    let gone = call(&relay, &admin(), "closeconnection", json!([1])).await;
    assert!(gone["error"].as_str().unwrap().contains("not open any more"), "{gone}");
    let log = list(&relay, "listauditlog", json!([])).await;
    assert_eq!(
        (log.len(), &log[0]["method"], &log[0]["params"]),
        (1, &json!("closeconnection"), &json!("[1,\"too loud\"]"))
    );
}

/// Who does not read is not waited for: what is written to them waits beside the one who wants it to end.
#[tokio::test]
async fn one_that_does_not_read_is_closed_too() {
    let relay = relay().await;
    let author = Keys::from_seed(1);
    let mut writer = Client::connect(&relay.url()).await;
    for age in 0..100 {
        let note = EventBuilder::new(1).created_at(relay.now() - age).content("x".repeat(60_000));
        writer.store(&note.sign(&author)).await;
    }
    let mut stuck = Client::connect_with_small_buffers(&relay.url()).await;
    stuck.say(r#"["REQ","all",{}]"#).await;
    stuck.expect_start(r#"["EVENT","all""#).await;
    call(&relay, &admin(), "closeconnection", json!([2, "not reading"])).await;
    // Long before `timeouts.write_seconds`, at which they would have been given up.
    relay.reaches("\"connections\":2,").await;
}
