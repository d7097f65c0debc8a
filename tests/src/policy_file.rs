//! The policy file: each of its fields, through a socket. The table of fields is in docs/policy.md.

use std::fs;

use chappe_app::config::{Config, Mode};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use crate::harness::{Relay, unique};

fn alice() -> Keys {
    Keys::from_seed(1)
}

fn bob() -> Keys {
    Keys::from_seed(2)
}

fn carol() -> Keys {
    Keys::from_seed(3)
}

fn hex(keys: &Keys) -> String {
    keys.public().to_string()
}

async fn relay(policy: &Value) -> Relay {
    relay_with(policy, |_| {}).await
}

async fn relay_with(policy: &Value, turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(|config| {
        let file = config.store.data_dir.join("policy.json");
        fs::write(&file, policy.to_string()).unwrap();
        config.policy.file = file;
        turn(config);
    })
    .await
}

fn event(kind: u16) -> EventBuilder {
    EventBuilder::new(kind).tag(&["nonce", &unique().to_string()])
}

/// A policy with this rule for kind 1 and nothing else.
fn rule(rule: &Value) -> Value {
    json!({"default_policy": "allow", "rules": {"1": rule}})
}

const TAKEN: bool = true;
const REFUSED: bool = false;

/// Publishes each on a connection of its own, on which nobody has signed in.
async fn check(policy: Value, table: Vec<(&str, TestEvent, bool)>) {
    let relay = relay(&policy).await;
    for (what, event, expected) in table {
        let (accepted, text) = relay.connect().await.publish_past_a_challenge(&event).await;
        assert_eq!(accepted, expected, "{what}: {text:?} under {policy}");
        let prefixes = ["restricted: ", "blocked: ", "auth-required: ", "invalid: ", "rate-limited: "];
        assert!(accepted || prefixes.iter().any(|prefix| text.starts_with(prefix)), "{what}: {text}");
    }
}

#[tokio::test]
async fn default_policy_decides_where_no_rule_does() {
    let note = |kind| event(kind).sign(&alice());
    check(json!({"default_policy": "deny"}), vec![("any", note(1), REFUSED)]).await;
    check(json!({"default_policy": "allow"}), vec![("any", note(1), TAKEN)]).await;
    check(
        json!({"default_policy": "deny", "rules": {"1": {"write_allow": [hex(&alice())]}}}),
        vec![("a grant", note(1), TAKEN), ("no rule", note(7), REFUSED)],
    )
    .await;
}

#[tokio::test]
async fn kind_lists_come_first() {
    let note = |kind| event(kind).sign(&alice());
    check(
        json!({"default_policy": "allow", "kind": {"whitelist": [1, 7]}}),
        vec![("on it", note(1), TAKEN), ("on it, too", note(7), TAKEN), ("not on it", note(6), REFUSED)],
    )
    .await;
    check(
        json!({"default_policy": "allow", "kind": {"blacklist": [4]}, "rules": {"4": {"write_allow": [hex(&alice())]}}}),
        vec![("on it, whatever a rule grants", note(4), REFUSED), ("not on it", note(1), TAKEN)],
    )
    .await;
}

#[tokio::test]
async fn write_allow_and_write_deny_are_about_the_submitter() {
    let note = |keys: &Keys| event(1).sign(keys);
    check(
        rule(&json!({"write_allow": [hex(&alice())]})),
        vec![("listed", note(&alice()), TAKEN), ("not listed", note(&bob()), REFUSED)],
    )
    .await;
    check(
        rule(&json!({"write_deny": [hex(&alice())]})),
        vec![("listed", note(&alice()), REFUSED), ("not listed", note(&bob()), TAKEN)],
    )
    .await;
    // Who has signed in is the submitter, whoever wrote it.
    let relay = relay(&rule(&json!({"write_allow": [hex(&alice())]}))).await;
    relay.connect_as(&[&alice()]).await.store(&note(&bob())).await;
    relay.connect_as(&[&bob()]).await.refused(&note(&alice()), "").await;
}

#[tokio::test]
async fn a_deny_anywhere_wins() {
    let note = |keys: &Keys| event(1).sign(keys);
    check(
        json!({"default_policy": "allow", "global": {"write_deny": [hex(&alice())]}, "rules": {"1": {"write_allow": [hex(&alice()), hex(&bob())]}}}),
        vec![("denied by global", note(&alice()), REFUSED), ("granted", note(&bob()), TAKEN)],
    )
    .await;
}

#[tokio::test]
async fn read_allow_and_read_deny_are_about_the_reader() {
    let relay = relay(&json!({"default_policy": "allow", "rules": {
        "1": {"read_allow": [hex(&alice())]},
        "7": {"read_deny": [hex(&alice())]},
    }}))
    .await;
    let (note, reaction) = (event(1).sign(&carol()), event(7).sign(&carol()));
    let mut writer = relay.connect().await;
    let mut alices = relay.connect_as(&[&alice()]).await;
    let mut bobs = relay.connect_as(&[&bob()]).await;
    alices.subscribe("live", "{}").await;
    bobs.subscribe("live", "{}").await;
    writer.store(&note).await;
    writer.store(&reaction).await;
    alices.hears_event("live", &note).await;
    bobs.hears_event("live", &reaction).await;
    alices.finds("{}", &[&note]).await;
    bobs.finds("{}", &[&reaction]).await;
    assert_eq!(alices.count("{}").await, 1);
    assert_eq!(bobs.count("{}").await, 1);
    assert_eq!(writer.count("{}").await, 1);
}

#[tokio::test]
async fn privileged_is_for_author_and_recipients_or_whom_read_allow_names() {
    let relay = relay(&rule(&json!({"privileged": true, "read_allow": [hex(&Keys::from_seed(9))]}))).await;
    let note = event(1).tag(&["p", &hex(&bob())]).sign(&alice());
    relay.connect().await.store(&note).await;
    for (keys, seen) in [(alice(), 1), (bob(), 1), (Keys::from_seed(9), 1), (carol(), 0)] {
        assert_eq!(relay.connect_as(&[&keys]).await.count("{}").await, seen, "{}", hex(&keys));
    }
    assert_eq!(relay.connect().await.count("{}").await, 0);
}

#[tokio::test]
async fn sizes_are_bounded() {
    let sized = |bytes: usize| event(1).content("x".repeat(bytes)).sign(&alice());
    check(
        rule(&json!({"content_limit": 10})),
        vec![("at it", sized(10), TAKEN), ("above it", sized(11), REFUSED), ("below", sized(9), TAKEN)],
    )
    .await;
    let small = sized(0);
    let limit = small.json().len() + 10;
    check(
        rule(&json!({"size_limit": limit})),
        vec![
            ("below it", sized_to(limit - 1), TAKEN),
            ("at it", sized_to(limit), TAKEN),
            ("above it", sized_to(limit + 1), REFUSED),
        ],
    )
    .await;
}

/// An event whose JSON has so many bytes.
fn sized_to(bytes: usize) -> TestEvent {
    let base = EventBuilder::new(1).tag(&["nonce", "x"]).sign(&alice()).json().len();
    EventBuilder::new(1).tag(&["nonce", "x"]).content("x".repeat(bytes - base)).sign(&alice())
}

#[tokio::test]
async fn ages_are_bounded() {
    let at = |seconds: u64| event(1).created_at(seconds).sign(&alice());
    let now = Relay::NOW;
    check(
        rule(&json!({"max_age_of_event": 60, "max_age_event_in_future": 30})),
        vec![
            ("as old", at(now - 60), TAKEN),
            ("older", at(now - 61), REFUSED),
            ("as far ahead", at(now + 30), TAKEN),
            ("further ahead", at(now + 31), REFUSED),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_expiration_becomes_mandatory_and_is_bounded() {
    let expiring = |at: u64| event(1).tag(&["expiration", &at.to_string()]).sign(&alice());
    let now = Relay::NOW;
    for policy in [json!({"max_expiry_duration": "PT1H"}), json!({"max_expiry": 3_600})] {
        check(
            rule(&policy),
            vec![
                ("none", event(1).sign(&alice()), REFUSED),
                ("sooner", expiring(now + 3_599), TAKEN),
                ("later", expiring(now + 3_602), REFUSED),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn tags_are_asked_for_and_bounded() {
    let tagged = |tags: &[&[&str]]| {
        tags.iter()
            .fold(EventBuilder::new(1).content(unique().to_string()), |event, tag| event.tag(tag))
            .sign(&alice())
    };
    check(
        rule(&json!({"must_have_tags": ["t", "e"]})),
        vec![
            ("all", tagged(&[&["e", "x"], &["t", "y"]]), TAKEN),
            ("one is missing", tagged(&[&["t", "y"]]), REFUSED),
            ("none", tagged(&[]), REFUSED),
        ],
    )
    .await;
    check(
        rule(&json!({"allowed_tags": ["t"]})),
        vec![
            ("only those", tagged(&[&["t", "y"]]), TAKEN),
            ("none", tagged(&[]), TAKEN),
            ("another", tagged(&[&["t", "y"], &["x", "y"]]), REFUSED),
        ],
    )
    .await;
    check(
        rule(&json!({"tag_validation": {"t": "^[a-z]{1,5}$"}})),
        vec![
            ("fits", tagged(&[&["t", "abc"]]), TAKEN),
            ("does not fit", tagged(&[&["t", "ABC"]]), REFUSED),
            ("one does not fit", tagged(&[&["t", "abc"], &["t", "toolong"]]), REFUSED),
            ("absent", tagged(&[]), TAKEN),
        ],
    )
    .await;
}

#[tokio::test]
async fn identifiers_have_to_fit() {
    let article = |ds: &[&str]| ds.iter().fold(event(30_023), |event, d| event.tag(&["d", d])).sign(&alice());
    check(
        json!({"default_policy": "allow", "rules": {"30023": {"identifier_regex": "^[a-z-]+$"}}}),
        vec![
            ("fits", article(&["my-article"]), TAKEN),
            ("does not fit", article(&["My Article"]), REFUSED),
            ("one of several does not fit", article(&["good", "Bad"]), REFUSED),
            ("absent", article(&[]), REFUSED),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_protected_tag_may_be_required() {
    let relay = relay(&rule(&json!({"protected_required": true}))).await;
    let mut client = relay.connect_as(&[&alice()]).await;
    client.store(&event(1).tag(&["-"]).sign(&alice())).await;
    client.refused(&event(1).sign(&alice()), "").await;
}

#[tokio::test]
async fn a_rate_is_for_one_submitter_and_kind() {
    let relay = relay(&rule(&json!({"rate_limit": 2}))).await;
    let mut client = relay.connect().await;
    client.store(&event(1).sign(&alice())).await;
    client.store(&event(1).sign(&alice())).await;
    client.refused(&event(1).sign(&alice()), "rate-limited: ").await;
    client.store(&event(7).sign(&alice())).await;
    client.store(&event(1).sign(&bob())).await;
    relay.pass_seconds(60);
    client.store(&event(1).sign(&alice())).await;
}

fn follow_list(keys: &Keys, created_at: u64, followed: &[&Keys]) -> TestEvent {
    let list = EventBuilder::new(3).created_at(created_at);
    followed.iter().fold(list, |list, keys| list.tag(&["p", &hex(keys)])).sign(keys)
}

#[tokio::test]
async fn whom_the_policy_admins_follow_may_write() {
    let policy = json!({
        "default_policy": "allow",
        "policy_admins": [hex(&alice())],
        "policy_follow_whitelist_enabled": true,
        "rules": {"1": {"write_allow_follows": true}},
    });
    let relay = relay(&policy).await;
    let mut client = relay.connect().await;
    let refused = client.publish_past_a_challenge(&event(1).sign(&bob())).await;
    assert!(!refused.0, "{refused:?}");
    client.store(&follow_list(&alice(), Relay::NOW, &[&bob()])).await;
    client.store(&event(1).sign(&bob())).await;
    assert!(!client.publish_past_a_challenge(&event(1).sign(&carol())).await.0);
    client.store(&follow_list(&alice(), Relay::NOW + 1, &[&carol()])).await;
    client.store(&event(1).sign(&carol())).await;
    assert!(!client.publish_past_a_challenge(&event(1).sign(&bob())).await.0);
}

#[tokio::test]
async fn follows_of_listed_keys_may_read_or_write() {
    let policy = json!({"default_policy": "allow", "rules": {
        "1": {"write_follows_whitelist": [hex(&alice())]},
        "7": {"read_follows_whitelist": [hex(&alice())]},
        "6": {"follows_whitelist_admins": [hex(&alice())]},
    }});
    let relay = relay(&policy).await;
    let mut client = relay.connect().await;
    client.store(&follow_list(&alice(), Relay::NOW, &[&bob()])).await;
    for kind in [1, 6] {
        client.store(&event(kind).sign(&alice())).await;
        client.store(&event(kind).sign(&bob())).await;
        assert!(!client.publish_past_a_challenge(&event(kind).sign(&carol())).await.0, "kind {kind}");
    }
    client.store(&event(7).sign(&carol())).await;
    for (keys, notes, reposts, reactions) in
        [(alice(), 2, 2, 1), (bob(), 2, 2, 1), (Keys::from_seed(8), 2, 0, 0)]
    {
        let mut reader = relay.connect_as(&[&keys]).await;
        assert_eq!(reader.count(r#"{"kinds":[1]}"#).await, notes);
        let seen = [reader.seen(6).await, reader.seen(7).await];
        assert_eq!(seen, [reposts, reactions], "{}", hex(&keys));
    }
}

#[tokio::test]
async fn a_stranger_may_write_to_a_listed_key() {
    check(
        rule(&json!({"write_allow": [hex(&alice())], "write_allow_if_tagged": [hex(&alice())]})),
        vec![
            ("to her", event(1).tag(&["p", &hex(&alice())]).sign(&bob()), TAKEN),
            ("to somebody else", event(1).tag(&["p", &hex(&carol())]).sign(&bob()), REFUSED),
            ("to nobody", event(1).sign(&bob()), REFUSED),
            ("herself", event(1).sign(&alice()), TAKEN),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_permissive_direction_passes_the_whitelist_and_not_the_blacklist() {
    let policy = json!({
        "default_policy": "allow",
        "kind": {"whitelist": [1], "blacklist": [7]},
        "global": {"write_allow_permissive": true},
    });
    check(
        policy,
        vec![
            ("on the whitelist", event(1).sign(&alice()), TAKEN),
            ("beside it", event(6).sign(&alice()), TAKEN),
            ("on the blacklist", event(7).sign(&alice()), REFUSED),
        ],
    )
    .await;
}

#[tokio::test]
async fn reading_may_be_permissive_too() {
    let policy = json!({
        "default_policy": "allow",
        "kind": {"whitelist": [1], "blacklist": [7]},
        "global": {"read_allow_permissive": true},
    });
    let relay = relay(&json!({"default_policy": "allow"})).await;
    let mut client = relay.connect().await;
    for kind in [1, 6, 7] {
        client.store(&event(kind).sign(&alice())).await;
    }
    fs::write(relay.file("policy.json"), policy.to_string()).unwrap();
    for _ in 0..200 {
        if client.seen(7).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!([client.seen(1).await, client.seen(6).await, client.seen(7).await], [1, 1, 0]);
    client.refused(&event(6).sign(&alice()), "").await;
}

#[tokio::test]
async fn bans_hold_beside_the_file_and_owners_in_it_are_owners() {
    let policy = json!({"default_policy": "allow", "owners": [hex(&alice())]});
    let relay = relay_with(&policy, |config| config.access.mode = Mode::Managed).await;
    let mut client = relay.connect().await;
    client.store(&event(1).sign(&alice())).await;
    relay.manage(&alice(), "allowpubkey", json!([hex(&bob())])).await;
    client.store(&event(1).sign(&bob())).await;
    relay.manage(&alice(), "banpubkey", json!([hex(&bob()), "spam"])).await;
    client.refused(&event(1).sign(&bob()), "blocked: ").await;
}
