//! A shadow policy: asked beside the one in force, and refusing nothing.

use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::Process;

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
