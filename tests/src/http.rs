//! What else is at the relay's port: the page for browsers, its counters, and what is not there.

use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};

use crate::harness::Relay;
use crate::harness::http::request;

const HANDSHAKE: [&str; 4] = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

#[tokio::test]
async fn a_browser_gets_a_page_with_the_address_to_paste() {
    let relay = Relay::start_with(|config| config.relay.description = "For <everybody> & all".into()).await;
    let accept = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for lines in [&[accept] as &[&str], &["Accept: */*"], &[]] {
        let page = request(&relay.address(), "GET", "/", lines).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        for text in ["Chappe", &relay.url(), "For &lt;everybody&gt; &amp; all", "512 KiB", "NIP"] {
            assert!(page.body.contains(text), "no {text:?} in {}", page.body);
        }
    }
}

#[tokio::test]
async fn the_page_shows_the_configured_address() {
    let relay = Relay::start_with(|config| config.relay.urls = vec!["wss://relay.example.com".into()]).await;
    let page = request(&relay.address(), "GET", "/", &[]).await;
    assert!(page.body.contains("wss://relay.example.com"), "{}", page.body);
    assert!(!page.body.contains(&relay.url()), "{}", page.body);
}

/// What runs in it is its own, and nothing else is let in.
#[tokio::test]
async fn the_page_is_shut_against_strangers() {
    let relay = Relay::start().await;
    let page = request(&relay.address(), "GET", "/", &[]).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let host = r#"Host: evil.example"><script>alert(1)</script>"#;
    let page = request(&relay.address(), "GET", "/", &["X-Forwarded-Proto: https", host]).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn counters_are_live() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.store(&EventBuilder::new(1).sign(&Keys::from_seed(1))).await;
    client.subscribe("a", "{}").await;
    client.subscribe("b", "{}").await;
    let counters = request(&relay.address(), "GET", "/stats.json", &[]).await;
    let counters: Value = serde_json::from_str(&counters.body).unwrap();
    assert_eq!(counters, json!({ "events": 1, "connections": 2, "subscriptions": 2 }));
}

#[tokio::test]
async fn head_is_a_page_without_its_body() {
    let relay = Relay::start().await;
    for lines in [&[] as &[&str], &["Accept: application/nostr+json"]] {
        let response = request(&relay.address(), "HEAD", "/", lines).await;
        assert_eq!((response.status, response.body.as_str()), (200, ""));
    }
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let relay = Relay::start().await;
    for path in ["/relay", "/index.html", "/favicon.ico", "//", "/?/x/../y/"] {
        let is_root = path.starts_with("/?");
        for lines in [&["Accept: application/nostr+json"] as &[&str], &["Accept: text/html"], &[]] {
            let response = request(&relay.address(), "GET", path, lines).await;
            assert_eq!(response.status, if is_root { 200 } else { 404 }, "{path}");
        }
    }
}

#[tokio::test]
async fn websocket_is_spoken_at_the_root_only() {
    let relay = Relay::start().await;
    for path in ["/relay", "/ws", "/stats.json/x"] {
        assert_eq!(request(&relay.address(), "GET", path, &HANDSHAKE).await.status, 404, "{path}");
        assert!(tokio_tungstenite::connect_async(format!("{}{path}", relay.url())).await.is_err());
    }
    // A query does not make it another place.
    assert!(tokio_tungstenite::connect_async(format!("{}/?client=x", relay.url())).await.is_ok());
}

#[tokio::test]
async fn a_handshake_that_cannot_be_answered_is_told_why() {
    let relay = Relay::start().await;
    for (lines, reason) in [
        (vec!["Upgrade: websocket"], "Connection: Upgrade"),
        (vec![HANDSHAKE[0], HANDSHAKE[1], "Sec-WebSocket-Version: 8", HANDSHAKE[3]], "version 13"),
        (vec![HANDSHAKE[0], HANDSHAKE[1], HANDSHAKE[2]], "Sec-WebSocket-Key"),
        (vec![HANDSHAKE[0], HANDSHAKE[1], HANDSHAKE[2], "Sec-WebSocket-Key: short"], "Sec-WebSocket-Key"),
    ] {
        let response = request(&relay.address(), "GET", "/", &lines).await;
        assert_eq!(response.status, 426, "{lines:?}");
        assert_eq!(response.header("sec-websocket-version"), Some("13"));
        assert!(response.body.contains(reason), "{lines:?}: {}", response.body);
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let relay = Relay::start().await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let response = request(&relay.address(), method, "/", &["Content-Length: 0"]).await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
}

#[tokio::test]
async fn one_connection_too_many_gets_503() {
    let relay = Relay::start_with(|config| config.limits.connections_max = 2).await;
    let mut open = [relay.connect().await, relay.connect().await];
    let refused = tokio_tungstenite::connect_async(relay.url()).await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    for client in &mut open {
        client.hears_nothing_more().await;
    }
    let [one, two] = open;
    drop(one);
    // It takes the relay a moment to see that the connection is gone.
    let mut newcomer = loop {
        if let Ok((socket, _)) = tokio_tungstenite::connect_async(relay.url()).await {
            break crate::harness::Client { socket };
        }
    };
    newcomer.hears_nothing_more().await;
    drop(two);
}
