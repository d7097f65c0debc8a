//! NIP-43: members who come by invitation and leave when they like.

use std::time::Duration;

use chappe_app::config::{InvitesBy, Mode};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use crate::harness::http::request;
use crate::harness::{Client, Relay, unique};

fn owner() -> Keys {
    Keys::from_seed(900)
}

fn member() -> Keys {
    Keys::from_seed(1)
}

async fn relay() -> Relay {
    relay_with(|_| {}).await
}

async fn relay_with(turn: impl FnOnce(&mut chappe_app::config::Config)) -> Relay {
    Relay::start_with(|config| {
        config.access.mode = Mode::Members;
        config.access.owners = vec![owner().public()];
        turn(config);
    })
    .await
}

async fn invite(relay: &Relay, params: Value) -> String {
    let invite = relay.manage(&owner(), "createinvite", params).await;
    invite["code"].as_str().unwrap_or_else(|| panic!("{invite}")).to_owned()
}

fn join(keys: &Keys, code: &str, at: u64) -> TestEvent {
    let nonce = unique().to_string();
    EventBuilder::new(28_934).created_at(at).tag(&["claim", code]).tag(&["nonce", &nonce]).sign(keys)
}

fn leave(keys: &Keys, at: u64) -> TestEvent {
    let nonce = unique().to_string();
    EventBuilder::new(28_936).created_at(at).tag(&["-"]).tag(&["nonce", &nonce]).sign(keys)
}

async fn information(relay: &Relay) -> Value {
    let document = request(&relay.address(), "GET", "/", &["Accept: application/nostr+json"]).await;
    serde_json::from_str(&document.body).unwrap()
}

async fn own_key(relay: &Relay) -> String {
    information(relay).await["self"].as_str().unwrap().to_owned()
}

/// The keys on the newest roster, with what comes after them.
async fn roster(client: &mut Client, own: &str) -> Vec<Vec<String>> {
    let (rosters, _) = client.query(&format!(r#"{{"kinds":[13534],"authors":["{own}"]}}"#)).await;
    // While one is being replaced there may be none in the store, or both may come, the new one live.
    let newest = rosters.iter().max_by_key(|roster| roster["created_at"].as_u64());
    let Some(newest) = newest else { return Vec::new() };
    let tags: Vec<Vec<String>> = serde_json::from_value(newest["tags"].clone()).unwrap();
    assert!(tags.contains(&vec!["-".to_owned()]), "{tags:?}");
    tags.into_iter().filter(|tag| tag[0] == "member").map(|tag| tag[1..].to_vec()).collect()
}

/// Waits until the roster says this: it is told at most once a second.
async fn roster_becomes(relay: &Relay, client: &mut Client, own: &str, expected: &[Vec<String>]) {
    for _ in 0..100 {
        relay.pass_seconds(1);
        if roster(client, own).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(roster(client, own).await, expected);
}

#[tokio::test]
async fn it_is_listed_where_there_are_members_and_only_there() {
    let nips = information(&relay().await).await["supported_nips"].clone();
    assert!(nips.as_array().unwrap().contains(&json!(43)), "{nips}");
    let nips = information(&Relay::start().await).await["supported_nips"].clone();
    assert!(!nips.as_array().unwrap().contains(&json!(43)), "{nips}");
}

#[tokio::test]
async fn who_brings_a_good_claim_is_a_member() {
    let relay = relay().await;
    let code = invite(&relay, json!([])).await;
    let own = own_key(&relay).await;
    let mut watcher = relay.connect().await;
    watcher.subscribe("members", r#"{"kinds":[8000,8001,28934]}"#).await;
    let mut client = relay.connect().await;
    let request = join(&member(), &code, Relay::NOW);
    let (accepted, text) = client.publish(&request).await;
    assert!(accepted && text.starts_with("info: "), "{text}");
    client.store(&EventBuilder::new(1).sign(&member())).await;

    let heard = watcher.expect_start(r#"["EVENT","members","#).await;
    assert_eq!((&heard[2]["kind"], &heard[2]["pubkey"]), (&json!(8000), &json!(own)), "{heard}");
    let tags = heard[2]["tags"].as_array().unwrap();
    assert!(tags.contains(&json!(["p", member().public().to_string()])), "{heard}");
    assert!(tags.contains(&json!(["-"])), "{heard}");
    roster_becomes(&relay, &mut watcher, &own, &[vec![member().public().to_string()]]).await;
    // The request itself went to nobody.
    client.finds(r#"{"kinds":[28934]}"#, &[]).await;

    let (accepted, text) = client.publish(&join(&member(), &code, Relay::NOW)).await;
    assert!(accepted && text.starts_with("duplicate: "), "{text}");
}

#[tokio::test]
async fn claims_that_are_no_good_are_restricted() {
    let relay = relay().await;
    let used_up = invite(&relay, json!([])).await;
    let mut client = relay.connect().await;
    assert!(client.publish(&join(&member(), &used_up, Relay::NOW)).await.0);
    let stranger = Keys::from_seed(2);
    client.refused(&join(&stranger, &used_up, Relay::NOW), "restricted: ").await;
    client.refused(&join(&stranger, "no such code", Relay::NOW), "restricted: ").await;
    client.refused(&EventBuilder::new(28_934).sign(&stranger), "restricted: ").await;
    let old = invite(&relay, json!([])).await;
    relay.pass_seconds(8 * 86_400);
    client.refused(&join(&stranger, &old, relay.now()), "restricted: ").await;
    let fresh = invite(&relay, json!([])).await;
    client.refused(&join(&stranger, &fresh, relay.now() - 601), "invalid: ").await;
    client.refused(&join(&stranger, &fresh, relay.now() + 601), "invalid: ").await;
    assert!(client.publish(&join(&stranger, &fresh, relay.now() - 600)).await.0);
}

#[tokio::test]
async fn a_banned_key_cannot_join() {
    let relay = relay().await;
    let code = invite(&relay, json!([])).await;
    relay.manage(&owner(), "banpubkey", json!([member().public().to_string(), "spam"])).await;
    let mut client = relay.connect().await;
    client.refused(&join(&member(), &code, Relay::NOW), "blocked: ").await;
}

#[tokio::test]
async fn who_leaves_is_a_member_no_longer() {
    let mut relay = relay().await;
    let code = invite(&relay, json!([])).await;
    let own = own_key(&relay).await;
    let mut client = relay.connect_as(&[&member()]).await;
    assert!(client.publish(&join(&member(), &code, Relay::NOW)).await.0);
    client.subscribe("gone", r#"{"kinds":[8001]}"#).await;
    let request = leave(&member(), Relay::NOW);
    client.say(&request.message()).await;
    let first = client.hear().await;
    let second = client.hear().await;
    let (ok, gone) = if first[0] == "OK" { (first, second) } else { (second, first) };
    assert_eq!((&ok[0], &ok[2]), (&json!("OK"), &json!(true)), "{ok}");
    assert_eq!(gone[2]["kind"], 8001, "{gone}");
    client.refused(&EventBuilder::new(1).sign(&member()), "restricted: ").await;
    roster_becomes(&relay, &mut client, &own, &[]).await;
    relay.restart().await;
    relay.connect_as(&[&member()]).await.refused(&EventBuilder::new(1).sign(&member()), "restricted: ").await;
    assert_eq!(own_key(&relay).await, own, "the relay keeps its key");
}

#[tokio::test]
async fn a_leave_request_has_to_be_protected() {
    let relay = relay().await;
    let code = invite(&relay, json!([])).await;
    let mut client = relay.connect_as(&[&member()]).await;
    assert!(client.publish(&join(&member(), &code, Relay::NOW)).await.0);
    client.refused(&EventBuilder::new(28_936).sign(&member()), "invalid: ").await;
    client.store(&EventBuilder::new(1).sign(&member())).await;
}

/// Asks for an invite and gives the claim of the event that came, if one did.
async fn claim(client: &mut Client) -> Option<String> {
    let (events, _) = client.query(r#"{"kinds":[28935]}"#).await;
    let tags = events.first()?["tags"].as_array()?.clone();
    tags.iter().find(|tag| tag[0] == "claim")?[1].as_str().map(str::to_owned)
}

#[tokio::test]
async fn members_get_an_invite_by_asking_for_one() {
    let relay = relay().await;
    let mut client = relay.connect_as(&[&owner()]).await;
    let first = claim(&mut client).await.expect("the owner may invite");
    let second = claim(&mut client).await.unwrap();
    assert_ne!(first, second, "each is made on the fly");
    assert!(client.publish(&join(&member(), &first, Relay::NOW)).await.0);
    let mut new_member = relay.connect_as(&[&member()]).await;
    let third = claim(&mut new_member).await.expect("members may invite");
    assert!(client.publish(&join(&Keys::from_seed(2), &third, Relay::NOW)).await.0);

    let mut stranger = relay.connect_as(&[&Keys::from_seed(3)]).await;
    stranger.say(r#"["REQ","invite",{"kinds":[28935]}]"#).await;
    stranger.expect_start(r#"["CLOSED","invite","restricted: "#).await;
    let mut anonymous = relay.connect().await;
    anonymous.say(r#"["REQ","invite",{"kinds":[28935]}]"#).await;
    anonymous.challenge().await;
    anonymous.expect_start(r#"["CLOSED","invite","auth-required: "#).await;
}

#[tokio::test]
async fn who_may_invite_is_configurable() {
    let relay = relay_with(|config| config.members.invites_by = InvitesBy::Admins).await;
    let mut client = relay.connect_as(&[&owner()]).await;
    let code = claim(&mut client).await.unwrap();
    assert!(client.publish(&join(&member(), &code, Relay::NOW)).await.0);
    let mut new_member = relay.connect_as(&[&member()]).await;
    new_member.say(r#"["REQ","invite",{"kinds":[28935]}]"#).await;
    new_member.expect_start(r#"["CLOSED","invite","restricted: "#).await;
}

#[tokio::test]
async fn roles_are_published_and_on_the_roster() {
    let relay = relay().await;
    let own = own_key(&relay).await;
    let key = member().public().to_string();
    relay.manage(&owner(), "addmember", json!([key])).await;
    relay.manage(&owner(), "createrole", json!(["king", "King", "ruler of the relay", "37", 1])).await;
    relay.manage(&owner(), "assignrole", json!([key, "king"])).await;
    let mut client = relay.connect().await;
    roster_becomes(&relay, &mut client, &own, &[vec![key.clone(), "king".to_owned()]]).await;
    let (roles, _) = client.query(&format!(r#"{{"kinds":[33534],"authors":["{own}"]}}"#)).await;
    let tags = roles[0]["tags"].as_array().unwrap();
    for tag in [json!(["-"]), json!(["d", "king"]), json!(["label", "King"]), json!(["color", "37"])] {
        assert!(tags.contains(&tag), "{tag} is not in {tags:?}");
    }
    relay.manage(&owner(), "unassignrole", json!([key, "king"])).await;
    roster_becomes(&relay, &mut client, &own, &[vec![key]]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_relays_key_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let relay = relay().await;
    let mode = std::fs::metadata(relay.file("relay.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
