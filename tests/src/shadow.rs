//! A shadow policy: asked beside the one in force, and refusing nothing.

use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::management::call;
use crate::harness::{Process, Relay};

#[tokio::test]
async fn it_refuses_nothing_and_says_what_it_would_have_done() {
    let dir = TempDir::new().unwrap();
    let (file, shadow) = (dir.path().join("policy.json"), dir.path().join("shadow.json"));
    std::fs::write(&file, json!({"default_policy": "allow"}).to_string()).unwrap();
    let stricter = json!({"default_policy": "allow", "rules": {"1": {"content_limit": 5}}});
    std::fs::write(&shadow, stricter.to_string()).unwrap();
    let knobs = [
        ("POLICY__FILE", file.to_str().unwrap()),
        ("POLICY__SHADOW_FILE", shadow.to_str().unwrap()),
        ("LOG__FILTER", "info,chappe_session=debug"),
    ];
    let process = Process::start(dir.path(), &knobs).await;
    let mut client = process.connect().await;
    let author = Keys::from_seed(1);
    let long = EventBuilder::new(1).content("too long for it").sign(&author);
    client.store(&long).await;
    client.store(&EventBuilder::new(1).content("short").sign(&author)).await;
    assert_eq!(client.count("{}").await, 2);
    for _ in 0..200 {
        let log = process.log();
        let summary =
            log.lines().find(|line| line.contains("the shadow policy differs from the one in force"));
        if let Some(summary) = summary {
            assert!(summary.contains("writes_only_it_denies=1"), "{summary}");
            assert!(log.contains(&long.id().to_string()), "the event is named at debug: {log}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no summary in {}", process.log());
}

#[tokio::test]
async fn administrators_see_where_it_differs() {
    let (admin, moderator, author) = (Keys::from_seed(951), Keys::from_seed(952), Keys::from_seed(1));
    let dir = TempDir::new().unwrap();
    let (file, shadow) = (dir.path().join("policy.json"), dir.path().join("shadow.json"));
    std::fs::write(&file, json!({"default_policy": "allow", "kind": {"blacklist": [7]}}).to_string())
        .unwrap();
    let other = json!({"default_policy": "allow", "rules": {"1": {"content_limit": 5}}}).to_string();
    std::fs::write(&shadow, &other).unwrap();
    let relay = Relay::start_with(|config| {
        config.access.admins = vec![admin.public()];
        config.access.moderators = vec![moderator.public()];
        config.policy.file = file;
        config.policy.shadow_file = shadow;
    })
    .await;
    let mut client = relay.connect().await;
    let long = EventBuilder::new(1).content("too long for it").sign(&author);
    client.store(&long).await;
    client.store(&EventBuilder::new(1).content("short").sign(&author)).await;
    let reaction = EventBuilder::new(7).sign(&author);
    client.refused(&reaction, "restricted: ").await;
    assert!(call(&relay, &moderator, "getshadow", json!([])).await.get("error").is_some());
    let told = call(&relay, &admin, "getshadow", json!([])).await["result"].take();
    assert_eq!(told["text"], other.as_str());
    assert_eq!(told["writes"], json!({"agreed": 1, "only_policy_denies": 1, "only_shadow_denies": 1}));
    let expected = json!([
        {
            "at": relay.now(), "id": reaction.id().to_string(), "pubkey": author.hex(), "kind": 7,
            "denied_by": "policy", "because": "kind.blacklist",
        },
        {
            "at": relay.now(), "id": long.id().to_string(), "pubkey": author.hex(), "kind": 1,
            "denied_by": "shadow", "because": "rules.1.content_limit",
        },
    ]);
    assert_eq!(told["differed"], expected);

    let none = Relay::start_with(|config| config.access.admins = vec![admin.public()]).await;
    assert_eq!(call(&none, &admin, "getshadow", json!([])).await["result"], json!(null));
}
