//! What is logged, changed while the relay runs.

use super::*;

#[tokio::test]
async fn the_level_is_changed_at_once() {
    let setting = Setting::start(&[]).await;
    assert_eq!(setting.get("/logs/level").await, "info\n");
    let mut reader = setting.stream("/logs/stream/connections", None).await;
    setting.visit(1).await;
    for keys in [admin(), owner()] {
        let response = setting.put_level(&keys, "info,chappe_app::connection=debug").await;
        assert_eq!((response.status, response.body.as_str()), (200, "info,chappe_app::connection=debug\n"));
        assert_eq!(setting.get("/logs/level").await, response.body);
    }
    setting.visit(1).await;
    // The one that was before has left nothing.
    let first = reader.line().await.data;
    assert!(first.contains("DEBUG chappe_app::connection: connection ended"), "{first}");
    assert!(setting.put_level(&owner(), "info").await.status == 200);
    setting.visit(1).await;
    assert_eq!(setting.get("/logs/connections").await.lines().count(), 1);
    let told = setting.get("/logs/management").await;
    let by = format!(r#"by={} before="info" after="info,chappe_app::connection=debug""#, admin().public());
    assert!(told.contains(&by), "{told}");
}

#[tokio::test]
async fn a_bad_filter_changes_nothing_and_is_told() {
    let setting = Setting::start(&[]).await;
    for filter in ["chappe_app=loud", "a=b=c", "[unclosed", "info,=="] {
        let response = setting.put_level(&owner(), filter).await;
        assert_eq!(response.status, 400, "{filter}: {}", response.body);
        assert!(response.body.contains("a filter is a level"), "{filter}: {}", response.body);
        assert_eq!(setting.get("/logs/level").await, "info\n");
    }
    let response = setting.put_level(&owner(), &"x".repeat(1_025)).await;
    assert_eq!(response.status, 413, "{}", response.body);
    assert_eq!(setting.get("/logs/level").await, "info\n");
}

#[tokio::test]
async fn who_may_not_read_the_log_may_not_change_it() {
    let setting = Setting::start(&[]).await;
    for keys in [moderator(), Keys::from_seed(5)] {
        assert_eq!(setting.put_level(&keys, "debug").await.status, 403);
    }
    let unsigned = http::put(&setting.address(), "/logs/level", &[], "debug").await;
    assert_eq!(unsigned.status, 401, "{}", unsigned.body);
    // The signature is for this filter and no other.
    let signed = setting.signed(&owner(), "PUT", "/logs/level", Some("info"));
    assert_eq!(http::put(&setting.address(), "/logs/level", &[&signed], "debug").await.status, 401);
    let signed = setting.signed(&owner(), "PUT", "/logs/level", None);
    let unnamed = http::put(&setting.address(), "/logs/level", &[&signed], "debug").await;
    assert!(unnamed.status == 401 && unnamed.body.contains("payload"), "{}", unnamed.body);
    assert_eq!(setting.get("/logs/level").await, "info\n");
    for (method, path) in [("PUT", "/logs"), ("POST", "/logs/level"), ("DELETE", "/logs/store")] {
        let response = http::request(&setting.address(), method, path, &["Content-Length: 0"]).await;
        assert_eq!(response.status, 405, "{method} {path}");
        assert!(response.header("allow").is_some_and(|allow| allow.contains("GET")));
    }
}
