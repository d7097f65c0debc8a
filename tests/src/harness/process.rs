//! The relay as a process of its own: to be killed, signalled and measured from outside.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Client;

/// How long a process may take to listen or to end before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `chappe`. Killed when dropped; what it logged is shown when the test fails.
pub struct Process {
    child: Child,
    addresses: Vec<SocketAddr>,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a relay on this data directory and a free port, and waits until it listens.
    ///
    /// The knobs are environment variables, without their `CHAPPE_`: `("LIMITS__LIMIT_MAX", "1000")`.
    pub async fn start(dir: &Path, knobs: &[(&str, &str)]) -> Self {
        Self::start_on(dir, &["127.0.0.1:0"], knobs).await
    }

    /// The same on these addresses.
    pub async fn start_on(dir: &Path, addresses: &[&str], knobs: &[(&str, &str)]) -> Self {
        Self::start_with_more(dir, addresses, knobs, 0).await
    }

    /// The same where the knobs name so many more addresses.
    pub async fn start_with_more(
        dir: &Path,
        addresses: &[&str],
        knobs: &[(&str, &str)],
        more: usize,
    ) -> Self {
        Self::start_by(&[], dir, addresses, knobs, more).await
    }

    /// The same by this command.
    pub async fn start_by(
        words: &[&str],
        dir: &Path,
        addresses: &[&str],
        knobs: &[(&str, &str)],
        more: usize,
    ) -> Self {
        let mut command = tokio::process::Command::from(command());
        command.args(words).arg("--data-dir").arg(dir);
        command.args(addresses.iter().flat_map(|address| ["--listen", address]));
        command.env("CHAPPE_METRICS__ADDRESSES", "");
        command.env("CHAPPE_LOG__FILTER", "info").env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string());
        command.envs(knobs.iter().map(|(knob, value)| (format!("CHAPPE_{knob}"), value)));
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, mut listening) = watch::channel(Vec::new());
        tokio::spawn(read_log(child.stderr.take().unwrap(), Arc::clone(&log), found));
        let mut process = Self { child, addresses: Vec::new(), log };
        let all = |listening: &Vec<SocketAddr>| listening.len() == addresses.len() + more;
        let listening = timeout(PATIENCE, listening.wait_for(all)).await.expect("the relay does not listen");
        process.addresses = listening.expect("the relay ended at its start").clone();
        process
    }

    /// `127.0.0.1:PORT`, for each address.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// `ws://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.addresses[0])
    }

    /// A new connection.
    pub async fn connect(&self) -> Client {
        Client::connect(&self.url()).await
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Kills it by SIGKILL, wherever it is, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends a signal: `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id().expect("the relay still runs"), name);
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("the relay does not end").unwrap()
    }

    /// Stops it by SIGTERM, and checks that it ends well.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        let status = self.ended().await;
        assert!(status.success(), "the relay ended by {status}");
    }

    /// How much processor time it has used so far, in ticks of the system.
    pub fn cpu_ticks(&self) -> u64 {
        let pid = self.child.id().expect("the relay still runs");
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // After the name in parentheses, which may hold anything, the 12th and 13th are user and system time.
        let mut fields = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().skip(11);
        let mut next = || fields.next().unwrap().parse::<u64>().unwrap();
        next() + next()
    }

    /// Memory of its own, in KiB: without the pages of the store's file that happen to be mapped.
    pub fn memory_kib(&self) -> u64 {
        let pid = self.child.id().expect("the relay still runs");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the relay logged:\n{}", self.log());
        }
    }
}

/// Keeps the log, and picks out where the relay says that it listens.
async fn read_log(stderr: ChildStderr, log: Arc<Mutex<String>>, found: watch::Sender<Vec<SocketAddr>>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = line.split(['=', ' ', '"', '/']).find_map(listening_address) {
            found.send_modify(|addresses| addresses.push(address));
        }
        log.lock().unwrap().push_str(&(line + "\n"));
    }
}

fn listening_address(word: &str) -> Option<SocketAddr> {
    word.parse().ok().filter(|address: &SocketAddr| is_ours(address.ip()) && address.port() != 0)
}

/// Whether a relay under test may listen there.
fn is_ours(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// The command `chappe`, ready for arguments, knowing nothing of the environment it is tested in.
pub fn command() -> std::process::Command {
    let mut command = std::process::Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHAPPE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// The built binary: `CHAPPE_BIN`, which `cargo xtask test` sets, or built now beside this test.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("CHAPPE_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    // TARGET/PROFILE/deps/end_to_end-HASH
    let test = std::env::current_exe().unwrap();
    let profile_dir = test.parent().and_then(Path::parent).unwrap();
    let profile = match profile_dir.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = std::process::Command::new(cargo);
    build.args(["build", "--quiet", "--package", "chappe", "--profile", profile]);
    build.arg("--target-dir").arg(profile_dir.parent().unwrap());
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().unwrap().success(), "the relay does not compile");
    profile_dir.join("chappe")
}

/// Sends a process a signal: `TERM`, `INT`. By the shell's own command, because not every machine has a program for it.
pub fn signal(pid: u32, name: &str) {
    let mut kill = std::process::Command::new("sh");
    let done = kill.args(["-c", r#"kill -s "$0" "$1""#, name, &pid.to_string()]).status().unwrap();
    assert!(done.success(), "cannot send SIG{name}");
}
