//! NIP-98: who signed an HTTP request.

use chappe_testkit::{EventBuilder, Keys, http_auth_event};
use serde_json::{Value, json};

use crate::harness::http;
use crate::harness::management::{Call, post};
use crate::harness::{Relay, base64, unique};

fn admin() -> Keys {
    Keys::from_seed(901)
}

async fn relay() -> Relay {
    Relay::start_with(|config| config.access.admins = vec![admin().public()]).await
}

const BODY: &str = r#"{"method":"supportedmethods","params":[]}"#;

fn right(relay: &Relay) -> EventBuilder {
    let event = http_auth_event(&url(relay), "POST", BODY.as_bytes(), relay.now());
    event.tag(&["nonce", &unique().to_string()])
}

fn url(relay: &Relay) -> String {
    format!("http://{}/", relay.address())
}

#[tokio::test]
async fn a_right_request_is_answered() {
    let relay = relay().await;
    let response = post(&relay, &right(&relay).sign(&admin()), BODY).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let answer: Value = serde_json::from_str(&response.body).unwrap();
    assert!(answer["result"].as_array().unwrap().contains(&json!("banpubkey")), "{answer}");
    // The address may be written as the WebSocket's, and without its slash: that is how the relay is known.
    for url in [relay.url(), format!("{}/", relay.url()), format!("http://{}", relay.address())] {
        let event = http_auth_event(&url, "POST", BODY.as_bytes(), relay.now()).tag(&["for", &url]);
        let response = post(&relay, &event.sign(&admin()), BODY).await;
        assert_eq!(response.status, 200, "{url}: {}", response.body);
    }
}

#[tokio::test]
async fn each_wrong_part_is_401() {
    let relay = relay().await;
    let now = relay.now();
    let event = |url: &str, method: &str, body: &str, at: u64| {
        http_auth_event(url, method, body.as_bytes(), at).sign(&admin())
    };
    let url = url(&relay);
    let table = [
        ("another relay's address", event("http://relay.example.com/", "POST", BODY, now)),
        ("another path", event(&format!("{url}admin"), "POST", BODY, now)),
        ("another query", event(&format!("{url}?a=b"), "POST", BODY, now)),
        ("another method", event(&url, "GET", BODY, now)),
        ("another body", event(&url, "POST", r#"{"method":"stats","params":[]}"#, now)),
        ("too old", event(&url, "POST", BODY, now - 61)),
        ("too new", event(&url, "POST", BODY, now + 61)),
        ("another kind", EventBuilder::new(1).tag(&["u", &url]).tag(&["method", "POST"]).sign(&admin())),
        ("no payload", EventBuilder::new(27_235).tag(&["u", &url]).tag(&["method", "POST"]).sign(&admin())),
        ("a wrong signature", event(&url, "POST", BODY, now).with_wrong_sig()),
        ("another's signature", event(&url, "POST", BODY, now).with_sig_by(&Keys::from_seed(3))),
        ("a wrong id", event(&url, "POST", BODY, now).with_wrong_id(&admin())),
    ];
    for (what, event) in table {
        let response = post(&relay, &event, BODY).await;
        assert_eq!(response.status, 401, "{what}: {}", response.body);
        assert!(response.body.contains("error"), "{what}: {}", response.body);
    }
    // Within the minute it is right.
    for at in [now - 60, now + 60] {
        assert_eq!(post(&relay, &event(&url, "POST", BODY, at), BODY).await.status, 200);
    }
}

#[tokio::test]
async fn a_request_is_taken_once() {
    let relay = relay().await;
    let event = right(&relay).sign(&admin());
    assert_eq!(post(&relay, &event, BODY).await.status, 200);
    assert_eq!(post(&relay, &event, BODY).await.status, 401);
    relay.pass_seconds(30);
    assert_eq!(post(&relay, &event, BODY).await.status, 401);
}

#[tokio::test]
async fn without_a_readable_header_it_is_401() {
    let relay = relay().await;
    let json = right(&relay).sign(&admin()).json();
    let headers = [
        None,
        Some("Authorization: Bearer abc".to_owned()),
        Some("Authorization: Nostr".to_owned()),
        Some("Authorization: Nostr !!!".to_owned()),
        Some(format!("Authorization: Nostr {}", base64(b"{}"))),
        Some(format!("Authorization: Nostr {}", base64(&json.as_bytes()[..40]))),
        Some(format!("Authorization: Basic {}", base64(json.as_bytes()))),
    ];
    for header in headers {
        let mut lines = vec!["Content-Type: application/nostr+json+rpc"];
        lines.extend(header.as_deref());
        let response = http::post(&relay.address(), &lines, BODY).await;
        assert_eq!(response.status, 401, "{header:?}: {}", response.body);
    }
}

#[tokio::test]
async fn the_configured_addresses_count_and_no_others() {
    let relay = Relay::start_with(|config| {
        config.access.admins = vec![admin().public()];
        config.relay.urls = vec!["wss://relay.example.com".into()];
    })
    .await;
    let event = http_auth_event("https://relay.example.com/", "POST", BODY.as_bytes(), relay.now());
    assert_eq!(post(&relay, &event.sign(&admin()), BODY).await.status, 200);
    assert_eq!(post(&relay, &right(&relay).sign(&admin()), BODY).await.status, 401);
}

#[tokio::test]
async fn strangers_are_refused_whatever_they_sign() {
    let relay = relay().await;
    let response = Call::new(&relay, "stats", &json!([]), unique()).send(&relay, &Keys::from_seed(5)).await;
    assert!(
        response.status == 403 || response.body.contains("error"),
        "{} {}",
        response.status,
        response.body
    );
    assert!(!response.body.contains("connections"), "{}", response.body);
}
