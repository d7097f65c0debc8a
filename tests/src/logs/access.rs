//! Who is shown the log: owners and admins, by a signature for this very request.

use super::*;

const PATHS: [&str; 6] =
    ["/logs", "/logs/components", "/logs/level", "/logs/store", "/logs/stream", "/logs/stream/store"];

#[tokio::test]
async fn owners_and_admins_are_shown_the_log_and_nobody_else() {
    let setting = Setting::start(&[]).await;
    for path in PATHS {
        for (keys, status) in [(owner(), 200), (admin(), 200), (moderator(), 403), (Keys::from_seed(5), 403)]
        {
            let reader = setting.stream_as(&keys, path, None).await;
            assert_eq!(reader.status(), status, "{path}: {}", reader.head());
        }
        let unsigned = http::request(&setting.address(), "GET", path, &[]).await;
        assert_eq!(unsigned.status, 401, "{path}");
        assert_eq!(unsigned.header("www-authenticate"), Some("Nostr"));
        assert!(unsigned.body.contains("Authorization: Nostr"), "{}", unsigned.body);
    }
}

#[tokio::test]
async fn a_signature_is_for_one_address_method_and_moment() {
    let setting = Setting::start(&[]).await;
    let right = |path: &str, method: &str, at: u64| {
        let url = format!("http://{}{path}", setting.address());
        let event = EventBuilder::new(27_235).created_at(at).tag(&["u", &url]).tag(&["method", method]);
        event.tag(&["nonce", &unique().to_string()])
    };
    let wrong = [
        ("another path", right("/", "GET", now())),
        ("a part", right("/logs/store", "GET", now())),
        ("the stream", right("/logs/stream", "GET", now())),
        ("another query", right("/logs?a=b", "GET", now())),
        ("another method", right("/logs", "POST", now())),
        ("too old", right("/logs", "GET", now() - 70)),
        ("too new", right("/logs", "GET", now() + 70)),
        ("another kind", EventBuilder::new(1).tag(&["method", "GET"])),
        ("another body", right("/logs", "GET", now()).tag(&["payload", &"0".repeat(64)])),
    ];
    let get = async |header: &str| http::request(&setting.address(), "GET", "/logs", &[header]).await;
    for (what, event) in wrong {
        let response = get(&authorization(event, &owner())).await;
        assert_eq!(response.status, 401, "{what}: {}", response.body);
        assert!(!response.body.contains("ready"), "{what}: {}", response.body);
    }
    let header = authorization(right("/logs", "GET", now()), &owner());
    assert_eq!(get(&header).await.status, 200);
    let again = get(&header).await;
    assert!(again.status == 401 && again.body.contains("used before"), "{}", again.body);
}

#[tokio::test]
async fn a_stream_ends_with_the_right_to_read_it() {
    let setting = Setting::start(&[]).await;
    let mut reader = setting.stream_as(&admin(), "/logs/stream/management", None).await;
    let mut silent = setting.stream_as(&admin(), "/logs/stream/store", None).await;
    let mut owners = setting.stream("/logs/stream/management", None).await;
    setting.manage("banpubkey", json!([admin().public().to_string()])).await;
    // Not even the line that tells of it.
    assert_eq!(reader.next().await, None);
    assert_eq!(silent.next().await, None);
    assert!(owners.line().await.data.contains("banpubkey"));
    assert_eq!(setting.get_as(&admin(), "/logs").await.status, 403);
}

#[tokio::test]
async fn where_nobody_may_manage_there_is_no_log() {
    let dir = TempDir::new().unwrap();
    let nobody = Process::start(dir.path(), &[]).await;
    let closed = Setting::start(&[("MANAGEMENT__ENABLED", "false")]).await;
    for address in [nobody.addresses()[0].to_string(), closed.address()] {
        for path in PATHS {
            for method in ["GET", "OPTIONS", "PUT"] {
                let response = http::request(&address, method, path, &["Content-Length: 0"]).await;
                assert_eq!(response.status, 404, "{method} {path}");
            }
        }
    }
}

/// A page of the operator's own may show the log.
#[tokio::test]
async fn scripts_from_elsewhere_may_ask() {
    let setting = Setting::start(&[]).await;
    let preflight = http::request(&setting.address(), "OPTIONS", "/logs/level", &[]).await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PUT"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("Authorization"));
    let whole = setting.get_as(&owner(), "/logs").await;
    assert_eq!(whole.header("access-control-allow-origin"), Some("*"));
    let exposed = whole.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("Log-Start") && exposed.contains("Log-End"), "{exposed}");
}

/// What a client says stays out of it: its events, and what it signs in with.
#[tokio::test]
async fn nothing_of_an_event_is_logged() {
    let setting = Setting::start(&[]).await;
    assert_eq!(setting.put_level(&owner(), "trace").await.status, 200);
    let event = EventBuilder::new(1).content("0").tag(&["t", "confidential-tag"]).sign(&Keys::from_seed(1));
    let mut client = setting.process.connect().await;
    client.store(&event).await;
    client.finds(r##"{"#t":["confidential-tag","asked-for"]}"##, &[&event]).await;
    drop(client);
    setting.wait_for("/logs/connections", "connection ended").await;
    let whole = setting.get("/logs").await;
    for secret in ["confidential-tag", "asked-for", "Nostr ey"] {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
}
