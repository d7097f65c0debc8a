//! What systemd is told (`Type=notify`), at sockets of the test's own.

use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram as StdDatagram};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys};
use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::harness::{Client, command, free_address, signal, unique};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

/// While it starts.
const MORE_TIME: &str = "EXTEND_TIMEOUT_USEC=30000000\n";

/// With the five seconds of `timeouts.shutdown_seconds`.
const STOPPING: &str = "STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000\n";

/// Who started the relay.
struct Manager {
    socket: UnixDatagram,
    name: String,
}

impl Manager {
    /// One that has a file in this directory.
    fn with_file(dir: &Path) -> Self {
        let path = dir.join(format!("notify-{}", unique()));
        Self { socket: UnixDatagram::bind(&path).unwrap(), name: path.to_str().unwrap().to_owned() }
    }

    /// One that has none.
    fn without_file() -> Self {
        let name = format!("chappe-test-{}-{}", std::process::id(), unique());
        let socket = StdDatagram::bind_addr(&UnixAddress::from_abstract_name(&name).unwrap()).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket: UnixDatagram::from_std(socket).unwrap(), name: format!("@{name}") }
    }

    /// Starts a relay, and tells it whom to tell.
    fn start(&self, dir: &TempDir, address: SocketAddr, words: &[&str], variables: &[(&str, &str)]) -> Child {
        let mut relay = Command::from(command());
        relay.args(words).arg("--data-dir").arg(dir.path()).args(["--listen", &address.to_string()]);
        relay.env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string()).env("CHAPPE_METRICS__ADDRESSES", "");
        relay.env("NOTIFY_SOCKET", &self.name).envs(variables.iter().copied());
        relay.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
    }

    /// What it is told next, but for the wish for more time.
    async fn hears(&self) -> String {
        loop {
            let told = self.hears_all().await;
            if told != MORE_TIME {
                return told;
            }
        }
    }

    async fn hears_all(&self) -> String {
        let mut bytes = [0; 1024];
        let count =
            timeout(PATIENCE, self.socket.recv(&mut bytes)).await.expect("it is told nothing").unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    /// What it has not heard yet.
    fn left(&self) -> Option<String> {
        let mut bytes = [0; 1024];
        let count = self.socket.try_recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }
}

fn terminate(relay: &Child) {
    signal(relay.id().unwrap(), "TERM");
}

/// Whole seconds since the machine was started.
fn uptime_seconds() -> u64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap();
    text.split('.').next().unwrap().parse().unwrap()
}

async fn ends_well(relay: &mut Child) {
    let status = timeout(PATIENCE, relay.wait()).await.expect("the relay does not end").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn it_is_told_when_the_relay_serves_and_when_it_stops() {
    let dir = TempDir::new().unwrap();
    for manager in [Manager::with_file(dir.path()), Manager::without_file()] {
        let address = free_address();
        let mut relay = manager.start(&dir, address, &[], &[]);
        // However soon it is ready: nobody knows how short the manager's patience is.
        assert_eq!(manager.hears_all().await, MORE_TIME);
        assert_eq!(manager.hears().await, "READY=1\n");
        // It serves by now, without a wait.
        Client::connect(&format!("ws://{address}")).await.hears_nothing_more().await;
        terminate(&relay);
        assert_eq!(manager.hears().await, STOPPING);
        ends_well(&mut relay).await;
        assert_eq!(manager.left(), None);
    }
}

#[tokio::test]
async fn a_relay_that_is_alive_says_so() {
    let dir = TempDir::new().unwrap();
    let manager = Manager::with_file(dir.path());
    let relay = manager.start(&dir, free_address(), &[], &[("WATCHDOG_USEC", "100000")]);
    assert_eq!(manager.hears().await, "READY=1\n");
    for _ in 0..5 {
        assert_eq!(manager.hears().await, "WATCHDOG=1\n");
    }
    drop(relay);
}

#[tokio::test]
async fn a_start_that_takes_long_asks_for_time_until_the_relay_serves() {
    let dir = TempDir::new().unwrap();
    let manager = Manager::with_file(dir.path());
    // Reading the policy from it lasts until somebody writes.
    let policy = dir.path().join("policy");
    assert!(std::process::Command::new("mkfifo").arg(&policy).status().unwrap().success());
    let variable = [("CHAPPE_POLICY__FILE", policy.to_str().unwrap())];
    let relay = manager.start(&dir, free_address(), &[], &variable);
    for _ in 0..2 {
        assert_eq!(manager.hears_all().await, MORE_TIME);
    }
    let written = tokio::task::spawn_blocking(move || std::fs::write(policy, "{}"));
    assert_eq!(manager.hears().await, "READY=1\n");
    written.await.unwrap().unwrap();
    drop(relay);
}

#[tokio::test]
async fn a_reload_is_told_of_when_it_begins_and_when_it_is_done() {
    let dir = TempDir::new().unwrap();
    let policy = dir.path().join("policy.json");
    let write = |text: &str| std::fs::write(&policy, text).unwrap();
    let (allow, deny) = (r#"{"default_policy":"allow"}"#, r#"{"default_policy":"deny"}"#);
    write(allow);
    let (manager, address) = (Manager::with_file(dir.path()), free_address());
    let variable = [("CHAPPE_POLICY__FILE", policy.to_str().unwrap())];
    let relay = manager.start(&dir, address, &[], &variable);
    assert_eq!(manager.hears().await, "READY=1\n");
    let mut client = Client::connect(&format!("ws://{address}")).await;
    let mut last = 0;
    // One that cannot be used is read, too, and the old one stays.
    for (text, takes) in [(deny, false), ("{", false), (allow, true)] {
        write(text);
        signal(relay.id().unwrap(), "HUP");
        let told = manager.hears().await;
        let time = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap_or_else(|| panic!("{told}"));
        let time: u64 = time.trim_end().parse().unwrap();
        assert!(last < time && time / 1_000_000 <= uptime_seconds(), "{last} {time}");
        last = time;
        assert_eq!(manager.hears().await, "READY=1\n");
        let event = EventBuilder::new(1).content(unique().to_string()).sign(&Keys::from_seed(1));
        assert_eq!(client.publish(&event).await.0, takes, "{text}");
    }
    drop(relay);
    // With nothing to read it is done at once.
    let (manager, dir) = (Manager::without_file(), TempDir::new().unwrap());
    let relay = manager.start(&dir, free_address(), &[], &[]);
    assert_eq!(manager.hears().await, "READY=1\n");
    signal(relay.id().unwrap(), "HUP");
    assert!(manager.hears().await.starts_with("RELOADING=1\n"));
    assert_eq!(manager.hears().await, "READY=1\n");
}

#[tokio::test]
async fn who_takes_over_is_named() {
    let dir = TempDir::new().unwrap();
    let [first, second] = [Manager::with_file(dir.path()), Manager::with_file(dir.path())];
    let address = free_address();
    let mut old = first.start(&dir, address, &[], &[]);
    assert_eq!(first.hears().await, "READY=1\n");
    let mut new = second.start(&dir, address, &["serve", "--take-over"], &[]);
    // The service does not stop: another process is the one to watch.
    assert_eq!(first.hears().await, format!("MAINPID={}\n", new.id().unwrap()));
    ends_well(&mut old).await;
    assert_eq!(first.left(), None);
    assert_eq!(second.hears().await, "READY=1\n");
    Client::connect(&format!("ws://{address}")).await.hears_nothing_more().await;
    terminate(&new);
    assert_eq!(second.hears().await, STOPPING);
    ends_well(&mut new).await;
}

#[tokio::test]
async fn a_relay_serves_though_nobody_listens() {
    let dir = TempDir::new().unwrap();
    let manager = Manager { name: "/nowhere/notify".to_owned(), ..Manager::without_file() };
    let address = free_address();
    let relay = manager.start(&dir, address, &[], &[]);
    let serves = async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, serves).await.expect("it does not serve");
    Client::connect(&format!("ws://{address}")).await.hears_nothing_more().await;
    terminate(&relay);
    let output = relay.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("NOTIFY_SOCKET"), "{said}");
}
