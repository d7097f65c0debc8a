//! The relays: how each is started with an empty store and with its limits out of the way.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Failure};

/// A relay that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Contender {
    #[value(skip)]
    Chappe,
    Rnostr,
    NostrRsRelay,
    Strfry,
}

/// One that is here.
#[derive(Debug, Clone)]
pub(super) struct Entrant {
    pub(super) contender: Contender,
    binary: PathBuf,
    version: String,
}

/// Bytes of a message and of an event: above the largest of the corpus, a follow list of some 40 kB.
const MESSAGE_BYTES_MAX: u64 = 1 << 20;

impl Contender {
    pub(super) const PEERS: [Self; 3] = [Self::Rnostr, Self::NostrRsRelay, Self::Strfry];

    /// As its project writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chappe => "Chappe",
            Self::Rnostr => "rnostr",
            Self::NostrRsRelay => "nostr-rs-relay",
            Self::Strfry => "strfry",
        }
    }

    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::Chappe => "chappe",
            Self::Rnostr => "rnostr",
            Self::NostrRsRelay => "nostr-rs-relay",
            Self::Strfry => "strfry",
        }
    }

    /// What its OK promises: an easier promise is an easier task.
    pub(super) const fn promise(self) -> &'static str {
        match self {
            Self::Chappe | Self::Strfry => "says OK when the event is on disk",
            Self::Rnostr => "says OK before it commits, which it does every 100 ms",
            Self::NostrRsRelay => {
                "says OK after a commit of SQLite in WAL mode, which is synced at a checkpoint only"
            }
        }
    }

    /// How it is started in this directory. Writes its configuration there, if it has any.
    fn command(self, binary: &Path, directory: &Path, address: SocketAddr) -> Result<Command, Failure> {
        let mut command = Command::new(binary);
        let configure = |name: &str, text: String| {
            let path = directory.join(name);
            fs::write(&path, text).map_err(Failure::io(path.display())).map(|()| path)
        };
        match self {
            Self::Chappe => {
                let path = configure("chappe.toml", "[limits]\nconnections_max = 100_000\n".to_owned())?;
                command.arg("--config").arg(path).arg("--data-dir").arg(directory.join("data"));
                command.args(["--listen", &address.to_string(), "serve"]);
            }
            Self::Rnostr => {
                let path = configure("rnostr.toml", rnostr(directory, address))?;
                command.arg("relay").arg("-c").arg(path).env("RUST_LOG", "error");
            }
            Self::NostrRsRelay => {
                let path = configure("config.toml", nostr_rs_relay(directory, address))?;
                command.arg("--config").arg(path).env("RUST_LOG", "error");
            }
            Self::Strfry => {
                let path = configure("strfry.conf", strfry(directory, address))?;
                command.arg(format!("--config={}", path.display())).arg("relay");
                let database = directory.join("db");
                fs::create_dir_all(&database).map_err(Failure::io(database.display()))?;
            }
        }
        Ok(command)
    }
}

impl Entrant {
    /// The one built from this checkout.
    pub(super) fn ours(binary: PathBuf) -> Result<Self, Failure> {
        let version = command::answer(&binary.to_string_lossy(), "--version");
        let version = version.ok_or_else(|| Failure::new(format!("{} does not run", binary.display())))?;
        Ok(Self { contender: Contender::Chappe, binary, version: version.trim().to_owned() })
    }

    pub(super) fn on_path(contender: Contender) -> Option<Self> {
        let version = command::answer(contender.program(), "--version")?;
        let version =
            version.lines().find(|line| !line.is_empty()).unwrap_or("of unknown version").to_owned();
        Some(Self { contender, binary: contender.program().into(), version })
    }

    /// Its program's answer to `--version`.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// How it is started, with its configuration written.
    pub(super) fn command(&self, directory: &Path, address: SocketAddr) -> Result<Command, Failure> {
        self.contender.command(&self.binary, directory, address)
    }

    #[cfg(test)]
    pub(super) fn of_version(contender: Contender, version: &str) -> Self {
        Self { contender, binary: contender.program().into(), version: version.to_owned() }
    }
}

/// Its defaults refuse messages over 512 KiB, give up a query after 100 ms, and clamp limits at 300.
fn rnostr(directory: &Path, address: SocketAddr) -> String {
    format!(
        "[data]\npath = {:?}\n\n[network]\nhost = \"{}\"\nport = {}\n\n[limitation]\n\
         max_message_length = {MESSAGE_BYTES_MAX}\nmax_subscriptions = 100\nmax_limit = 5000\n\
         max_event_time_older_than_now = 0\n\n[metrics]\nenabled = false\n\n[auth]\nenabled = false\n\n\
         [rate_limiter]\nenabled = false\n",
        directory.join("data"),
        address.ip(),
        address.port(),
    )
}

/// Its defaults refuse events over 128 KiB and let a slow subscriber lose what 4,096 events have overtaken.
fn nostr_rs_relay(directory: &Path, address: SocketAddr) -> String {
    format!(
        "[info]\nrelay_url = \"ws://{address}/\"\nname = \"measured\"\n\n[database]\nengine = \"sqlite\"\n\
         data_directory = {directory:?}\nmax_conn = 8\n\n[network]\naddress = \"{}\"\nport = {}\n\n[limits]\n\
         messages_per_sec = 0\nsubscriptions_per_min = 0\nmax_event_bytes = {MESSAGE_BYTES_MAX}\n\
         max_ws_message_bytes = {MESSAGE_BYTES_MAX}\nmax_ws_frame_bytes = {MESSAGE_BYTES_MAX}\n\
         broadcast_buffer = 65536\nevent_persist_buffer = 4096\n",
        address.ip(),
        address.port(),
    )
}

/// Its defaults refuse events over 64 KiB, old ones, and more than 20 subscriptions.
fn strfry(directory: &Path, address: SocketAddr) -> String {
    format!(
        "db = \"{}/\"\n\nevents {{\n  maxEventSize = {MESSAGE_BYTES_MAX}\n  \
         rejectEventsOlderThanSeconds = 315360000\n  maxNumTags = 5000\n  maxTagValSize = 4096\n}}\n\n\
         relay {{\n  bind = \"{}\"\n  port = {}\n  nofiles = 0\n  maxWebsocketPayloadSize = {MESSAGE_BYTES_MAX}\n  \
         maxSubsPerConnection = 100\n  maxFilterLimit = 5000\n  logging {{\n    dbScanPerf = false\n  }}\n}}\n",
        directory.join("db").display(),
        address.ip(),
        address.port(),
    )
}

#[cfg(test)]
mod tests;
