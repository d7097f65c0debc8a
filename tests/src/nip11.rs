//! NIP-11: the relay information document. Each limit that it states is tried out.

use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};

use crate::harness::http::{Response, request};
use crate::harness::{Client, Relay};

const ACCEPT: &str = "Accept: application/nostr+json";

async fn document(relay: &Relay) -> Value {
    serde_json::from_str(&request(&relay.address(), "GET", "/", &[ACCEPT]).await.body).unwrap()
}

fn has_cors(response: &Response) -> bool {
    response.header("access-control-allow-origin") == Some("*")
        && response.header("access-control-allow-headers").is_some()
        && response.header("access-control-allow-methods").is_some()
}

#[tokio::test]
async fn the_document_comes_for_any_accept_list_that_names_it() {
    let relay = Relay::start().await;
    for accept in [
        &[ACCEPT] as &[&str],
        &["accept: application/nostr+json"],
        &["Accept: Application/Nostr+JSON"],
        &["Accept: text/html, application/nostr+json"],
        &["Accept: application/nostr+json;q=0.1, */*;q=0.9"],
        &["Accept: text/html", ACCEPT],
    ] {
        let response = request(&relay.address(), "GET", "/", accept).await;
        assert_eq!(response.status, 200, "{accept:?}");
        assert_eq!(response.header("content-type"), Some("application/nostr+json"), "{accept:?}");
        assert!(has_cors(&response), "{response:?}");
        assert_eq!(serde_json::from_str::<Value>(&response.body).unwrap()["name"], "Chappe");
    }
}

#[tokio::test]
async fn any_origin_may_ask() {
    let relay = Relay::start().await;
    let lines = [
        "Origin: https://client.example",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Headers: accept",
    ];
    let response = request(&relay.address(), "OPTIONS", "/", &lines).await;
    assert!((200..300).contains(&response.status), "{response:?}");
    assert!(has_cors(&response), "{response:?}");
}

#[tokio::test]
async fn it_says_what_the_operator_has_configured() {
    let operator = Keys::from_seed(1);
    let relay = Relay::start_with(|config| {
        config.relay.name = "A \"relay\"".into();
        config.relay.description = "For <everybody>".into();
        config.relay.pubkey = Some(operator.public());
        config.relay.contact = "mailto:relay@example.com".into();
        config.relay.icon = "https://example.com/icon.png".into();
    })
    .await;
    let document = document(&relay).await;
    for (key, value) in [
        ("name", "A \"relay\""),
        ("description", "For <everybody>"),
        ("pubkey", operator.hex().as_str()),
        ("contact", "mailto:relay@example.com"),
        ("icon", "https://example.com/icon.png"),
        ("version", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(document[key], value, "{key}");
    }
}

#[tokio::test]
async fn what_is_not_configured_is_left_out() {
    let relay = Relay::start().await;
    let document = document(&relay).await;
    for key in ["pubkey", "contact", "icon", "banner"] {
        assert_eq!(document.get(key), None, "{key}");
    }
}

/// The modules of these tests show that each of them works.
#[tokio::test]
async fn it_lists_the_nips_that_work() {
    let relay = Relay::start().await;
    let nips = json!([1, 2, 9, 11, 13, 17, 40, 42, 45, 59, 62, 65, 67, 70]);
    assert_eq!(document(&relay).await["supported_nips"], nips);
}

#[tokio::test]
async fn it_states_the_default_limits() {
    let relay = Relay::start().await;
    let expected = json!({
        "max_message_length": 524_288,
        "max_subscriptions": 300,
        "max_limit": 5_000,
        "default_limit": 500,
        "max_subid_length": 64,
        "max_event_tags": 5_000,
        "max_content_length": 523_945,
        "min_pow_difficulty": 0,
        "auth_required": false,
        "payment_required": false,
        "restricted_writes": false,
        "created_at_upper_limit": 900,
    });
    assert_eq!(document(&relay).await["limitation"], expected);
}

fn number(limitation: &Value, key: &str) -> usize {
    usize::try_from(limitation[key].as_u64().unwrap_or_else(|| panic!("{key} in {limitation}"))).unwrap()
}

/// At the bound all is well; one over it is not.
#[tokio::test]
async fn the_limits_it_states_are_the_ones_enforced() {
    let relay = Relay::start_with(|config| {
        config.limits.message_bytes_max = 6_000;
        config.limits.tag_value_bytes_max = 2_000;
        config.limits.subscriptions_max = 5;
        config.limits.limit_max = 4;
        config.limits.limit_default = 3;
        config.limits.event_tags_max = 7;
        config.limits.created_at_ahead_seconds_max = 50;
        config.limits.created_at_age_seconds_max = 60;
    })
    .await;
    let limitation = document(&relay).await["limitation"].take();
    let mut client = relay.connect().await;
    check_requests(&mut client, &limitation).await;
    check_events(&mut client, &limitation).await;
}

/// Content and message have one bound between them: this is the shortest event around its content.
#[tokio::test]
async fn the_longest_content_fits_exactly() {
    let relay = Relay::start().await;
    let limitation = document(&relay).await["limitation"].take();
    let most = number(&limitation, "max_content_length");
    let event = |chars: usize| {
        EventBuilder::new(0).created_at(0).content("x".repeat(chars)).sign(&Keys::from_seed(1))
    };
    assert_eq!(event(most).message().len(), number(&limitation, "max_message_length"));
    let mut client = relay.connect().await;
    client.store(&event(most)).await;
    client.say(&event(most + 1).message()).await;
    assert_eq!(client.closed().await.0, 1009);
}

async fn check_requests(client: &mut Client, limitation: &Value) {
    let id = number(limitation, "max_subid_length");
    client.subscribe(&"x".repeat(id), "{}").await;
    client.say(&format!(r#"["REQ","{}",{{}}]"#, "x".repeat(id + 1))).await;
    client.expect_start(r#"["NOTICE","#).await;
    for n in 1..number(limitation, "max_subscriptions") {
        client.subscribe(&format!("{n}"), r#"{"kinds":[9]}"#).await;
    }
    client.say(r#"["REQ","over",{}]"#).await;
    client.expect_start(r#"["CLOSED","over","rate-limited: "#).await;
    client.say(&format!(r#"["CLOSE","{}"]"#, "x".repeat(id))).await;
}

async fn check_events(client: &mut Client, limitation: &Value) {
    let at = |seconds: u64| EventBuilder::new(1).created_at(seconds).sign(&Keys::from_seed(1));
    let (ahead, back) =
        (number(limitation, "created_at_upper_limit"), number(limitation, "created_at_lower_limit"));
    let (ahead, back) = (Relay::NOW + ahead as u64, Relay::NOW - back as u64);
    client.store(&at(ahead)).await;
    client.refused(&at(ahead + 1), "invalid: ").await;
    client.store(&at(back)).await;
    client.refused(&at(back - 1), "invalid: ").await;
    let tagged = |tags: usize| {
        (0..tags).fold(EventBuilder::new(1), |event, _| event.tag(&["t", "x"])).sign(&Keys::from_seed(1))
    };
    let tags = number(limitation, "max_event_tags");
    client.store(&tagged(tags)).await;
    client.refused(&tagged(tags + 1), "invalid: ").await;
    for n in 0..5 {
        client.store(&at(Relay::NOW - n)).await;
    }
    assert_eq!(client.query("{}").await.0.len(), number(limitation, "default_limit"));
    assert_eq!(client.query(r#"{"limit":100}"#).await.0.len(), number(limitation, "max_limit"));
}

#[tokio::test]
async fn the_work_it_states_is_the_work_enforced() {
    let relay = Relay::start_with(|config| config.limits.pow_bits_min = 6).await;
    assert_eq!(document(&relay).await["limitation"]["min_pow_difficulty"], 6);
    let mut client = relay.connect().await;
    client.store(&EventBuilder::new(1).mined(6).sign(&Keys::from_seed(1))).await;
    client.refused(&EventBuilder::new(1).mined(5).sign(&Keys::from_seed(1)), "pow: ").await;
}
