//! The management API, over HTTP.

use chappe_testkit::TestEvent;

use super::*;

const RPC: &str = "Content-Type: application/nostr+json+rpc";
const CALL: &str = r#"{"method":"supportedmethods","params":[]}"#;

async fn owned() -> Setting {
    start(|config, _| config.access.owners = vec![owner().public()]).await
}

fn authorization(event: &TestEvent) -> String {
    format!("Authorization: Nostr {}", BASE64.encode(event.json().as_bytes()))
}

#[tokio::test]
async fn owner_calls_and_is_answered() {
    let setting = owned().await;
    let (status, answer) = setting.call(&owner(), "supportedmethods", json!([])).await;
    assert_eq!(status, 200);
    assert!(answer["result"].as_array().unwrap().contains(&json!("banpubkey")), "{answer}");
    let (status, answer) = setting.call(&owner(), "banpubkey", json!(["nobody"])).await;
    assert_eq!((status, answer.get("result")), (200, None));
    assert!(answer["error"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    let (_, answer) = setting.call(&owner(), "makecoffee", json!([])).await;
    assert!(answer["error"].as_str().unwrap().starts_with("unknown method"), "{answer}");
}

#[tokio::test]
async fn stats_are_those_of_the_relay() {
    let setting = owned().await;
    let mut client = setting.connect_from("192.0.2.1").await.unwrap();
    works(&mut client).await;
    let (_, answer) = setting.call(&owner(), "stats", json!([])).await;
    assert_eq!(
        (&answer["result"]["connections"], &answer["result"]["subscriptions"]),
        (&json!(2), &json!(1))
    );
    assert!(answer["result"]["bytes_used"].as_u64().unwrap() > 0, "{answer}");
}

/// Each is 401 with a reason, and changes nothing.
#[tokio::test]
async fn bad_signatures_are_refused() {
    let setting = owned().await;
    let url = format!("http://{}/", setting.address());
    let sign = |url: &str, method: &str, body: &str, at: u64| {
        authorization(&http_auth_event(url, method, body.as_bytes(), at).sign(&owner()))
    };
    let cases = [
        (String::new(), "is needed"),
        ("Authorization: Bearer abc".to_owned(), "is needed"),
        ("Authorization: Nostr".to_owned(), "is needed"),
        ("Authorization: Nostr %%%".to_owned(), "not base64"),
        (format!("Authorization: Nostr {}", BASE64.encode(b"{}")), "the event in the header"),
        (sign("http://elsewhere.example/", "POST", CALL, NOW), "u tag"),
        (sign(&url, "GET", CALL, NOW), "method tag"),
        (sign(&url, "POST", "{}", NOW), "payload tag"),
        (sign(&url, "POST", CALL, NOW - 61), "within 60 seconds"),
        (sign(&url, "POST", CALL, NOW + 61), "within 60 seconds"),
    ];
    for (line, reason) in cases {
        let lines: Vec<&str> = [RPC, &*line].into_iter().filter(|line| !line.is_empty()).collect();
        let answer = setting.ask("POST", &lines, CALL).await;
        assert_eq!(answer.status, 401, "{line}: {}", answer.body);
        assert!(answer.head.contains("www-authenticate: nostr"), "{}", answer.head);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["error"].as_str().unwrap().contains(reason), "{line}: {body}");
    }
    let stranger = setting.call(&Keys::from_seed(7), "supportedmethods", json!([])).await;
    assert_eq!(stranger.0, 403, "{}", stranger.1);
}

#[tokio::test]
async fn a_signature_counts_once() {
    let setting = owned().await;
    let url = format!("http://{}/", setting.address());
    let event = http_auth_event(&url, "POST", CALL.as_bytes(), NOW).sign(&owner());
    // NIP-98's own example has no padding.
    let bare = authorization(&event).trim_end_matches('=').to_owned();
    assert_eq!(setting.ask("POST", &[RPC, &bare], CALL).await.status, 200);
    let again = setting.ask("POST", &[RPC, &bare], CALL).await;
    assert_eq!((again.status, again.body.contains("used before")), (401, true), "{}", again.body);
}

#[tokio::test]
async fn odd_bodies_are_refused() {
    let setting = owned().await;
    let url = format!("http://{}/", setting.address());
    for body in ["", "[]", "{\"params\":[]}", "{\"method\":1}", "{\"method\":\"stats\",\"params\":{}}", "{"] {
        let event = http_auth_event(&url, "POST", body.as_bytes(), NOW).sign(&owner());
        let answer = setting.ask("POST", &[RPC, &authorization(&event)], body).await;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.body);
    }
    let long = "x".repeat(64 * 1024 + 1);
    assert_eq!(setting.ask("POST", &[RPC], &long).await.status, 413);
}

#[tokio::test]
async fn without_managers_there_is_no_api() {
    for setting in [
        start(|_, _| {}).await,
        start(|config, _| {
            config.access.owners = vec![owner().public()];
            config.management.enabled = false;
        })
        .await,
    ] {
        assert_eq!(setting.ask("POST", &[RPC], CALL).await.status, 405);
        let nips = setting.document().await["supported_nips"].clone();
        assert!(!nips.as_array().unwrap().contains(&json!(86)), "{nips}");
    }
}

#[tokio::test]
async fn answers_can_be_read_by_scripts_from_elsewhere() {
    let setting = owned().await;
    let answer = setting.ask("POST", &[RPC], CALL).await;
    assert!(answer.head.contains("access-control-allow-origin: *"), "{}", answer.head);
    assert!(answer.head.contains("content-type: application/nostr+json+rpc"), "{}", answer.head);
}
