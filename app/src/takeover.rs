//! One process takes over from another, and no connection attempt fails.
//!
//! The sockets that a relay listens on go to the new process before the old one stops. Nobody accepts from them while the
//! old one commits what it has and gives the store up: who connects meanwhile waits in the system's queue and is served by the
//! new one. So there is never a moment at which the address is closed.
//!
//! ```text
//! new                                   old
//!  |-- "chappe take over 1\n" ---------->|   a Unix socket in the data directory
//!  |<- JSON line, and the sockets -------|   goes on serving
//!  |   binds what else it needs          |
//!  |-- "go\n" -------------------------->|   stops as on SIGTERM
//!  |   waits for the store's lock        |   ends, and the lock is free
//!  |   opens the store, serves           .
//! ```
//!
//! Until "go" either side may change its mind, or die, and the old one goes on as if nothing had been.

mod give;
mod inherited;
mod take;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use give::Giving;
pub use give::Successor;
pub use inherited::ActivationError;
pub(crate) use inherited::Inherited;
pub use take::TakeOverError;
pub(crate) use take::{Taking, ask};

/// The socket's name in the data directory.
const SOCKET_FILE: &str = "chappe.sock";

const ASKS: &[u8] = b"chappe take over 1\n";
const GO: &[u8] = b"go\n";

/// The most sockets that are handed over. A relay listens on a few.
const SOCKETS_MAX: usize = 64;

/// The longest line that tells what they are.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// How long one side waits for the other's next word.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the sockets are.
#[derive(Debug, Serialize, Deserialize)]
struct Handed {
    /// The old one's `timeouts.shutdown_seconds`: when it is gone at the latest.
    shutdown_seconds: u64,
    /// What each socket was configured as; with port 0 another one than it has.
    addresses: Vec<std::net::SocketAddr>,
}

fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET_FILE)
}
