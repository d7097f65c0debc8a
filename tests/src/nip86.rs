//! NIP-86: managing the relay over HTTP.

use chappe_app::config::Mode;
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use crate::harness::http::{post, request};
use crate::harness::management::Call;
use crate::harness::{Relay, on, unique};

fn owner() -> Keys {
    Keys::from_seed(900)
}

fn admin() -> Keys {
    Keys::from_seed(901)
}

fn moderator() -> Keys {
    Keys::from_seed(902)
}

fn author() -> Keys {
    Keys::from_seed(1)
}

fn hex(keys: &Keys) -> String {
    keys.public().to_string()
}

fn note(keys: &Keys) -> TestEvent {
    EventBuilder::new(1).content(unique().to_string()).sign(keys)
}

async fn relay() -> Relay {
    relay_in(Mode::Open).await
}

async fn relay_in(mode: Mode) -> Relay {
    Relay::start_with(|config| {
        config.access.mode = mode;
        config.access.owners = vec![owner().public()];
        config.access.admins = vec![admin().public()];
        config.access.moderators = vec![moderator().public()];
    })
    .await
}

/// The entry of a list that has this value.
fn entry<'a>(list: &'a Value, key: &str, value: &str) -> Option<&'a Value> {
    list.as_array().unwrap().iter().find(|entry| entry[key] == value)
}

#[tokio::test]
async fn a_banned_key_is_refused_and_hidden_at_once_until_it_is_unbanned() {
    let mut relay = relay().await;
    let mut banned = relay.connect_as(&[&author()]).await;
    let mut reader = relay.connect().await;
    let (before, other) = (note(&author()), note(&Keys::from_seed(2)));
    banned.store(&before).await;
    reader.store(&other).await;
    reader.subscribe("live", r#"{"kinds":[1],"limit":0}"#).await;
    assert_eq!(relay.manage(&moderator(), "banpubkey", json!([hex(&author()), "spam"])).await, json!(true));

    banned.refused(&note(&author()), "blocked: ").await;
    reader.refused(&note(&author()), "blocked: ").await;
    reader.finds(r#"{"kinds":[1]}"#, &[&other]).await;
    assert_eq!(reader.count(r#"{"kinds":[1]}"#).await, 1);
    banned.say(r#"["REQ","mine",{}]"#).await;
    banned.expect_start(r#"["CLOSED","mine","blocked: "#).await;
    assert_eq!(relay.connect_as(&[&moderator()]).await.count(r#"{"kinds":[1]}"#).await, 2);
    let list = relay.manage(&moderator(), "listbannedpubkeys", json!([])).await;
    assert_eq!(entry(&list, "pubkey", &hex(&author())).unwrap()["reason"], "spam");

    relay.restart().await;
    let mut reader = relay.connect().await;
    reader.refused(&note(&author()), "blocked: ").await;
    assert_eq!(reader.count(r#"{"kinds":[1]}"#).await, 1);
    assert_eq!(relay.manage(&moderator(), "unbanpubkey", json!([hex(&author())])).await, json!(true));
    assert_eq!(reader.count(r#"{"kinds":[1]}"#).await, 2);
    reader.store(&note(&author())).await;
    assert_eq!(relay.manage(&admin(), "listbannedpubkeys", json!([])).await, json!([]));
}

#[tokio::test]
async fn a_banned_event_is_refused_and_hidden_until_it_is_allowed() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    let (stored, not_yet) = (note(&author()), note(&author()));
    client.store(&stored).await;
    for event in [&stored, &not_yet] {
        relay.manage(&moderator(), "banevent", json!([event.id().to_string(), "no"])).await;
    }
    client.finds(r#"{"kinds":[1]}"#, &[]).await;
    for event in [&stored, &not_yet] {
        client.refused(event, "blocked: ").await;
    }
    let list = relay.manage(&moderator(), "listbannedevents", json!([])).await;
    assert_eq!(entry(&list, "id", &stored.id().to_string()).unwrap()["reason"], "no");
    for event in [&stored, &not_yet] {
        relay.manage(&moderator(), "allowevent", json!([event.id().to_string()])).await;
    }
    client.finds(r#"{"kinds":[1]}"#, &[&stored]).await;
    client.store(&not_yet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_event_is_gone_until_somebody_sends_it_again() {
    let mut relay = relay().await;
    let mut client = relay.connect().await;
    let (bad, other) = (note(&author()), note(&author()));
    client.store(&bad).await;
    client.store(&other).await;
    let id = bad.id().to_string();
    let refused = relay.manage_refused(&moderator(), "deleteevent", json!([id])).await;
    assert_eq!(refused, "this method is for admins and above");
    let response = Call::new(&relay, "deleteevent", &json!([id]), unique()).send(&relay, &author()).await;
    assert!(!response.body.contains("true"), "{}", response.body);
    client.subscribe("live", r#"{"kinds":[1],"limit":0}"#).await;
    assert_eq!(relay.manage(&admin(), "deleteevent", json!([id, "spam"])).await, json!(true));
    client.finds(r#"{"kinds":[1]}"#, &[&other]).await;
    client.finds(&json!({ "ids": [id] }).to_string(), &[]).await;
    assert_eq!(client.count(r#"{"kinds":[1]}"#).await, 1);
    for unknown in [&id, &"0".repeat(64)] {
        let text = relay.manage_refused(&admin(), "deleteevent", json!([unknown])).await;
        assert_eq!(text, "this event is not stored here");
    }

    relay.restart().await;
    let mut client = relay.connect().await;
    client.finds(r#"{"kinds":[1]}"#, &[&other]).await;
    // It is as new, for who listens, too.
    client.subscribe("live", r#"{"kinds":[1],"limit":0}"#).await;
    let mut publisher = relay.connect().await;
    publisher.store(&bad).await;
    client.hears_event("live", &bad).await;
    // Deleted and banned it stays away.
    relay.manage(&admin(), "deleteevent", json!([id])).await;
    relay.manage(&admin(), "banevent", json!([id])).await;
    publisher.refused(&bad, "blocked: ").await;
    let log = relay.manage(&owner(), "listauditlog", json!([])).await;
    let deleted = log.as_array().unwrap().iter().filter(|entry| entry["method"] == "deleteevent");
    assert!(deleted.clone().all(|entry| entry["pubkey"] == hex(&admin())), "{log}");
    assert_eq!(deleted.count(), 2, "{log}");
    relay.stop().await;
    on(relay.file("").as_path(), &["db", "verify"]);
}

#[tokio::test]
async fn a_deleted_version_leaves_its_place_to_any_other() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    let version = |kind, seconds: u64| {
        EventBuilder::new(kind).created_at(Relay::NOW - seconds).tag(&["d", "place"]).sign(&author())
    };
    for kind in [0, 30_023] {
        let (old, new) = (version(kind, 10), version(kind, 5));
        client.store(&old).await;
        client.store(&new).await;
        client.refused(&old, "duplicate: ").await;
        let filter = json!({ "kinds": [kind] }).to_string();
        // The old one is not there any more.
        relay.manage_refused(&admin(), "deleteevent", json!([old.id().to_string()])).await;
        relay.manage(&admin(), "deleteevent", json!([new.id().to_string()])).await;
        client.finds(&filter, &[]).await;
        client.store(&old).await;
        client.finds(&filter, &[&old]).await;
        client.store(&new).await;
        client.finds(&filter, &[&new]).await;
    }
}

#[tokio::test]
async fn nobody_deletes_the_events_of_who_stands_as_high_or_of_the_relay() {
    let relay = relay_in(Mode::Members).await;
    relay.manage(&admin(), "addmember", json!([hex(&author())])).await;
    let mut client = relay.connect_as(&[&owner()]).await;
    let by_owner = note(&owner());
    client.store(&by_owner).await;
    let text = relay.manage_refused(&admin(), "deleteevent", json!([by_owner.id().to_string()])).await;
    assert_eq!(text, "this key's role is owner, and yours is admin");
    let roster = client.query(r#"{"kinds":[8000]}"#).await.0;
    let text = relay.manage_refused(&owner(), "deleteevent", json!([roster[0]["id"]])).await;
    assert_eq!(text, "this event is the relay's own");
    // One's own, and those of who stands lower.
    relay.manage(&owner(), "deleteevent", json!([by_owner.id().to_string()])).await;
    client.finds(&json!({ "authors": [hex(&owner())] }).to_string(), &[]).await;
}

#[tokio::test]
async fn a_deleted_follow_list_is_out_of_force_before_the_answer() {
    let relay = relay_in(Mode::Follows).await;
    let mut client = relay.connect_as(&[&admin()]).await;
    let list = EventBuilder::new(3).tag(&["p", &hex(&author())]).sign(&admin());
    client.store(&list).await;
    let mut followed = relay.connect_as(&[&author()]).await;
    followed.store(&note(&author())).await;
    relay.manage(&owner(), "deleteevent", json!([list.id().to_string()])).await;
    followed.refused(&note(&author()), "restricted: ").await;
}

#[tokio::test]
async fn kinds_are_allowed_and_disallowed() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    relay.manage(&admin(), "disallowkind", json!([7])).await;
    client.refused(&EventBuilder::new(7).sign(&author()), "blocked: ").await;
    client.store(&note(&author())).await;
    assert_eq!(relay.manage(&admin(), "listdisallowedkinds", json!([])).await, json!([7]));
    // The undo; where no kind is on the list of allowed ones, all are.
    relay.manage(&admin(), "allowkind", json!([7])).await;
    client.store(&EventBuilder::new(7).sign(&author())).await;
    client.store(&note(&author())).await;
    relay.manage(&admin(), "allowkind", json!([1])).await;
    assert_eq!(relay.manage(&admin(), "listallowedkinds", json!([])).await, json!([1]));
    client.refused(&EventBuilder::new(7).content("again").sign(&author()), "blocked: ").await;
    client.store(&note(&author())).await;
}

#[tokio::test]
async fn reports_come_into_the_queue_and_are_decided() {
    let relay = relay().await;
    let mut client = relay.connect().await;
    let bad = note(&author());
    client.store(&bad).await;
    let id = bad.id().to_string();
    for seed in [5, 6] {
        let report = EventBuilder::new(1984).tag(&["e", &id, "spam"]).tag(&["p", &hex(&author())]);
        client.store(&report.sign(&Keys::from_seed(seed))).await;
    }
    let mut list = Value::Null;
    for _ in 0..100 {
        list = relay.manage(&moderator(), "listeventsneedingmoderation", json!([])).await;
        if entry(&list, "id", &id).is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(entry(&list, "id", &id).is_some(), "{list}");
    relay.manage(&moderator(), "banevent", json!([id, "spam"])).await;
    let list = relay.manage(&moderator(), "listeventsneedingmoderation", json!([])).await;
    assert!(entry(&list, "id", &id).is_none(), "{list}");
    client.finds(r#"{"kinds":[1]}"#, &[]).await;
}

#[tokio::test]
async fn who_the_relay_says_it_is_can_be_changed() {
    let mut relay = relay().await;
    relay.manage(&admin(), "changerelayname", json!(["Semaphore"])).await;
    relay.manage(&admin(), "changerelaydescription", json!(["Arms on a tower"])).await;
    relay.manage(&admin(), "changerelayicon", json!(["https://example.com/icon.png"])).await;
    for restarted in [false, true] {
        let document = request(&relay.address(), "GET", "/", &["Accept: application/nostr+json"]).await;
        let document: Value = serde_json::from_str(&document.body).unwrap();
        assert_eq!(document["name"], "Semaphore", "restarted: {restarted}");
        assert_eq!(document["description"], "Arms on a tower");
        assert_eq!(document["icon"], "https://example.com/icon.png");
        let page = request(&relay.address(), "GET", "/", &[]).await;
        assert!(page.body.contains("Semaphore"), "{}", page.body);
        relay.restart().await;
    }
}

#[tokio::test]
async fn roles_decide_who_may_call_what() {
    let relay = relay_in(Mode::Members).await;
    let key = hex(&author());
    let table = [
        ("banpubkey", json!([key]), [true, true, true]),
        ("unbanpubkey", json!([key]), [true, true, true]),
        ("banevent", json!([key]), [true, true, true]),
        ("allowevent", json!([key]), [true, true, true]),
        ("allowpubkey", json!([key]), [true, true, false]),
        ("unallowpubkey", json!([key]), [true, true, false]),
        ("disallowkind", json!([9]), [true, true, false]),
        ("allowkind", json!([9]), [true, true, false]),
        ("blockip", json!(["192.0.2.1"]), [true, true, false]),
        ("unblockip", json!(["192.0.2.1"]), [true, true, false]),
        ("changerelayname", json!(["name"]), [true, true, false]),
        ("createinvite", json!([]), [true, true, false]),
        ("listauditlog", json!([]), [true, true, false]),
        ("addmoderator", json!([hex(&Keys::from_seed(50))]), [true, false, false]),
        ("removemoderator", json!([hex(&Keys::from_seed(50))]), [true, false, false]),
        ("stats", json!([]), [true, true, true]),
        ("listblockedips", json!([]), [true, true, true]),
    ];
    for (method, params, may) in table {
        for (keys, may) in [owner(), admin(), moderator()].iter().zip(may) {
            if may {
                relay.manage(keys, method, params.clone()).await;
            } else {
                relay.manage_refused(keys, method, params.clone()).await;
            }
        }
    }
    // A new moderator may at once, and a former one no longer.
    let new = Keys::from_seed(51);
    relay.manage(&owner(), "addmoderator", json!([hex(&new)])).await;
    relay.manage(&new, "banpubkey", json!([key])).await;
    relay.manage(&owner(), "removemoderator", json!([hex(&new)])).await;
    let response = Call::new(&relay, "banpubkey", &json!([key]), unique()).send(&relay, &new).await;
    assert!(!response.body.contains(r#""result":true"#), "{}", response.body);
}

#[tokio::test]
async fn supported_methods_are_those_that_answer() {
    let relay = relay().await;
    let methods = relay.manage(&owner(), "supportedmethods", json!([])).await;
    let methods: Vec<String> = serde_json::from_value(methods).unwrap();
    let of_the_nip = [
        "banpubkey",
        "unbanpubkey",
        "listbannedpubkeys",
        "allowpubkey",
        "unallowpubkey",
        "listallowedpubkeys",
        "createrole",
        "editrole",
        "deleterole",
        "assignrole",
        "unassignrole",
        "listeventsneedingmoderation",
        "allowevent",
        "banevent",
        "listbannedevents",
        "changerelayname",
        "changerelaydescription",
        "changerelayicon",
        "allowkind",
        "disallowkind",
        "listallowedkinds",
        "blockip",
        "unblockip",
        "listblockedips",
    ];
    for method in of_the_nip {
        assert!(methods.iter().any(|known| known == method), "{method} is missing");
    }
    for method in methods.iter().filter(|method| method.starts_with("list")) {
        assert!(relay.manage(&owner(), method, json!([])).await.is_array(), "{method}");
    }
    relay.manage_refused(&owner(), "nosuchmethod", json!([])).await;
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let relay = relay().await;
    for (method, params) in [
        ("banpubkey", json!([])),
        ("banpubkey", json!(["abc"])),
        ("banpubkey", json!([1])),
        ("banevent", json!(["xyz"])),
        ("deleteevent", json!([])),
        ("deleteevent", json!(["xyz"])),
        ("deleteevent", json!(["0".repeat(63)])),
        ("allowkind", json!([70_000])),
        ("allowkind", json!(["one"])),
        ("blockip", json!(["300.1.1.1"])),
        ("changerelayname", json!([1])),
        ("createrole", json!([])),
    ] {
        let error = relay.manage_refused(&owner(), method, params.clone()).await;
        assert!(error.len() > 10, "{method} {params}: {error}");
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let relay = Relay::start_with(|config| {
        config.access.owners = vec![owner().public()];
        config.management.page_max = 2;
    })
    .await;
    for seed in 10..15 {
        relay.manage(&owner(), "banpubkey", json!([hex(&Keys::from_seed(seed))])).await;
    }
    let page = relay.manage(&owner(), "listbannedpubkeys", json!([])).await;
    assert_eq!(page.as_array().unwrap().len(), 2, "{page}");
}

#[tokio::test]
async fn the_audit_log_says_who_did_what() {
    let mut relay = relay().await;
    relay.manage(&moderator(), "banpubkey", json!([hex(&author()), "spam"])).await;
    relay.manage_refused(&moderator(), "blockip", json!(["192.0.2.1"])).await;
    relay.restart().await;
    let log = relay.manage(&owner(), "listauditlog", json!([])).await;
    let entries = log.as_array().unwrap();
    let text = log.to_string();
    assert!(text.contains("banpubkey") && text.contains(&hex(&moderator())), "{text}");
    assert!(text.contains(&hex(&author())), "{text}");
    assert!(entries.iter().all(|entry| !entry.to_string().contains("blockip")), "{text}");
}

#[tokio::test]
async fn bodies_that_are_no_calls_are_refused() {
    let relay = relay().await;
    let lines = ["Content-Type: application/nostr+json+rpc"];
    assert_eq!(post(&relay.address(), &lines, "{}").await.status, 401);
    let huge = "x".repeat(1 << 20);
    let status = post(&relay.address(), &lines, &huge).await.status;
    assert!(status == 413 || status == 401, "{status}");
    // Any other POST is none of ours.
    assert_eq!(post(&relay.address(), &["Content-Type: text/plain"], "{}").await.status, 405);
}

#[tokio::test]
async fn where_nobody_may_manage_there_is_no_such_api() {
    let relay = Relay::start().await;
    let response = Call::new(&relay, "stats", &json!([]), unique()).send(&relay, &owner()).await;
    assert_ne!(response.status, 200, "{}", response.body);
    let document = request(&relay.address(), "GET", "/", &["Accept: application/nostr+json"]).await;
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert!(!document["supported_nips"].as_array().unwrap().contains(&json!(86)), "{document}");
}
