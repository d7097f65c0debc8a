//! What systemd is told (`Type=notify`), at sockets of the test's own.

use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram as StdDatagram};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::harness::{Client, command, free_address, unique};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

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

    async fn hears(&self) -> String {
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
    let pid = relay.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
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
        assert_eq!(manager.hears().await, "READY=1\n");
        // It serves by now, without a wait.
        Client::connect(&format!("ws://{address}")).await.hears_nothing_more().await;
        terminate(&relay);
        assert_eq!(manager.hears().await, "STOPPING=1\n");
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
    assert_eq!(second.hears().await, "STOPPING=1\n");
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
