use std::path::Path;

use chappe_protocol::PublicKey;
use chappe_testkit::{EventBuilder, Keys};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::config::Mode;
use crate::relay::tests::{NOW, clock, config, owner, start};

fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn checked(config: &Config, file: Option<&Path>) -> (Result<(), String>, String) {
    let mut out = Vec::new();
    let done = check(config, file, &mut out).map_err(|error| error.to_string());
    (done, String::from_utf8(out).unwrap())
}

/// What is printed, and remarked.
fn explained(config: &Config, file: Option<&Path>, question: &Question) -> Result<(String, String), String> {
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    explain(config, &clock(), (file, question), &mut out, &mut remarks).map_err(|error| error.to_string())?;
    Ok((String::from_utf8(out).unwrap(), String::from_utf8(remarks).unwrap()))
}

fn question(event: &Path, signed_in: &[PublicKey]) -> Question {
    Question { event: Some(event.to_owned()), signed_in: signed_in.to_vec(), ..Question::default() }
}

#[test]
fn faults_are_told_by_place() {
    let directory = TempDir::new().unwrap();
    let file = write(&directory, "p.json", "{\n  \"default_policy\": \"maybe\",\n  \"ruels\": {}\n}");
    let (done, out) = checked(&Config::default(), Some(&file));
    let error = done.unwrap_err();
    assert!(error.contains(&format!("{}:2:21: default_policy: ", file.display())), "{error}");
    assert!(error.contains(&format!("{}:3:3: ruels: ", file.display())), "{error}");
    assert_eq!(out, "");
    let missing = directory.path().join("missing.json");
    assert!(checked(&Config::default(), Some(&missing)).0.unwrap_err().contains("missing.json"));
    assert!(checked(&Config::default(), None).0.unwrap_err().contains("policy.file"));
}

#[test]
fn configuration_is_no_better_than_its_policy_files() {
    let directory = TempDir::new().unwrap();
    let mut config = Config::default();
    let mut check = |file: &str, shadow: &str| {
        config.policy.file = write(&directory, "p.json", file);
        config.policy.shadow_file = write(&directory, "shadow.json", shadow);
        let checked = crate::commands::config::check(&config, &clock(), Vec::new(), Vec::new());
        checked.map_err(|error| error.to_string())
    };
    assert_eq!(check("{}", "{}"), Ok(()));
    assert!(check("{", "{}").unwrap_err().contains("p.json:1:"));
    assert!(check("{}", "{").unwrap_err().contains("shadow.json:1:"));
}

#[test]
fn tests_of_the_file_are_run() {
    let directory = TempDir::new().unwrap();
    let text = |expect: &str| {
        let tests = json!([
            { "name": "notes pass", "event": { "kind": 1 }, "as": "anonymous", "expect": "allow" },
            { "name": "articles", "event": { "kind": 30023 }, "as": "anonymous", "expect": expect },
        ]);
        json!({ "kind": { "whitelist": [1] }, "tests": tests }).to_string()
    };
    let mut config = Config::default();
    config.policy.file = write(&directory, "p.json", &text("deny"));
    let (done, out) = checked(&config, None);
    assert_eq!((done, out.ends_with("p.json can be used; its 2 tests pass\n")), (Ok(()), true), "{out}");
    let bad = write(&directory, "bad.json", &text("allow"));
    let (done, out) = checked(&config, Some(&bad));
    assert_eq!(done.unwrap_err(), "1 test failed");
    assert!(out.contains("bad.json:1: test \"articles\""), "{out}");
}

#[test]
fn decision_is_explained_without_a_store() {
    let directory = TempDir::new().unwrap();
    let mut config = config(&directory);
    config.store.data_dir = directory.path().join("nothing");
    config.access.mode = Mode::Managed;
    config.access.owners = vec![owner().public()];
    let note = write(&directory, "note.json", r#"{"kind":1,"content":"hi"}"#);
    let stranger = Keys::from_seed(7).public();
    let (out, remarks) = explained(&config, None, &question(&note, &[stranger])).unwrap();
    assert!(out.starts_with(&format!("Writing it, signed in as {stranger}:\n  1. ")), "{out}");
    assert!(out.contains("\n  => denied: restricted: "), "{out}");
    assert!(out.contains("\nReading it, ") && out.ends_with("  => allowed\n"), "{out}");
    assert!(remarks.contains("no store yet"), "{remarks}");
    assert!(!config.store.data_dir.exists(), "explaining makes nothing");
}

#[test]
fn lists_of_a_stopped_relay_count() {
    let directory = TempDir::new().unwrap();
    let mut config = config(&directory);
    config.access.mode = Mode::Members;
    config.access.owners = vec![owner().public()];
    let member = Keys::from_seed(7).public();
    let desk = crate::commands::desk::Desk::open(&config, &clock()).unwrap();
    desk.call("addmember", &json!([member.to_string()]), &clock()).unwrap();
    drop(desk);
    let note = write(&directory, "note.json", r#"{"kind":1}"#);
    let (out, remarks) = explained(&config, None, &question(&note, &[member])).unwrap();
    assert!(out.starts_with("Writing it") && !out.contains("denied"), "{out}");
    assert_eq!(remarks, "");
    let filter = Question { filter: Some(json!({"kinds": [4]})), ..Question::default() };
    let (out, _) = explained(&config, None, &filter).unwrap();
    assert!(out.starts_with("Asking for it, nobody signed in:\n"), "{out}");
    assert!(out.contains("=> denied: auth-required: "), "{out}");
}

#[tokio::test]
async fn running_relay_is_asked() {
    let setting = start(|config, directory| {
        config.access.owners = vec![owner().public()];
        config.policy.file = write(directory, "p.json", "{}");
    })
    .await;
    let banned = Keys::from_seed(7);
    setting.call(&owner(), "banpubkey", json!([banned.public().to_string()])).await;
    let note = write(&setting.directory, "note.json", r#"{"kind":1}"#);
    let other = write(&setting.directory, "other.json", r#"{"kind":{"blacklist":[1]}}"#);
    let config = setting.config.clone();
    let ask = move |file: Option<PathBuf>, key: PublicKey, config: &Config| {
        explained(config, file.as_deref(), &question(&note, &[key])).unwrap()
    };
    let stranger = Keys::from_seed(8).public();
    tokio::task::spawn_blocking(move || {
        let (out, remarks) = ask(None, banned.public(), &config);
        assert!(out.contains("=> denied: blocked: ") && remarks.is_empty(), "{out}{remarks}");
        let (out, _) = ask(None, stranger, &config);
        assert!(!out.contains("denied"), "{out}");
        let (out, remarks) = ask(Some(other), stranger, &config);
        assert!(out.contains("=> denied: ") && remarks.is_empty(), "{out}{remarks}");
        // Without the relay's help the rest is still told.
        let mut config = config;
        config.listen.addresses = vec!["127.0.0.1:9".parse().unwrap()];
        let (out, remarks) = ask(None, banned.public(), &config);
        assert!(!out.contains("denied") && remarks.contains("not taken into account"), "{out}{remarks}");
    })
    .await
    .unwrap();
}

#[test]
fn events_are_read_and_a_false_one_is_told() {
    let directory = TempDir::new().unwrap();
    let config = config(&directory);
    let event = EventBuilder::new(1).created_at(NOW).sign(&Keys::from_seed(7));
    let good = write(&directory, "good.json", &event.json());
    let (_, remarks) = explained(&config, None, &question(&good, &[])).unwrap();
    assert_eq!(remarks, "");
    let bad = write(&directory, "bad.json", &event.json().replace(r#""content":"""#, r#""content":"x""#));
    let (out, remarks) = explained(&config, None, &question(&bad, &[])).unwrap();
    assert!(remarks.contains("No rule would be asked about this very event: invalid: "), "{remarks}");
    assert!(out.contains("=> allowed"), "{out}");
    for text in ["", "[]", "{\"kind\":\"note\"}"] {
        let file = write(&directory, "odd.json", text);
        let error = explained(&config, None, &question(&file, &[])).unwrap_err();
        assert!(error.contains("odd.json holds no event") || error.contains("\"event\""), "{text}: {error}");
    }
}
