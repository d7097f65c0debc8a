//! The commands about access: what a policy holds, why the relay says no, invites, and the management API. Asked beside a running relay and
//! of its directory when it is stopped.

use std::path::Path;
use std::process::Output;

use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Process, command, free_address, http};

fn owner() -> Keys {
    Keys::from_seed(900)
}

fn admin() -> Keys {
    Keys::from_seed(901)
}

fn friend() -> Keys {
    Keys::from_seed(2)
}

fn hex(keys: &Keys) -> String {
    keys.public().to_string()
}

fn knobs(mode: &str) -> Vec<(String, String)> {
    let knob = |name: &str, value: String| (format!("CHAPPE_{name}"), value);
    vec![
        knob("ACCESS__MODE", mode.to_owned()),
        knob("ACCESS__OWNERS", hex(&owner())),
        knob("ACCESS__ADMINS", hex(&admin())),
        knob("CURATING__KINDS", "1".to_owned()),
        knob("STORE__MAP_BYTES", (1_u64 << 30).to_string()),
    ]
}

/// Runs `chappe` on this directory and on the address of a relay, if one runs.
fn run(dir: &Path, knobs: &[(String, String)], relay: Option<&Process>, arguments: &[&str]) -> Output {
    let mut command = command();
    command.env_clear().envs(knobs.iter().cloned()).arg("--data-dir").arg(dir);
    if let Some(relay) = relay {
        command.arg("--listen").arg(relay.addresses()[0].to_string());
    }
    command.args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The verdict on writing an event of this kind and author.
fn on_event(
    dir: &Path,
    knobs: &[(String, String)],
    relay: Option<&Process>,
    event: &Value,
    viewer: Option<&Keys>,
) -> String {
    let file = dir.join("event.json");
    std::fs::write(&file, event.to_string()).unwrap();
    let viewer = viewer.map(hex);
    let mut arguments = vec!["policy", "explain", "--event", file.to_str().unwrap()];
    arguments.extend(viewer.iter().flat_map(|viewer| ["--as", viewer.as_str()]));
    let story = told(&run(dir, knobs, relay, &arguments));
    let writing = story.split("\n\n").next().unwrap();
    assert!(writing.starts_with("Writing it"), "{story}");
    writing.lines().last().unwrap().trim().to_owned()
}

fn on_filter(
    dir: &Path,
    knobs: &[(String, String)],
    relay: Option<&Process>,
    filter: &str,
    viewer: Option<&Keys>,
) -> String {
    let viewer = viewer.map(hex);
    let mut arguments = vec!["policy", "explain", "--filter", filter];
    arguments.extend(viewer.iter().flat_map(|viewer| ["--as", viewer.as_str()]));
    let story = told(&run(dir, knobs, relay, &arguments));
    story.lines().last().unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_story_is_right_in_each_mode() {
    let note = |keys: &Keys| json!({"kind": 1, "pubkey": hex(keys)});
    let reaction = json!({"kind": 7, "pubkey": hex(&friend())});
    let table: [(&str, Value, Value, &str); 6] = [
        (
            "open",
            note(&friend()),
            json!({"kind": 22242}),
            "=> denied: invalid: an AUTH event is never published",
        ),
        ("follows", note(&friend()), note(&Keys::from_seed(3)), "=> denied: auth-required: "),
        ("managed", note(&admin()), note(&friend()), "=> denied: auth-required: "),
        ("curating", note(&friend()), reaction, "=> denied: blocked: "),
        ("social", note(&friend()), json!({"kind": 1, "tags": [["-"]]}), "=> denied: auth-required: "),
        ("members", note(&owner()), note(&friend()), "=> denied: auth-required: only members"),
    ];
    for (mode, allowed, denied, why) in table {
        let dir = TempDir::new().unwrap();
        let knobs = knobs(mode);
        let names: Vec<(&str, &str)> = knobs
            .iter()
            .map(|(name, value)| (name.strip_prefix("CHAPPE_").unwrap(), value.as_str()))
            .collect();
        let mut relay = Process::start(dir.path(), &names).await;
        let list = EventBuilder::new(3).tag(&["p", &hex(&friend())]).sign(&admin());
        relay.connect().await.store(&list).await;
        for running in [true, false] {
            let beside = running.then_some(&relay);
            let said = |event| on_event(dir.path(), &knobs, beside, event, None);
            assert!(
                said(&allowed).starts_with("=> allowed"),
                "{mode}, running: {running}: {}",
                said(&allowed)
            );
            assert!(said(&denied).starts_with(why), "{mode}, running: {running}: {}", said(&denied));
            let asked = |filter, viewer| on_filter(dir.path(), &knobs, beside, filter, viewer);
            assert!(asked(r#"{"kinds":[1]}"#, None).starts_with("=> allowed"), "{mode}");
            let private = asked(r#"{"kinds":[1059]}"#, None);
            assert!(private.starts_with("=> denied: auth-required: "), "{mode}: {private}");
            assert!(asked(r#"{"kinds":[1059]}"#, Some(&friend())).starts_with("=> allowed"), "{mode}");
            if running {
                relay.stop().await;
            }
        }
    }
}

#[tokio::test]
async fn another_policy_can_be_tried() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("policy.json");
    let policy = json!({"default_policy": "allow", "rules": {"1": {"content_limit": 3}}});
    std::fs::write(&file, policy.to_string()).unwrap();
    let event = dir.path().join("long.json");
    std::fs::write(&event, r#"{"kind":1,"content":"four"}"#).unwrap();
    let (file, event) = (file.to_str().unwrap(), event.to_str().unwrap());
    let story = told(&run(dir.path(), &knobs("open"), None, &["policy", "explain", file, "--event", event]));
    assert!(
        story.contains("=> denied: restricted: content is longer than 3 bytes (rule for kind 1)"),
        "{story}"
    );
}

#[tokio::test]
async fn a_policy_file_is_checked() {
    let dir = TempDir::new().unwrap();
    let check = |text: &str| {
        let file = dir.path().join("policy.json");
        std::fs::write(&file, text).unwrap();
        run(dir.path(), &knobs("open"), None, &["policy", "check", file.to_str().unwrap()])
    };
    let good =
        check(r#"{"default_policy":"allow","tests":[{"name":"all","event":{"kind":1},"expect":"allow"}]}"#);
    assert!(told(&good).contains("its test passes"), "{good:?}");
    let bad = check("{\"default_policy\":\"allow\",\n \"rules\":{\"1\":{\"sizelimit\":3}}}");
    let said = String::from_utf8(bad.stderr.clone()).unwrap();
    assert!(
        !bad.status.success() && said.contains("policy.json:2:") && said.contains("sizelimit"),
        "{bad:?}"
    );
    let failing =
        check(r#"{"default_policy":"allow","tests":[{"name":"none","event":{"kind":1},"expect":"deny"}]}"#);
    assert!(!failing.status.success() && format!("{failing:?}").contains("none"), "{failing:?}");
}

#[tokio::test]
async fn invites_are_made_beside_a_running_relay_and_without_it() {
    let dir = TempDir::new().unwrap();
    let knobs = knobs("members");
    let names: Vec<(&str, &str)> =
        knobs.iter().map(|(name, value)| (name.strip_prefix("CHAPPE_").unwrap(), value.as_str())).collect();
    let mut relay = Process::start(dir.path(), &names).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let join = |seed: u64, code: &str| {
        EventBuilder::new(28_934).created_at(now).tag(&["claim", code]).sign(&Keys::from_seed(seed))
    };
    let code = told(&run(dir.path(), &knobs, Some(&relay), &["invite", "--uses", "2"])).trim().to_owned();
    let mut client = relay.connect().await;
    for seed in [10, 11] {
        assert!(client.publish(&join(seed, &code)).await.0);
    }
    client.refused(&join(12, &code), "restricted: ").await;
    drop(client);
    relay.stop().await;
    let code = told(&run(dir.path(), &knobs, None, &["invite"])).trim().to_owned();
    let relay = Process::start(dir.path(), &names).await;
    assert!(relay.connect().await.publish(&join(12, &code)).await.0);
}

#[tokio::test]
async fn the_management_api_is_used_without_a_client() {
    let dir = TempDir::new().unwrap();
    let knobs = knobs("open");
    let names: Vec<(&str, &str)> =
        knobs.iter().map(|(name, value)| (name.strip_prefix("CHAPPE_").unwrap(), value.as_str())).collect();
    let mut relay = Process::start(dir.path(), &names).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let note = |seed: u64| EventBuilder::new(1).created_at(now).sign(&Keys::from_seed(seed));
    let call = |beside: Option<&Process>, arguments: &[&str]| {
        let all = [&["admin"], arguments].concat();
        serde_json::from_str::<Value>(&told(&run(dir.path(), &knobs, beside, &all))).unwrap()
    };
    let mut client = relay.connect().await;
    let key = |seed: u64| hex(&Keys::from_seed(seed));
    assert_eq!(call(Some(&relay), &["banpubkey", &key(10), "too much, too often"]), true);
    client.refused(&note(10), "blocked: ").await;
    assert!(client.publish(&note(11)).await.0);
    let connections = call(Some(&relay), &["listconnections", r#"{"by":"messages"}"#]);
    let number = connections[0]["number"].to_string();
    assert_eq!(call(Some(&relay), &["closeconnection", &number, "too much"]), true);
    assert_eq!(client.closed().await.0, 1_008);
    relay.stop().await;
    // What was done is there, and more can be done, while it does not run.
    assert_eq!(call(None, &["listbannedpubkeys"])[0]["reason"], "too much, too often");
    assert_eq!(call(None, &["unbanpubkey", &key(10)]), true);
    assert_eq!(call(None, &["listauditlog"]).as_array().unwrap().len(), 3);
    let relay = Process::start(dir.path(), &names).await;
    assert!(relay.connect().await.publish(&note(10)).await.0);
}

#[tokio::test]
async fn a_relay_without_a_place_left_can_be_managed() {
    let dir = TempDir::new().unwrap();
    let mut knobs = knobs("open");
    knobs.push(("CHAPPE_LIMITS__CONNECTIONS_MAX".to_owned(), "2".to_owned()));
    knobs.push(("CHAPPE_METRICS__ADDRESSES".to_owned(), free_address().to_string()));
    let names: Vec<(&str, &str)> =
        knobs.iter().map(|(name, value)| (name.strip_prefix("CHAPPE_").unwrap(), value.as_str())).collect();
    let relay = Process::start(dir.path(), &names).await;
    let [_first, mut second] = [relay.connect().await, relay.connect().await];
    // So that it is told first: who has which number is nobody's promise.
    assert!(second.publish(&EventBuilder::new(1).sign(&Keys::from_seed(10))).await.0);
    let list = ["admin", "listconnections", r#"{"by":"messages"}"#];
    let connections: Value =
        serde_json::from_str(&told(&run(dir.path(), &knobs, Some(&relay), &list))).unwrap();
    assert_eq!(connections.as_array().unwrap().len(), 2);
    let number = connections[0]["number"].to_string();
    told(&run(dir.path(), &knobs, Some(&relay), &["admin", "closeconnection", &number]));
    assert_eq!(second.closed().await.0, 1_008);
    // Nothing but calls that are signed is answered there, and the relay's clients are not.
    let watched = &names.iter().find(|(name, _)| *name == "METRICS__ADDRESSES").unwrap().1;
    let call = r#"{"method":"stats","params":[]}"#;
    let kind = "Content-Type: application/nostr+json+rpc";
    assert_eq!(http::post_to(watched, "/", &[kind], call).await.status, 401);
    assert_eq!(http::post_to(watched, "/", &[], call).await.status, 405);
    assert_eq!(http::request(watched, "GET", "/", &[]).await.status, 405);
}
