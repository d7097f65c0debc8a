use chappe_protocol::PublicKey;
use serde_json::{Value, json};

use super::*;

fn parsed(config: &Config) -> Value {
    serde_json::from_str(&document(config, &Changing::default())).unwrap()
}

#[test]
fn default_document() {
    let mut document = parsed(&Config::default());
    document.as_object_mut().unwrap().remove("software");
    let expected = json!({
        "name": "Chappe",
        "description": "It keeps the notes that are sent to it and passes them on to whoever asks.",
        "version": env!("CARGO_PKG_VERSION"),
        "supported_nips": [1, 2, 9, 11, 13, 17, 40, 42, 45, 59, 62, 65, 67, 70],
        "limitation": {
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
        },
    });
    assert_eq!(document, expected);
}

#[test]
fn content_limit_is_what_fits_into_a_message() {
    let limits = Limits { message_bytes_max: 10_000, ..Limits::default() };
    let content = "x".repeat(content_chars_max(&limits));
    let (id, pubkey, sig) = ("0".repeat(64), "0".repeat(64), "0".repeat(128));
    let event = format!(
        r#"{{"id":"{id}","pubkey":"{pubkey}","created_at":0,"kind":0,"tags":[],"content":"{content}","sig":"{sig}"}}"#
    );
    assert_eq!(format!(r#"["EVENT",{event}]"#).len(), 10_000);
}

#[test]
fn operator_and_bounds_are_told_when_they_are_set() {
    let mut config = Config::default();
    config.relay.name = "\"Tower\" <1>".to_owned();
    config.relay.pubkey = Some(PublicKey::from_bytes([0xab; 32]));
    config.relay.contact = "mailto:operator@example.com".to_owned();
    config.relay.icon = "https://example.com/icon.png".to_owned();
    config.limits.created_at_age_seconds_max = 3_600;
    config.limits.created_at_ahead_seconds_max = 0;
    config.limits.pow_bits_min = 20;
    let document = parsed(&config);
    assert_eq!(document["name"], "\"Tower\" <1>");
    assert_eq!(document["pubkey"], "ab".repeat(32));
    assert_eq!(document["contact"], "mailto:operator@example.com");
    assert_eq!(document["icon"], "https://example.com/icon.png");
    assert_eq!(document["limitation"]["created_at_lower_limit"], 3_600);
    assert_eq!(document["limitation"].get("created_at_upper_limit"), None);
    assert_eq!(document["limitation"]["min_pow_difficulty"], 20);
    assert_eq!(document["limitation"]["restricted_writes"], true);
}

#[test]
fn what_changes_is_told_as_it_is() {
    let own_key = Some(PublicKey::from_bytes([0xcd; 32]));
    let identity = chappe_management::Identity { name: Some("Renamed".to_owned()), ..Default::default() };
    let changing =
        Changing { identity, own_key, restricted_writes: true, has_members: true, has_managers: true };
    let mut config = Config::default();
    config.relay.icon = "https://example.com/icon.png".to_owned();
    let document: Value = serde_json::from_str(&document(&config, &changing)).unwrap();
    assert_eq!(document["name"], "Renamed");
    assert_eq!(document["icon"], "https://example.com/icon.png");
    assert_eq!(document["self"], "cd".repeat(32));
    assert_eq!(document["limitation"]["restricted_writes"], true);
    let nips = json!([1, 2, 9, 11, 13, 17, 40, 42, 43, 45, 59, 62, 65, 67, 70, 86, 98]);
    assert_eq!(document["supported_nips"], nips);
}

#[test]
fn auth_is_required_when_nothing_goes_without() {
    for (read, write) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut config = Config::default();
        config.access.auth_read = read;
        config.access.auth_write = write;
        assert_eq!(parsed(&config)["limitation"]["auth_required"], read && write, "{read} {write}");
    }
}
