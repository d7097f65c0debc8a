//! The administration at `/admin`, as the page asks for it: sign-in, sessions and their end, roles. What the page itself
//! does is tried in a browser by `tests/clients/browser`.

use chappe_testkit::{Keys, http_auth_event};
use serde_json::{Value, json};

use crate::harness::http::{self, Response, request};
use crate::harness::{Relay, base64, unique};

fn owner() -> Keys {
    Keys::from_seed(910)
}

fn admin() -> Keys {
    Keys::from_seed(911)
}

fn moderator() -> Keys {
    Keys::from_seed(912)
}

async fn relay() -> Relay {
    Relay::start_with(|config| {
        config.access.owners = vec![owner().public()];
        config.access.admins = vec![admin().public()];
        config.access.moderators = vec![moderator().public()];
    })
    .await
}

/// The header of a request to sign in, signed for this path.
fn signed(relay: &Relay, keys: &Keys, path: &str) -> String {
    let url = format!("http://{}{path}", relay.address());
    let event = http_auth_event(&url, "POST", b"", relay.now()).tag(&["nonce", &unique().to_string()]);
    format!("Authorization: Nostr {}", base64(event.sign(keys).json().as_bytes()))
}

async fn sign_in(relay: &Relay, keys: &Keys) -> String {
    let header = signed(relay, keys, "/admin/session");
    let response = request(&relay.address(), "POST", "/admin/session", &[&header]).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let told: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(told["pubkey"], keys.public().to_string());
    format!("Authorization: Bearer {}", told["token"].as_str().unwrap())
}

async fn call(relay: &Relay, bearer: &str, method: &str, params: Value) -> Response {
    let body = json!({"method": method, "params": params}).to_string();
    http::post_to(&relay.address(), "/admin/api", &[bearer], &body).await
}

async fn result(relay: &Relay, bearer: &str, method: &str, params: Value) -> Value {
    let response = call(relay, bearer, method, params).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let answer: Value = serde_json::from_str(&response.body).unwrap();
    assert!(answer.get("error").is_none(), "{answer}");
    answer["result"].clone()
}

async fn status(relay: &Relay, bearer: &str) -> u16 {
    call(relay, bearer, "stats", json!([])).await.status
}

#[tokio::test]
async fn page_is_there_only_when_somebody_can_use_it() {
    let relay = relay().await;
    let page = request(&relay.address(), "GET", "/admin", &[]).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for path in page.body.split("\"admin/").skip(1).filter_map(|rest| rest.split('"').next()) {
        let file = request(&relay.address(), "GET", &format!("/admin/{path}"), &[]).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(request(&relay.address(), "GET", "/admin/", &[]).await.header("location"), Some("../admin"));
    assert_eq!(request(&relay.address(), "GET", "/admin/nothing", &[]).await.status, 404);
    assert_eq!(request(&relay.address(), "POST", "/admin", &[]).await.status, 405);
    assert_eq!(request(&relay.address(), "GET", "/admin/api", &[]).await.status, 405);

    let nobody = Relay::start().await;
    let off = Relay::start_with(|config| {
        config.access.owners = vec![owner().public()];
        config.management.enabled = false;
    })
    .await;
    for relay in [nobody, off] {
        for (method, path) in
            [("GET", "/admin"), ("GET", "/admin/"), ("POST", "/admin/session"), ("POST", "/admin/api")]
        {
            assert_eq!(request(&relay.address(), method, path, &[]).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn one_signature_is_good_for_many_calls_of_the_same_role() {
    let relay = relay().await;
    let bearer = sign_in(&relay, &moderator()).await;
    let told = request(&relay.address(), "GET", "/admin/session", &[&bearer]).await;
    let told: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(told["role"], "moderator");
    assert_eq!(told["expires_at"], relay.now() + 30 * 60);
    assert!(told.get("token").is_none(), "{told}");
    let author = Keys::from_seed(1).public().to_string();
    assert_eq!(result(&relay, &bearer, "banpubkey", json!([author, "spam"])).await, json!(true));
    let banned = result(&relay, &bearer, "listbannedpubkeys", json!([])).await;
    assert_eq!(banned, json!([{"pubkey": author, "reason": "spam"}]));
    // What a signed call of theirs would be refused.
    let refused = call(&relay, &bearer, "allowpubkey", json!([author])).await;
    assert!(refused.body.contains("error"), "{}", refused.body);
    assert_eq!(result(&relay, &bearer, "listallowedpubkeys", json!([])).await, json!([]));
    // The same audit log, with the name of who did it.
    let owner = sign_in(&relay, &owner()).await;
    let log = result(&relay, &owner, "listauditlog", json!([])).await;
    assert_eq!(
        (&log[0]["pubkey"], &log[0]["method"]),
        (&json!(moderator().public().to_string()), &json!("banpubkey"))
    );
}

#[tokio::test]
async fn nobody_is_signed_in_by_anything_else() {
    let relay = relay().await;
    let own = Keys::from_seed(3);
    let refused = [
        (signed(&relay, &own, "/admin/session"), 403),
        (signed(&relay, &owner(), "/admin/api"), 401),
        (signed(&relay, &owner(), "/"), 401),
        (format!("Authorization: Bearer {}", "0".repeat(64)), 401),
        ("X-Nothing: x".to_owned(), 401),
    ];
    for (header, status) in refused {
        let response = request(&relay.address(), "POST", "/admin/session", &[&header]).await;
        assert_eq!(response.status, status, "{header}: {}", response.body);
    }
    // A signature is good once.
    let header = signed(&relay, &owner(), "/admin/session");
    assert_eq!(request(&relay.address(), "POST", "/admin/session", &[&header]).await.status, 200);
    assert_eq!(request(&relay.address(), "POST", "/admin/session", &[&header]).await.status, 401);
    // Calls go by a session alone, and not by a wrong one.
    let bearer = sign_in(&relay, &owner()).await;
    let guessed = format!("{}{}", &bearer[..bearer.len() - 1], if bearer.ends_with('0') { '1' } else { '0' });
    for wrong in [
        guessed,
        bearer.replace("Bearer", "Basic"),
        signed(&relay, &owner(), "/admin/api"),
        "X-No: x".to_owned(),
    ] {
        let response = call(&relay, &wrong, "stats", json!([])).await;
        assert_eq!(response.status, 401, "{wrong}: {}", response.body);
        assert_eq!(request(&relay.address(), "GET", "/admin/session", &[&wrong]).await.status, 401);
    }
    // Nor is a token a signature, where signatures are asked for.
    let body = json!({"method": "stats", "params": []}).to_string();
    let lines = [bearer.as_str(), "Content-Type: application/nostr+json+rpc"];
    assert_eq!(http::post(&relay.address(), &lines, &body).await.status, 401);
    assert_eq!(status(&relay, &bearer).await, 200);
}

#[tokio::test]
async fn session_ends_by_time_by_sign_out_and_with_the_relay() {
    let mut relay = relay().await;
    let (first, second) = (sign_in(&relay, &admin()).await, sign_in(&relay, &admin()).await);
    let out = request(&relay.address(), "DELETE", "/admin/session", &[&first]).await;
    assert_eq!((out.status, status(&relay, &first).await, status(&relay, &second).await), (204, 401, 200));
    relay.pass_seconds(30 * 60 - 1);
    assert_eq!(status(&relay, &second).await, 200);
    relay.pass_seconds(1);
    // Having been used has not made it longer.
    assert_eq!(status(&relay, &second).await, 401);
    let third = sign_in(&relay, &admin()).await;
    relay.restart().await;
    assert_eq!(status(&relay, &third).await, 401);
}

#[tokio::test]
async fn session_ends_when_its_key_loses_its_role() {
    let relay = relay().await;
    let named = Keys::from_seed(913);
    let key = named.public().to_string();
    let owner = sign_in(&relay, &owner()).await;
    result(&relay, &owner, "addmoderator", json!([key])).await;
    let bearer = sign_in(&relay, &named).await;
    assert_eq!(status(&relay, &bearer).await, 200);
    result(&relay, &owner, "removemoderator", json!([key])).await;
    assert_eq!(status(&relay, &bearer).await, 401);
    // It does not come back with the role.
    result(&relay, &owner, "addmoderator", json!([key])).await;
    assert_eq!(status(&relay, &bearer).await, 401);
}

#[tokio::test]
async fn log_is_read_with_a_session_of_an_admin() {
    let relay = relay().await;
    let (admin, moderator) = (sign_in(&relay, &admin()).await, sign_in(&relay, &moderator()).await);
    let read = |bearer: String| {
        let address = relay.address();
        async move { request(&address, "GET", "/logs/components", &[&bearer]).await.status }
    };
    assert_eq!(read(admin.clone()).await, 200);
    assert_eq!(read(moderator).await, 403);
    request(&relay.address(), "DELETE", "/admin/session", &[&admin]).await;
    assert_eq!(read(admin).await, 401);
}

#[tokio::test]
async fn who_is_signed_in_is_not_too_fast_for_the_address() {
    let relay = Relay::start_with(|config| {
        config.access.owners = vec![owner().public()];
        config.rates.connections_per_address_a_minute = 5;
    })
    .await;
    let from = "X-Forwarded-For: 192.0.2.1";
    let header = signed(&relay, &owner(), "/admin/session");
    let response = request(&relay.address(), "POST", "/admin/session", &[&header, from]).await;
    let told: Value = serde_json::from_str(&response.body).unwrap();
    let bearer = format!("Authorization: Bearer {}", told["token"].as_str().unwrap());
    for _ in 0..10 {
        assert_eq!(request(&relay.address(), "GET", "/admin/session", &[&bearer, from]).await.status, 200);
    }
    let wrong = format!("Authorization: Bearer {}", "0".repeat(64));
    let mut last = 0;
    for _ in 0..10 {
        last = request(&relay.address(), "GET", "/admin/session", &[&wrong, from]).await.status;
    }
    assert_eq!(last, 429);
}
