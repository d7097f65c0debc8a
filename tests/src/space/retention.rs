//! `[retention]` and `store.bytes_max`: what is too old goes, and what has the first turn makes room.

use std::time::Duration;

use chappe_app::config::{Authors, Config, Kinds, RetentionRule};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{get, logs};
use crate::harness::{Client, Process, Relay, chappe, import, lines, on, run, said_on};
use crate::metrics::{Scrape, start_with};

const DAY: u64 = 86_400;
const OWNER: u64 = 1;
const MEMBER: u64 = 2;
const STRANGER: u64 = 3;
/// The least that it can be.
const BYTES_MAX: u64 = 4 << 20;

fn rule(name: &str) -> RetentionRule {
    RetentionRule { name: name.to_owned(), ..RetentionRule::default() }
}

fn of_kind(name: &str, kind: u16, order: u16) -> RetentionRule {
    RetentionRule { kinds: vec![Kinds::One(kind)], order, ..rule(name) }
}

fn owned(config: &mut Config) {
    config.access.owners = vec![Keys::from_seed(OWNER).public()];
}

/// An event of some 20 kB, so many seconds before the relay's time.
fn event(kind: u16, author: u64, seconds: u64) -> TestEvent {
    let event = EventBuilder::new(kind).created_at(Relay::NOW - seconds).content("x".repeat(20_000));
    event.sign(&Keys::from_seed(author))
}

/// Publishes it, again when there is no room yet.
async fn store(client: &mut Client, event: &TestEvent) {
    loop {
        match client.publish(event).await {
            (true, _) => return,
            (false, text) => assert_eq!(text, "error: the relay has no space left, it was not stored"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn ids(client: &mut Client, filter: Value) -> Vec<String> {
    let found = client.query(&filter.to_string()).await.0;
    found.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

async fn has(client: &mut Client, event: &TestEvent) -> bool {
    !ids(client, json!({ "ids": [event.id().to_string()] })).await.is_empty()
}

#[tokio::test]
async fn what_is_too_old_goes_and_does_not_come_back() {
    let relay = start_with(|config| {
        owned(config);
        let notes = RetentionRule { days_max: 2, ..of_kind("notes", 1, 100) };
        config.retention.rules = vec![RetentionRule { authors: vec![Authors::Others], ..notes }];
    })
    .await;
    let mut client = relay.connect().await;
    let refused = "invalid: this relay keeps such events for 2 days";
    client.refused(&event(1, STRANGER, 2 * DAY + 1), refused).await;
    let (goes, stays) = (event(1, STRANGER, DAY), event(1, STRANGER, 10));
    let kept = [event(1, OWNER, 9 * DAY), event(7, STRANGER, 9 * DAY), event(5, STRANGER, 9 * DAY)];
    for event in kept.iter().chain([&goes, &stays]) {
        client.store(event).await;
    }
    relay.pass_seconds(DAY + 1);
    while has(&mut client, &goes).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for event in kept.iter().chain([&stays]) {
        assert!(has(&mut client, event).await, "{}", event.json());
    }
    client.refused(&goes, refused).await;
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get(r#"chappe_evicted_events_total{rule="notes",cause="age"}"#), 1.0);
    assert!(scrape.get(r#"chappe_evicted_bytes_total{rule="notes",cause="age"}"#) > 20_000.0);
    assert_eq!(scrape.get(r#"chappe_evicted_events_total{rule="notes",cause="room"}"#), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_is_made_in_order_and_what_is_protected_stays() {
    let mut relay = start_with(|config| {
        owned(config);
        config.access.mode = chappe_app::config::Mode::Curating;
        config.store.bytes_max = BYTES_MAX;
        config.curating.events_per_key_a_day = 0;
        config.curating.events_per_address_a_day = 0;
        let listed = RetentionRule { authors: vec![Authors::Listed], order: 0, ..rule("trusted") };
        config.retention.rules = vec![listed, of_kind("reactions", 7, 1), of_kind("notes", 1, 2)];
    })
    .await;
    let owner = Keys::from_seed(OWNER);
    relay.manage(&owner, "trustpubkey", json!([Keys::from_seed(MEMBER).hex()])).await;
    let mut client = relay.connect().await;
    let protected: Vec<_> = (0..20)
        .map(|n| event(1, if n % 2 == 0 { OWNER } else { MEMBER }, 20 * DAY + n))
        .chain([event(5, STRANGER, 20 * DAY)])
        .collect();
    for event in &protected {
        store(&mut client, event).await;
    }
    // Twice as much as there is room for. The reactions are newer than all notes.
    let reactions: Vec<_> = (0..60).map(|n| event(7, STRANGER, 1_000 - n)).collect();
    let notes: Vec<_> = (0..400).map(|n| event(1, STRANGER, 9_000 - n)).collect();
    for event in reactions.iter().chain(&notes) {
        store(&mut client, event).await;
        if event.created_at() % 20 == 0 {
            let used = Scrape::of(&relay).await.get("chappe_store_used_bytes");
            assert!(used <= (BYTES_MAX + (64 << 10)) as f64, "{used}");
            let stored = notes.iter().position(|note| note == event).map_or(0, |place| place + 1);
            let notes_left = ids(&mut client, json!({ "kinds": [1], "since": Relay::NOW - DAY })).await.len();
            let left = ids(&mut client, json!({ "kinds": [7] })).await;
            assert!(notes_left == stored || left.is_empty(), "{notes_left} of {stored}, {left:?}");
            let published = reactions.iter().position(|reaction| reaction == event);
            let published = &reactions[..published.map_or(reactions.len(), |place| place + 1)];
            let newest: Vec<_> = published.iter().rev().map(|event| event.id().to_string()).collect();
            assert!(newest.starts_with(&left), "the oldest go first: {left:?}");
        }
    }
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get(r#"chappe_evicted_events_total{rule="reactions",cause="room"}"#), 60.0);
    assert!(scrape.get(r#"chappe_evicted_events_total{rule="notes",cause="room"}"#) > 100.0);
    assert_eq!(scrape.get(r#"chappe_evicted_events_total{rule="trusted",cause="room"}"#), 0.0);
    for event in &protected {
        assert!(has(&mut client, event).await, "{}", event.json());
    }
    let left = ids(&mut client, json!({ "kinds": [1], "since": Relay::NOW - DAY })).await;
    let newest: Vec<_> = notes.iter().rev().map(|event| event.id().to_string()).collect();
    assert!(left.len() > 50 && newest.starts_with(&left), "the newest notes are left: {}", left.len());
    // What had to go comes back when it is sent again.
    assert!(!has(&mut client, &notes[0]).await);
    store(&mut client, &notes[0]).await;
    // All of it is sound, and there after a restart.
    let before = ids(&mut client, json!({ "limit": 1_000 })).await.len();
    relay.restart().await;
    let mut client = relay.connect().await;
    let after = ids(&mut client, json!({ "limit": 1_000 })).await.len();
    assert!(after <= before && after > before / 2, "{before}, {after}");
    relay.stop().await;
    on(relay.file("").as_path(), &["db", "verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ceiling_without_anything_to_remove_refuses() {
    let dir = TempDir::new().unwrap();
    // Less than 16 messages of the largest size: the relay is ready again all the same.
    let knobs =
        [("STORE__BYTES_MAX", "4194304"), ("RETENTION__RULES", r#"[{name = "everything", order = 0}]"#)];
    let mut relay = Process::start(dir.path(), &knobs).await;
    let mut client = relay.connect().await;
    let mut stored = 0;
    let text = loop {
        match client.publish(&event(1, STRANGER, stored)).await {
            (true, _) => stored += 1,
            (false, text) => break text,
        }
    };
    assert_eq!(text, "error: the relay has no space left, it was not stored");
    assert!(stored > 100, "{stored}");
    assert_eq!(ids(&mut client, json!({ "limit": 1_000 })).await.len() as u64, stored);
    assert_eq!(
        get(&relay.addresses()[0].to_string(), "/readyz").await,
        (503, "the store is as large as store.bytes_max: no events until room is made\n".to_owned())
    );
    logs(&relay, "nothing may be removed: see [retention]", 1).await;
    relay.stop().await;
    // Without the rule the oldest go, and events are taken again.
    let mut relay = Process::start(dir.path(), &knobs[..1]).await;
    let mut client = relay.connect().await;
    store(&mut client, &event(1, STRANGER, 100_000)).await;
    while get(&relay.addresses()[0].to_string(), "/readyz").await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    relay.stop().await;
    on(dir.path(), &["db", "verify"]);
}

/// The last figures in the row of that name.
fn row(said: &str, name: &str) -> Vec<String> {
    let line = said.lines().find(|line| line.trim_start().starts_with(name));
    let line = line.unwrap_or_else(|| panic!("{name} is missing from:\n{said}"));
    line.trim_start()[name.len()..].split_whitespace().map(|word| word.replace(',', "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_tells_what_would_go_and_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let small = |kind: u16, author: u64, time: u64| {
        EventBuilder::new(kind).created_at(time).content("x".repeat(5_000)).sign(&Keys::from_seed(author))
    };
    let (old, now) = (1_600_000_000, 1_795_000_000);
    let events: Vec<_> = (0..400)
        .map(|n| small(1, STRANGER, now + n))
        .chain((0..300).map(|n| small(7, STRANGER, now + n)))
        .chain((0..50).map(|n| small(30_023 + (n % 2) as u16, MEMBER, old + n)))
        .chain((0..30).map(|n| small(1, OWNER, old + n)))
        .collect();
    import(dir.path(), &lines(&events));
    let owner = Keys::from_seed(OWNER).hex();
    let look = |words: &[&str]| {
        let mut command = chappe(&[&["--data-dir", dir.path().to_str().unwrap()], words].concat());
        command.env("CHAPPE_ACCESS__OWNERS", &owner).env("CHAPPE_STORE__BYTES_MAX", "4194304");
        command.env(
            "CHAPPE_RETENTION__RULES",
            r#"[{name = "old notes", kinds = [1], authors = ["others", "managers"], days_max = 1000},
                {name = "reactions", kinds = [7], order = 1}]"#,
        );
        let said = run(command);
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out
    };
    let exported = on(dir.path(), &["export"]);
    let mut relay = Process::start(dir.path(), &[]).await;
    for words in [&["db", "retention"][..], &["db", "info"]] {
        let said = tokio::task::block_in_place(|| look(words));
        let figures = row(&said, "old notes");
        assert_eq!(
            (figures[0].as_str(), figures[1].as_str(), figures[4].as_str()),
            ("100", "430", "30"),
            "{said}"
        );
        assert_eq!(row(&said, "reactions")[..2], ["1", "300"], "{said}");
        // Of one author and address there is one.
        assert_eq!(row(&said, "(no rule)")[..2], ["last", "2"], "{said}");
        assert_eq!(row(&said, "(no rule, never removed)")[..2], ["never", "0"], "{said}");
        assert!(said.contains("of 4.0 MiB (store.bytes_max)"), "{said}");
        assert!(said.contains("to make room, order 1: 300 events"), "{said}");
        assert!(!said.contains("order last"), "{said}");
    }
    relay.stop().await;
    assert_eq!(on(dir.path(), &["export"]), exported);
    let said = on(dir.path(), &["db", "retention"]);
    assert!(said.contains("store.bytes_max sets no ceiling"), "{said}");
    assert!(!on(dir.path(), &["db", "info"]).contains("rule"));
}

#[test]
fn a_look_needs_a_store_and_rules_without_faults() {
    let dir = TempDir::new().unwrap();
    let said = said_on(dir.path(), &["db", "retention"]);
    assert!(said.code == Some(1) && said.err.contains("there is no store at"), "{}", said.err);
    for (rules, fault) in [
        (r#"[{order = 1}]"#, "a rule needs a name"),
        (r#"[{name = "a"}, {name = "a"}]"#, "two rules are called \"a\""),
        (r#"[{name = "a", kinds = ["notes"]}]"#, "is no kind"),
        (r#"[{name = "a", days = 1}]"#, "unknown field `days`"),
        (r#"[{name = "a", authors = ["me"]}]"#, "unknown variant `me`"),
        (r#"[{name = "a", order = 10001}]"#, "10001 is more than 10000"),
    ] {
        let mut command = chappe(&["config", "check"]);
        command.env("CHAPPE_RETENTION__RULES", rules);
        let said = run(command);
        assert!(said.code != Some(0) && said.err.contains(fault), "{rules}: {}", said.err);
    }
    for (bytes, fault) in [("1000", "holds nothing"), ("4611686018427387904", "is more than store.map_bytes")]
    {
        let mut command = chappe(&["config", "check"]);
        command.env("CHAPPE_STORE__BYTES_MAX", bytes);
        let said = run(command);
        assert!(said.code != Some(0) && said.err.contains(fault), "{bytes}: {}", said.err);
    }
}
