//! A policy file that is replaced while the relay runs: at once, as a whole, and never by a worse than the last good one.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::harness::{Client, Process, Relay, command, heavy, unique};

/// How long something may take that nobody waits for when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

fn owner() -> Keys {
    Keys::from_seed(1)
}

fn author() -> Keys {
    Keys::from_seed(2)
}

/// Replaces the file as editors do.
fn replace(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, file).unwrap();
}

/// A relay with this policy and an owner to manage it.
async fn relay_with(policy: &Value) -> Relay {
    Relay::start_with(|config| {
        config.access.owners = vec![owner().public()];
        config.rates.events_per_key_a_minute = 0;
        config.policy.file = config.store.data_dir.join("policy.json");
        std::fs::write(&config.policy.file, policy.to_string()).unwrap();
    })
    .await
}

/// Puts another policy into force.
async fn swap(relay: &Relay, policy: &Value) {
    replace(&relay.file("policy.json"), &policy.to_string());
    relay.manage(&owner(), "reloadpolicy", json!([])).await;
}

/// Short texts tagged `x`, in kinds 1 and 2.
fn policy_x() -> Value {
    json!({
        "kind": { "whitelist": [1, 2] },
        "global": { "content_limit": 10 },
        "rules": { "1": { "must_have_tags": ["x"] }, "2": { "must_have_tags": ["x"] } },
    })
}

/// Texts tagged `y`, in kinds 1 and 3.
fn policy_y() -> Value {
    json!({
        "kind": { "whitelist": [1, 3] },
        "global": { "content_limit": 1_000 },
        "rules": { "1": { "must_have_tags": ["y"] }, "3": { "must_have_tags": ["y"] } },
    })
}

/// What the two policies say about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Both,
    OnlyX,
    OnlyY,
    Neither,
}

/// Kind, tag, bytes of content. What neither policy allows, a mixture of their parts would.
const SORTS: [(u16, &[&str], usize, Said); 8] = [
    (1, &["x", "y"], 10, Said::Both),
    (1, &["x"], 10, Said::OnlyX),
    (2, &["x"], 10, Said::OnlyX),
    (1, &["y"], 500, Said::OnlyY),
    // One's rule and the other's global rule.
    (1, &["x"], 500, Said::Neither),
    // One's kinds and the other's global rule; one's kinds and the other's want of a rule.
    (2, &["x"], 500, Said::Neither),
    (2, &[], 500, Said::Neither),
    (3, &[], 10, Said::Neither),
];

fn event_of(sort: usize) -> TestEvent {
    let (kind, tags, bytes, _) = SORTS[sort];
    let event = EventBuilder::new(kind).created_at(Relay::NOW - unique());
    tags.iter().fold(event, |event, tag| event.tag(&[tag])).content("c".repeat(bytes)).sign(&author())
}

/// Publishes until it is told to stop; gives how often each sort was accepted and refused, and what was accepted.
async fn publish_all(mut client: Client, stop: Arc<AtomicBool>) -> (Vec<[usize; 2]>, HashSet<String>) {
    let mut outcomes = vec![[0, 0]; SORTS.len()];
    let mut accepted = HashSet::new();
    while !stop.load(Ordering::Relaxed) {
        let events: Vec<_> = (0..SORTS.len()).map(event_of).collect();
        for event in &events {
            client.say(&event.message()).await;
        }
        for (sort, event) in events.iter().enumerate() {
            let (yes, text) = client.ok(event).await;
            let said = SORTS[sort].3;
            let possible = if yes { said != Said::Neither } else { said != Said::Both };
            assert!(possible, "{yes} {text:?} for {said:?} {}", event.json());
            outcomes[sort][usize::from(yes)] += 1;
            if yes {
                accepted.insert(event.id().to_string());
            }
        }
    }
    (outcomes, accepted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_judged_by_a_mixture_of_two_policies() {
    let _alone = heavy().await;
    let relay = relay_with(&policy_x()).await;
    // An owner, whom neither policy keeps from reading.
    let mut listener = relay.connect_as(&[&owner()]).await;
    listener.subscribe("all", r#"{"kinds":[1,2,3]}"#).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut publishers = Vec::new();
    for _ in 0..4 {
        publishers.push(tokio::spawn(publish_all(relay.connect().await, Arc::clone(&stop))));
    }
    for _ in 0..40 {
        swap(&relay, &policy_y()).await;
        sleep(Duration::from_millis(5)).await;
        swap(&relay, &policy_x()).await;
        sleep(Duration::from_millis(5)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut outcomes = vec![[0, 0]; SORTS.len()];
    let mut accepted = HashSet::new();
    for publisher in publishers {
        // It ends well: its connection stayed up, and each answer was one of the two policies'.
        let (own, ids) = publisher.await.unwrap();
        for (all, own) in outcomes.iter_mut().zip(own) {
            *all = [all[0] + own[0], all[1] + own[1]];
        }
        accepted.extend(ids);
    }
    eprintln!("refused and accepted, by sort: {outcomes:?}");
    for (sort, [refused, accepted]) in outcomes.into_iter().enumerate() {
        let both_were_met = refused > 0 && accepted > 0;
        assert!(
            both_were_met || matches!(SORTS[sort].3, Said::Both | Said::Neither),
            "sort {sort} always the same"
        );
    }
    for _ in 0..accepted.len() {
        let heard = listener.hear().await;
        assert!(accepted.remove(heard[2]["id"].as_str().unwrap()), "{heard}");
    }
    listener.hears_nothing_more().await;
}

#[tokio::test]
async fn open_subscriptions_obey_the_policy_in_force() {
    let open = json!({ "rules": { "1": { "description": "notes" } } });
    let closed = json!({ "rules": { "1": { "read_allow": [owner().hex()] } } });
    let relay = relay_with(&open).await;
    let mut stranger = relay.connect().await;
    stranger.subscribe("notes", r#"{"kinds":[1,7]}"#).await;
    let mut admitted = relay.connect_as(&[&owner()]).await;
    admitted.subscribe("notes", r#"{"kinds":[1,7]}"#).await;
    let mut publisher = relay.connect().await;
    let note = |text: &str| EventBuilder::new(1).created_at(Relay::NOW).content(text).sign(&author());
    let like = |text: &str| EventBuilder::new(7).created_at(Relay::NOW).content(text).sign(&author());

    publisher.store(&note("for all")).await;
    stranger.hears_event("notes", &note("for all")).await;
    swap(&relay, &closed).await;
    publisher.store(&note("for some")).await;
    publisher.store(&like("for all")).await;
    stranger.hears_event("notes", &like("for all")).await;
    stranger.finds(r#"{"kinds":[1,7]}"#, &[&like("for all")]).await;
    swap(&relay, &open).await;
    publisher.store(&note("for all again")).await;
    stranger.hears_event("notes", &note("for all again")).await;
    assert_eq!(stranger.count(r#"{"kinds":[1]}"#).await, 3);
    for event in [note("for all"), note("for some"), like("for all"), note("for all again")] {
        admitted.hears_event("notes", &event).await;
    }
}

/// Files that are no policy: what is wrong, the bytes, and where a line can be named, which.
fn bad_files() -> Vec<(&'static str, Vec<u8>, Option<u32>)> {
    let key = owner().hex();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("empty", text(""), Some(1)),
        ("half written", text("{\n  \"rules\": {\n    \"1\": {\"content_"), Some(3)),
        ("something after it", text("{}\n{}"), Some(2)),
        ("no object", text("[]"), Some(1)),
        ("unknown field", text("{\n\n  \"rulez\": {}\n}"), Some(3)),
        ("unknown field of a rule", text("{\"rules\": {\"1\": {\n\"write_alow\": []}}}"), Some(2)),
        ("unknown word", text("{\n\"default_policy\": \"maybe\"}"), Some(2)),
        ("twice the same key", text("{\"owners\": [],\n\"owners\": []}"), Some(2)),
        ("twice the same kind", text("{\"rules\": {\"1\": {},\n \"1\": {}}}"), Some(2)),
        ("no kind", text("{\"rules\": {\n\n\"65536\": {}}}"), Some(3)),
        ("no key", text("{\"global\": {\"write_allow\": [\n\"abc\"]}}"), Some(2)),
        ("no regex", text("{\"global\":\n {\"identifier_regex\": \"(\"}}"), Some(2)),
        ("no duration", text("{\"global\":\n\n {\"max_expiry_duration\": \"soon\"}}"), Some(3)),
        ("wrong type", text("{\"global\": {\n\"content_limit\": \"much\"}}"), Some(2)),
        (
            "contradiction",
            text(&format!("{{\"global\": {{\"write_allow\": [\"{key}\"],\n\"write_deny\": [\"{key}\"]}}}}")),
            Some(2),
        ),
        ("not UTF-8", b"{\"global\": {\"description\": \"\xff\"}}".to_vec(), None),
    ]
}

/// What the relay says when it is started with this policy file, which it must not be.
async fn refusal(file: &Path) -> String {
    let dir = TempDir::new().unwrap();
    let mut command = tokio::process::Command::from(command());
    command.arg("--data-dir").arg(dir.path()).args(["--listen", "127.0.0.1:0"]);
    command.env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string()).env("CHAPPE_POLICY__FILE", file);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("the relay has started").unwrap();
    assert!(!output.status.success(), "the relay ended well");
    String::from_utf8(output.stderr).unwrap()
}

/// Whether a text names the file, and the line if there is one to name.
fn names(text: &str, file: &Path, line: Option<u32>) -> bool {
    let file = text.contains(file.to_str().unwrap());
    file && line
        .is_none_or(|line| text.contains(&format!("line {line}")) || text.contains(&format!(":{line}:")))
}

#[tokio::test]
async fn a_relay_does_not_start_on_a_bad_policy() {
    let dir = TempDir::new().unwrap();
    for (number, (what, bytes, line)) in bad_files().into_iter().enumerate() {
        let file = dir.path().join(format!("policy-{number}.json"));
        std::fs::write(&file, bytes).unwrap();
        let said = refusal(&file).await;
        assert!(names(&said, &file, line), "{what}: {said}");
    }
    let missing = dir.path().join("missing.json");
    assert!(names(&refusal(&missing).await, &missing, None));
    // Nobody can read a directory as a file, whatever they may do otherwise.
    assert!(names(&refusal(dir.path()).await, dir.path(), None));
}

/// A relay as a process of its own, with a policy that wants a tag `t` of every note, and its file.
async fn process_with_policy(dir: &TempDir) -> (Process, PathBuf) {
    let file = dir.path().join("policy.json");
    replace(&file, &wants("t"));
    let process = Process::start(dir.path(), &[("POLICY__FILE", file.to_str().unwrap())]).await;
    (process, file)
}

fn wants(tag: &str) -> String {
    json!({ "rules": { "1": { "must_have_tags": [tag] } } }).to_string()
}

/// Whether a note with only this tag is accepted now.
async fn takes(client: &mut Client, tag: &str) -> bool {
    let note = EventBuilder::new(1).created_at(Relay::NOW - unique()).tag(&[tag]).sign(&author());
    client.publish(&note).await.0
}

/// Waits until a note with only this tag is accepted.
async fn comes_to_take(client: &mut Client, tag: &str) {
    let waiting = async {
        while !takes(client, tag).await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("no policy came into force that wants {tag}"));
}

#[tokio::test]
async fn a_changed_file_comes_into_force_by_itself_and_by_sighup() {
    let dir = TempDir::new().unwrap();
    let (mut process, file) = process_with_policy(&dir).await;
    let mut client = process.connect().await;
    assert!(takes(&mut client, "t").await && !takes(&mut client, "u").await);
    replace(&file, &wants("u"));
    comes_to_take(&mut client, "u").await;
    assert!(!takes(&mut client, "t").await);
    // Written in place, as `>` does.
    std::fs::write(&file, wants("v")).unwrap();
    comes_to_take(&mut client, "v").await;
    // Of the same length and, by its time, as old as before: nothing to see, so that only the signal tells.
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, wants("w")).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    process.signal("HUP");
    comes_to_take(&mut client, "w").await;
    assert!(!takes(&mut client, "v").await);
    drop(client);
    process.stop().await;
}

#[tokio::test]
async fn a_bad_file_leaves_the_old_policy_in_force_and_is_told() {
    let dir = TempDir::new().unwrap();
    let (mut process, file) = process_with_policy(&dir).await;
    let mut client = process.connect().await;
    for (what, bytes, line) in bad_files() {
        let already_said = process.log().len();
        std::fs::write(&file, bytes).unwrap();
        process.signal("HUP");
        is_told(&process, already_said, &file, line, what).await;
        assert!(takes(&mut client, "t").await && !takes(&mut client, "u").await, "{what}");
    }
    let already_said = process.log().len();
    std::fs::remove_file(&file).unwrap();
    process.signal("HUP");
    is_told(&process, already_said, &file, None, "missing").await;
    assert!(takes(&mut client, "t").await && !takes(&mut client, "u").await);
    // The rest of what was half written comes, or another file.
    replace(&file, &wants("u"));
    process.signal("HUP");
    comes_to_take(&mut client, "u").await;
    drop(client);
    process.stop().await;
}

async fn is_told(process: &Process, already_said: usize, file: &Path, line: Option<u32>, what: &str) {
    let waiting = async {
        while !names(&process.log()[already_said..], file, line) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}: nothing is said of it"));
}
