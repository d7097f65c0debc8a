//! The log over HTTP: its history, its streams, its level; of a relay in a process of its own, which has a log.

mod access;
mod level;
mod plugins;
mod reader;
mod streams;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chappe_testkit::{EventBuilder, Keys, http_auth_event};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::http::{self, Response};
use crate::harness::{Process, base64, unique};
use reader::Reader;

/// How long something may take that only a failing test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

fn owner() -> Keys {
    Keys::from_seed(701)
}

fn admin() -> Keys {
    Keys::from_seed(702)
}

fn moderator() -> Keys {
    Keys::from_seed(703)
}

/// Answers each question with yes, after so many numbered lines on standard error as the event's content says.
const PLUGIN: &str = r#"while read -r line; do
  id=${line#*'"id":"'}; id=${id%%'"'*}
  content=${line#*'"content":"'}; content=${content%%'"'*}
  seq -f "%06.0f of $content: the plugin has something to say, and says it at some length" 1 "$content" >&2
  printf '{"id":"%s","action":"accept"}\n' "$id"
done
"#;

/// A relay with a log, and a plugin that fills it.
struct Setting {
    process: Process,
    dir: TempDir,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Setting {
    async fn start(knobs: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("plugin.sh"), PLUGIN).unwrap();
        Self { process: start_on(&dir, knobs).await, dir }
    }

    fn address(&self) -> String {
        self.process.addresses()[0].to_string()
    }

    /// The header that signs a request as these keys, now.
    fn signed(&self, keys: &Keys, method: &str, path: &str, body: Option<&str>) -> String {
        let url = format!("http://{}{path}", self.address());
        let event = match body {
            Some(body) => http_auth_event(&url, method, body.as_bytes(), now()),
            None => EventBuilder::new(27_235).created_at(now()).tag(&["u", &url]).tag(&["method", method]),
        };
        authorization(event.tag(&["nonce", &unique().to_string()]), keys)
    }

    async fn get_as(&self, keys: &Keys, path: &str) -> Response {
        let signed = self.signed(keys, "GET", path, None);
        http::request(&self.address(), "GET", path, &[&signed]).await
    }

    /// What the owner is told there.
    async fn get(&self, path: &str) -> String {
        let response = self.get_as(&owner(), path).await;
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response.body
    }

    async fn put_level(&self, keys: &Keys, filter: &str) -> Response {
        let signed = self.signed(keys, "PUT", "/logs/level", Some(filter));
        http::put(&self.address(), "/logs/level", &[&signed], filter).await
    }

    async fn stream_as(&self, keys: &Keys, path: &str, from: Option<u64>) -> Reader {
        let signed = self.signed(keys, "GET", path, None);
        let last = from.map(|from| format!("Last-Event-ID: {from}"));
        let lines: Vec<&str> = [signed.as_str()].into_iter().chain(last.as_deref()).collect();
        Reader::open(&self.address(), path, &lines).await
    }

    /// The owner's stream from there on.
    async fn stream(&self, path: &str, from: Option<u64>) -> Reader {
        let reader = self.stream_as(&owner(), path, from).await;
        assert_eq!(reader.status(), 200, "{path}");
        reader
    }

    /// Calls the management API as the owner, which leaves a line in the log.
    async fn manage(&self, method: &str, params: Value) {
        let body = json!({ "method": method, "params": params }).to_string();
        let signed = self.signed(&owner(), "POST", "/", Some(&body));
        let lines = ["Content-Type: application/nostr+json+rpc", &signed];
        let response = http::post(&self.address(), &lines, &body).await;
        assert!(response.status == 200 && response.body.contains("result"), "{}", response.body);
    }

    /// Has the plugin say so many lines, and waits until the last one is in its history.
    async fn say(&self, lines: u32) {
        let event = EventBuilder::new(1).content(lines.to_string()).tag(&["nonce", &unique().to_string()]);
        self.process.connect().await.store(&event.sign(&Keys::from_seed(1))).await;
        self.wait_for("/logs/plugins", &format!("{lines:06} of {lines}: ")).await;
    }

    /// Waits until there are so many connections, who asks included.
    async fn reaches_connections(&self, count: u64) {
        let begun = std::time::Instant::now();
        loop {
            let stats = http::request(&self.address(), "GET", "/stats.json", &[]).await.body;
            let stats: Value = serde_json::from_str(&stats).unwrap();
            if stats["connections"] == count {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "there are {stats}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A connection that comes and goes, by WebSocket, beside so many others.
    async fn visit(&self, others: u64) {
        self.process.connect().await.hears_nothing_more().await;
        self.reaches_connections(others + 1).await;
    }

    /// Waits until a part of the log holds this.
    async fn wait_for(&self, path: &str, text: &str) {
        let begun = std::time::Instant::now();
        while !self.get(path).await.contains(text) {
            assert!(begun.elapsed() < PATIENCE, "{path} never holds {text:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn start_on(dir: &TempDir, knobs: &[(&str, &str)]) -> Process {
    let keys = [owner(), admin(), moderator()].map(|keys| keys.public().to_string());
    let plugin = format!("sh {}", dir.path().join("plugin.sh").display());
    let mut all = vec![
        ("ACCESS__OWNERS", keys[0].as_str()),
        ("ACCESS__ADMINS", &keys[1]),
        ("ACCESS__MODERATORS", &keys[2]),
        ("POLICY__PLUGIN", &plugin),
        ("POLICY__PLUGIN_TIMEOUT_MILLISECONDS", "60000"),
    ];
    all.extend(knobs);
    let process = Process::start(dir.path(), &all).await;
    // The last line of a start comes after it listens.
    let begun = std::time::Instant::now();
    while !process.log().contains(" ready ") {
        assert!(begun.elapsed() < PATIENCE, "it is never ready");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    process
}

fn authorization(event: EventBuilder, keys: &Keys) -> String {
    format!("Authorization: Nostr {}", base64(event.sign(keys).json().as_bytes()))
}

#[tokio::test]
async fn the_history_is_told_as_a_whole_and_by_part() {
    let setting = Setting::start(&[]).await;
    setting.manage("banpubkey", json!([Keys::from_seed(9).public().to_string()])).await;
    let whole = setting.get_as(&owner(), "/logs").await;
    assert_eq!(whole.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(whole.header("cache-control"), Some("no-store"));
    let place = |name| whole.header(name).unwrap().parse::<u64>().unwrap();
    assert_eq!(place("log-end") - place("log-start"), whole.body.len() as u64);
    for text in [" listening on ws://", " ready ", r#"method="banpubkey""#] {
        assert!(whole.body.contains(text), "no {text:?} in {}", whole.body);
    }
    // It is what stands on standard error.
    let shown = setting.process.log();
    assert!(shown.starts_with(&whole.body[..shown.len().min(whole.body.len())]), "{shown}");
    let (management, process) = (setting.get("/logs/management").await, setting.get("/logs/process").await);
    assert!(management.contains("managed") && !management.contains("listening"), "{management}");
    assert!(process.contains("listening") && !process.contains("managed"), "{process}");
    assert_eq!(setting.get("/logs/store").await, "");
    let components: Value = serde_json::from_str(&setting.get("/logs/components").await).unwrap();
    for component in components.as_array().unwrap() {
        setting.get(&format!("/logs/{}", component["name"].as_str().unwrap())).await;
    }
    for path in ["/logs/coffee", "/logs/", "/logs/stream/coffee", "/logs/store/x", "/logs/script-x"] {
        assert_eq!(setting.get_as(&owner(), path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_history_has_the_configured_size() {
    let setting = Setting::start(&[("LOG__HISTORY_BYTES", "10240")]).await;
    setting.say(500).await;
    let whole = setting.get("/logs").await;
    assert!((9_000..=10_240).contains(&whole.len()), "{}", whole.len());
    assert!(whole.starts_with("20") && whole.ends_with('\n'), "whole lines: {whole}");
    for bytes in ["10239", "1048577", "much"] {
        let mut command = crate::harness::command();
        command.env("CHAPPE_LOG__HISTORY_BYTES", bytes).args(["config", "check"]);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.to_lowercase().contains("history_bytes"), "{bytes}: {text}");
    }
}
