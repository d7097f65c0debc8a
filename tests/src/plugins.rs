//! External checks: other people's plugins and scripts, run unchanged.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chappe_app::config::{Config, Dialect, OnFailure};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::json;

use crate::harness::{Relay, unique};

fn author() -> Keys {
    Keys::from_seed(1)
}

fn note(content: &str) -> TestEvent {
    EventBuilder::new(1).content(content).tag(&["nonce", &unique().to_string()]).sign(&author())
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/plugins").join(name)
}

async fn relay_asking(plugin: &str, turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(|config| {
        config.policy.plugin = plugin.to_owned();
        turn(config);
    })
    .await
}

/// A plugin of a few lines of shell, written for one test.
async fn relay_asking_shell(script: &str, turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(|config| {
        let file = config.store.data_dir.join("plugin.sh");
        fs::write(&file, script).unwrap();
        config.policy.plugin = format!("sh {}", file.display());
        turn(config);
    })
    .await
}

const FAILED: &str = "error: the relay could not check this event, try again later";

#[tokio::test]
async fn a_python_plugin_runs_unchanged() {
    let relay = relay_asking(&format!("python3 {}", fixture("kind_list.py").display()), |_| {}).await;
    let mut client = relay.connect().await;
    let event = note("taken");
    client.store(&event).await;
    client.refused(&EventBuilder::new(6).sign(&author()), "blocked: kind 6 is not wanted here").await;
    client.finds("{}", &[&event]).await;
}

#[tokio::test]
async fn a_javascript_plugin_runs_unchanged() {
    let relay = relay_asking(&format!("node {}", fixture("word_filter.js").display()), |_| {}).await;
    let mut client = relay.connect().await;
    let mut listener = relay.connect().await;
    listener.subscribe("live", "{}").await;
    client.refused(&note("come to my Casino"), "blocked: no casino here").await;
    // A shadow rejection looks like a yes, and nobody hears of the event.
    client.store(&note("buy cheap watches")).await;
    let event = note("good morning");
    client.store(&event).await;
    listener.hears_event("live", &event).await;
    client.finds("{}", &[&event]).await;
}

#[tokio::test]
async fn a_script_of_a_policy_rule_speaks_the_other_dialect() {
    let script = r#"
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    known = {"id", "pubkey", "created_at", "kind", "tags", "content", "sig", "ip_address"}
    missing = [name for name in sorted(known) if name not in event]
    ok = not missing and event["content"] == "please" and event["ip_address"] == "203.0.113.7"
    print(json.dumps({"id": event["id"], "action": "accept" if ok else "reject", "msg": f"not so: {missing}"}), flush=True)
"#;
    let relay = Relay::start_with(|config| {
        let dir = config.store.data_dir.clone();
        fs::write(dir.join("ask.py"), format!("#!/usr/bin/env python3{script}")).unwrap();
        make_executable(&dir.join("ask.py"));
        let policy = json!({"default_policy": "allow", "rules": {"1": {"script": "./ask.py"}}});
        fs::write(dir.join("policy.json"), policy.to_string()).unwrap();
        config.policy.file = dir.join("policy.json");
    })
    .await;
    let mut client = relay.connect_from("203.0.113.7").await;
    client.store(&note("please")).await;
    client.refused(&note("now"), "blocked: not so").await;
    client.store(&EventBuilder::new(7).sign(&author())).await;
    relay.connect_from("203.0.113.8").await.refused(&note("please"), "blocked: not so").await;
}

fn make_executable(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn without_an_answer_on_failure_decides() {
    let scripts = [
        ("ends at once", "exit 1\n"),
        ("says nothing", "cat >/dev/null\n"),
        ("says what is no answer", "while read -r line; do echo garbage; done\n"),
        (
            "answers about another event",
            "while read -r line; do echo '{\"id\":\"5c\",\"action\":\"accept\"}'; done\n",
        ),
    ];
    for (what, script) in scripts {
        for (on_failure, taken) in [(OnFailure::Deny, false), (OnFailure::Allow, true)] {
            let relay = relay_asking_shell(script, |config| {
                config.policy.on_failure = on_failure;
                config.policy.plugin_timeout_milliseconds = 300;
            })
            .await;
            let mut client = relay.connect().await;
            let (accepted, text) = client.publish(&note(what)).await;
            assert_eq!(accepted, taken, "{what}: {text}");
            assert!(accepted || text == FAILED, "{what}: {text}");
        }
    }
}

/// Only what asks the plugin waits for it: other connections, reading, and events that need no plugin do not.
#[tokio::test]
async fn a_stalled_script_holds_up_only_what_waits_for_it() {
    let relay = Relay::start_with(|config| {
        let dir = config.store.data_dir.clone();
        fs::write(dir.join("stall.sh"), "#!/bin/sh\ncat >/dev/null\n").unwrap();
        make_executable(&dir.join("stall.sh"));
        let policy = json!({"default_policy": "allow", "rules": {"1": {"script": "./stall.sh"}}});
        fs::write(dir.join("policy.json"), policy.to_string()).unwrap();
        config.policy.file = dir.join("policy.json");
        config.policy.plugin_timeout_milliseconds = 3_000;
    })
    .await;
    let (mut stalled, mut other) = (relay.connect().await, relay.connect().await);
    let (waiting, behind) = (note("waiting"), EventBuilder::new(7).content("behind").sign(&author()));
    stalled.say(&waiting.message()).await;
    stalled.say(&behind.message()).await;
    let begun = std::time::Instant::now();
    for place in 0..20 {
        other.store(&EventBuilder::new(7).content(place.to_string()).sign(&author())).await;
    }
    // What came behind it is stored meanwhile; only its OK keeps its place.
    for _ in 0..100 {
        if other.count(&format!(r#"{{"ids":["{}"]}}"#, behind.id())).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(other.count(r#"{"kinds":[7]}"#).await, 21);
    assert!(begun.elapsed() < Duration::from_millis(2_500), "{:?}", begun.elapsed());
    assert_eq!(stalled.ok(&waiting).await, (false, FAILED.to_owned()));
    assert_eq!(stalled.ok(&behind).await, (true, String::new()));
}

#[tokio::test]
async fn many_questions_are_in_flight_and_answers_come_in_any_order() {
    let script = r#"
import json, sys
waiting = []
for line in sys.stdin:
    waiting.append(json.loads(line)["event"])
    if len(waiting) == 8:
        for event in reversed(waiting):
            action = "accept" if int(event["content"]) % 2 == 0 else "reject"
            print(json.dumps({"id": event["id"], "action": action, "msg": "odd"}), flush=True)
        waiting = []
"#;
    let relay = Relay::start_with(|config| {
        let file = config.store.data_dir.join("plugin.py");
        fs::write(&file, script).unwrap();
        config.policy.plugin = format!("python3 {}", file.display());
    })
    .await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..16).map(|place: u32| note(&place.to_string())).collect();
    for event in &events {
        client.say(&event.message()).await;
    }
    for (place, event) in events.iter().enumerate() {
        let expected =
            if place % 2 == 0 { (true, String::new()) } else { (false, "blocked: odd".to_owned()) };
        assert_eq!(client.ok(event).await, expected, "event {place}");
    }
}

#[tokio::test]
async fn a_plugin_that_ends_is_started_again() {
    // Takes one event, then ends.
    let script = "read -r line\nid=$(echo \"$line\" | sed 's/.*\"id\":\"\\([0-9a-f]*\\)\".*/\\1/')\n\
                  echo \"{\\\"id\\\":\\\"$id\\\",\\\"action\\\":\\\"accept\\\"}\"\n";
    let relay = relay_asking_shell(script, |_| {}).await;
    let mut client = relay.connect().await;
    let mut taken = 0;
    for _ in 0..100 {
        taken += u32::from(client.publish(&note("again")).await.0);
        if taken == 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("taken {taken} times only");
}

#[tokio::test]
async fn a_plugin_may_speak_either_dialect() {
    let script = "while read -r line; do\n\
                  id=$(echo \"$line\" | sed 's/.*\"id\":\"\\([0-9a-f]*\\)\".*/\\1/')\n\
                  case $line in *'\"event\":{'*) action=reject;; *) action=accept;; esac\n\
                  echo \"{\\\"id\\\":\\\"$id\\\",\\\"action\\\":\\\"$action\\\"}\"\ndone\n";
    let relay = relay_asking_shell(script, |config| config.policy.plugin_dialect = Dialect::Orly).await;
    relay.connect().await.store(&note("flat")).await;
    let relay = relay_asking_shell(script, |_| {}).await;
    relay.connect().await.refused(&note("nested"), "blocked: ").await;
}
