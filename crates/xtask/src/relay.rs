//! A relay for client scripts and benchmarks: a free port, an empty data directory, stopped at the end.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::command::Failure;

/// How long a relay on an empty directory may take until it answers.
const START_SECONDS_MAX: u64 = 30;
/// How long a stop may take; the relay promises five seconds.
const STOP_SECONDS_MAX: u64 = 10;
/// How often we look whether it has happened.
const POLL: Duration = Duration::from_millis(50);
/// How much of a log is worth showing, from its end.
const LOG_LINES_MAX: usize = 40;

/// A running relay; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Relay {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    /// Held so that the directory outlives the process that writes to it.
    _data: TempDir,
}

impl Relay {
    /// Starts our own relay and waits until it answers a NIP-11 request. It logs to the file `log`.
    pub(crate) fn start(binary: &Path, log: PathBuf) -> Result<Self, Failure> {
        let data = tempfile::tempdir().map_err(Failure::io("a directory for the relay's data"))?;
        Self::launch(data, log, |data, address| {
            let mut command = Command::new(binary);
            command.arg("--data-dir").arg(data).arg("--listen").arg(address.to_string()).arg("serve");
            Ok(command)
        })
    }

    /// Starts any relay by the command that `prepare` makes for this directory and this address, and waits likewise.
    pub(crate) fn launch(
        data: TempDir,
        log: PathBuf,
        prepare: impl FnOnce(&Path, SocketAddr) -> Result<Command, Failure>,
    ) -> Result<Self, Failure> {
        let address = free_address()?;
        let output = File::create(&log).map_err(Failure::io(log.display()))?;
        let errors = output.try_clone().map_err(Failure::io(log.display()))?;
        let mut command = prepare(data.path(), address)?;
        command.current_dir(data.path()).stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().map_err(Failure::io(command.get_program().to_string_lossy()))?;
        let mut relay = Self { child, address, log, _data: data };
        relay.wait_until_it_answers()?;
        Ok(relay)
    }

    /// Its process, for whoever wants to know what it costs.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its address for clients.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The last lines it logged, for a failure's report.
    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let first = lines.len().saturating_sub(LOG_LINES_MAX);
        lines.get(first..).unwrap_or_default().join("\n")
    }

    /// Asks it to stop (SIGTERM) and fails unless it ends soon and well.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        // By the shell's own command, because not every machine has a program for it.
        let kill =
            Command::new("sh").args(["-c", r#"kill -s TERM "$0""#, &self.child.id().to_string()]).status();
        kill.map_err(Failure::io("kill -s TERM"))?;
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        while Instant::now() < deadline {
            match self.child.try_wait().map_err(Failure::io("waiting for the relay"))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(Failure::new(format!("the relay stopped with {status}"))),
                None => thread::sleep(POLL),
            }
        }
        Err(Failure::new(format!("the relay did not stop within {STOP_SECONDS_MAX} s of SIGTERM")))
    }

    fn wait_until_it_answers(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(Failure::io("waiting for the relay"))? {
                return Err(Failure::new(format!("the relay ended with {status}:\n{}", self.log_tail())));
            }
            if answers(self.address).unwrap_or(false) {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        Err(Failure::new(format!("no answer from the relay in {START_SECONDS_MAX} s:\n{}", self.log_tail())))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address nobody listens on. Another process could take it before the relay does; then the start fails loudly.
fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map_err(Failure::io("looking for a free port"))
}

/// Whether a NIP-11 request is answered with 200.
fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {address}\r\nAccept: application/nostr+json\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"HTTP/1.1 200")
}
