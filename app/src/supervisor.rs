//! What systemd is told, or whoever else started us and speaks its protocol (sd_notify(3)): a datagram of a line or more to
//! the socket that `NOTIFY_SOCKET` names.
//!
//! Nobody waits for it to be read. What cannot be sent is told to the log, and the relay goes on.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::sleep;

/// How often more time is asked for while the relay starts, and how much from then on: several times more, because a busy
/// machine is late.
const ASK_EVERY: Duration = Duration::from_secs(3);
const ASK_FOR: Duration = Duration::from_secs(30);

/// Who started us, if they want to hear of us.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment names; mostly none.
    pub(crate) fn from_environment() -> Self {
        let name = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        let opened = name.map(|name| connect(&name)).transpose();
        let socket = opened.unwrap_or_else(|error| {
            tracing::warn!(%error, "whoever is at NOTIFY_SOCKET cannot be told anything");
            None
        });
        let variable = |name| env::var(name).ok();
        let watchdog = watchdog(variable("WATCHDOG_USEC").as_deref(), variable("WATCHDOG_PID").as_deref());
        Self { socket, watchdog }
    }

    /// The relay serves.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// Asks for more time: opening a store may take longer than a start usually may. To be said at once, because whoever waits may
    /// do so for a second or two (`TimeoutStartSec`).
    pub(crate) fn starting(&self) {
        self.tell(&format!("EXTEND_TIMEOUT_USEC={}", ASK_FOR.as_micros()));
    }

    /// Asks again and again. Never ready; to be dropped when the relay serves.
    pub(crate) async fn still_starting(&self) {
        loop {
            sleep(ASK_EVERY).await;
            self.starting();
        }
    }

    /// Files are read again. [`Self::ready`] ends it.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let microseconds = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// It is about to end, within this time.
    pub(crate) fn stopping(&self, within: Duration) {
        let microseconds = within.saturating_add(ASK_FOR).as_micros();
        self.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={microseconds}"));
    }

    /// Another process goes on in its place, and is the one to be watched from now on.
    pub(crate) fn hands_over_to(&self, pid: u32) {
        self.tell(&format!("MAINPID={pid}"));
    }

    /// It does what it is there for. To be said more often than [`Self::beat`] demands, where that demands anything.
    pub(crate) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// How often [`Self::alive`] has to be said: twice in the time after which we are taken for dead.
    pub(crate) fn beat(&self) -> Option<Duration> {
        self.socket.as_ref()?;
        Some(self.watchdog? / 2)
    }

    fn tell(&self, line: &str) {
        let sent = self.socket.as_ref().map(|socket| socket.send(format!("{line}\n").as_bytes()));
        if let Some(Err(error)) = sent {
            tracing::warn!(%error, "cannot tell {line} to NOTIFY_SOCKET");
        }
    }
}

fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address(name)?)?;
    // One that nobody reads from must not hold up a relay.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A path; on Linux also a name without a file, after an `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

/// After how long without a word a process is taken for dead, if it is this one that is meant.
fn watchdog(microseconds: Option<&str>, pid: Option<&str>) -> Option<Duration> {
    let is_ours = pid.is_none_or(|pid| pid.parse() == Ok(process::id()));
    let microseconds = microseconds?.parse().ok().filter(|&microseconds| microseconds > 0 && is_ours)?;
    Some(Duration::from_micros(microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_is_for_the_process_that_it_names() {
        let own = process::id().to_string();
        let other = (process::id() + 1).to_string();
        let minute = Some(Duration::from_secs(60));
        let rows = [
            (Some("60000000"), None, minute),
            (Some("60000000"), Some(own.as_str()), minute),
            (Some("60000000"), Some(other.as_str()), None),
            (Some("60000000"), Some("me"), None),
            (Some("0"), None, None),
            (Some("a minute"), None, None),
            (None, Some(own.as_str()), None),
        ];
        for (microseconds, pid, expected) in rows {
            assert_eq!(watchdog(microseconds, pid), expected, "{microseconds:?} {pid:?}");
        }
    }
}
