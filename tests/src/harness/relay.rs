//! A relay in this process, on a free port and a directory of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chappe_app::config::Config;
use chappe_app::{Clock, Log, Running};
use chappe_testkit::{Keys, auth_event};
use serde_json::Value;
use tempfile::TempDir;

use super::{Client, http, management};

/// A running relay whose time the test can move. Dropping it stops it the hard way; [`Relay::stop`] is graceful.
pub struct Relay {
    running: Option<Running>,
    now: Arc<AtomicU64>,
    config: Config,
    dir: TempDir,
}

/// The default configuration, on a free port of loopback.
fn configuration() -> Config {
    let mut config = Config::default();
    config.listen.addresses = vec!["127.0.0.1:0".parse().unwrap()];
    config.metrics.addresses = Vec::new();
    config.store.map_bytes = 1 << 30;
    config
}

impl Relay {
    /// Starts one with the default configuration. Its clock stands at [`Relay::NOW`] until it is moved.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts one with some knobs turned.
    pub async fn start_with(turn: impl FnOnce(&mut Config)) -> Self {
        let dir = TempDir::new().unwrap();
        let mut config = configuration();
        config.store.data_dir = dir.path().to_owned();
        turn(&mut config);
        let now = Arc::new(AtomicU64::new(Self::NOW));
        let running = Some(run(&config, &now).await);
        Self { running, now, config, dir }
    }

    /// Where every relay's clock starts, in seconds since the epoch.
    pub const NOW: u64 = 1_700_000_000;

    /// Lets time pass.
    pub fn pass_seconds(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What the relay's clock says.
    pub fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.running.as_ref().unwrap().addresses()[0].to_string()
    }

    /// Wherever it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.running.as_ref().unwrap().addresses()
    }

    /// Has it read its files again, as SIGHUP does, and waits until that is done.
    pub async fn reload(&self) {
        self.running.as_ref().unwrap().reload().await;
    }

    /// `127.0.0.1:PORT` where its metrics are to be had, if they are.
    pub fn metrics_address(&self) -> Option<String> {
        self.running.as_ref().unwrap().metrics_addresses().first().map(ToString::to_string)
    }

    /// `ws://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// Waits until `/stats.json` says this: `"connections":2,` say. Who asks is one of them.
    pub async fn reaches(&self, counters: &str) {
        let mut stats = String::new();
        for _ in 0..1_000 {
            stats = http::request(&self.address(), "GET", "/stats.json", &[]).await.body;
            if stats.contains(counters) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the relay stays at {stats}");
    }

    /// A new connection.
    pub async fn connect(&self) -> Client {
        Client::connect(&self.url()).await
    }

    /// A new connection on which these keys have signed in.
    pub async fn connect_as(&self, keys: &[&Keys]) -> Client {
        let mut client = self.connect().await;
        let challenge = client.provoke_challenge().await;
        for keys in keys {
            let proof = auth_event(&self.url(), &challenge, self.now()).sign(keys);
            client.say(&proof.auth_message()).await;
            assert_eq!(client.ok(&proof).await, (true, String::new()));
        }
        client
    }

    /// A new connection of a client at this address, as a proxy on this machine passes it on.
    pub async fn connect_from(&self, address: &str) -> Client {
        Client::connect_from(&self.url(), address).await
    }

    /// Calls a method of the management API (NIP-86) and gives its result; an error is a failure.
    pub async fn manage(&self, keys: &Keys, method: &str, params: Value) -> Value {
        let answer = management::call(self, keys, method, params).await;
        assert!(answer.get("error").is_none_or(Value::is_null), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Calls a method of the management API that has to be refused, and gives the error.
    pub async fn manage_refused(&self, keys: &Keys, method: &str, params: Value) -> String {
        let answer = management::call(self, keys, method, params).await;
        answer["error"].as_str().unwrap_or_else(|| panic!("{method} was not refused: {answer}")).to_owned()
    }

    /// A file in a directory of this relay's own.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Stops it as SIGTERM does.
    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// Stops it and starts another on the same directory.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.running = Some(run(&self.config, &self.now).await);
    }

    /// Another relay, with the same configuration, that has imported what this one exports.
    pub async fn exported_and_imported(mut self) -> Self {
        self.stop().await;
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("events.jsonl");
        let map_bytes = self.config.store.map_bytes.to_string();
        let chappe = |data_dir: &std::path::Path| {
            let mut command = super::command();
            command.env("CHAPPE_STORE__MAP_BYTES", &map_bytes).arg("--data-dir").arg(data_dir);
            command
        };
        let events = std::fs::File::create(&file).unwrap();
        let exported = chappe(self.dir.path()).arg("export").stdout(events).status().unwrap();
        let imported = chappe(dir.path()).arg("import").arg(&file).stdout(Stdio::null()).status().unwrap();
        assert!(exported.success() && imported.success(), "{exported}, {imported}");
        self.config.store.data_dir = dir.path().to_owned();
        self.dir = dir;
        self.running = Some(run(&self.config, &self.now).await);
        self
    }

    /// Stops it and gives all that `chappe export` writes.
    pub async fn exported(&mut self) -> Vec<Value> {
        self.stop().await;
        let mut command = super::command();
        command.env("CHAPPE_STORE__MAP_BYTES", self.config.store.map_bytes.to_string());
        let output = command.arg("--data-dir").arg(self.dir.path()).arg("export").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many events its page says there are, the expired ones too that are not swept yet.
    pub async fn events_on_disk(&self) -> u64 {
        let counters = http::request(&self.address(), "GET", "/stats.json", &[]).await;
        let counters: Value = serde_json::from_str(&counters.body).unwrap();
        counters["events"].as_u64().unwrap()
    }
}

async fn run(config: &Config, now: &Arc<AtomicU64>) -> Running {
    // Many relays run in this process: none of them has its log.
    let log = Log::unattached(&config.log);
    chappe_app::Relay::start(config.clone(), Clock::standing(Arc::clone(now)), log).await.unwrap()
}
