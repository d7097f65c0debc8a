//! From one process to the next: what is waited for, and what is given.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chappe_store::{OpenError, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::listeners::Listener;
use super::services::open_store;
use super::{Phase, Shared, StartError, reached};
use crate::config;
use crate::takeover::{Giving, Successor, Taking};

/// How often it is looked whether the store is free.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Has the old one go, and opens the store once it is free.
pub(super) async fn open_store_after(taking: Taking, config: &config::Store) -> Result<Store, StartError> {
    let deadline = Instant::now() + taking.patience;
    // One that is gone by now needs not be told.
    let _ = taking.go();
    loop {
        match open_store(config) {
            Err(OpenError::InUse(_)) if Instant::now() < deadline => sleep(LOCK_PAUSE).await,
            opened => return opened.map_err(StartError::Store),
        }
    }
}

/// Lets another process take over, until the relay takes no more connections. Without that it serves all the same.
pub(super) fn give(
    shared: &Arc<Shared>,
    data_dir: &Path,
    listeners: &[Listener],
    shutdown: Duration,
    taken: watch::Sender<Option<Successor>>,
) -> Option<JoinHandle<()>> {
    let sockets: Vec<_> = listeners.iter().map(Listener::socket).collect();
    let opened = Giving::open(data_dir, &sockets, shutdown.as_secs());
    let giving = opened.inspect_err(|error| tracing::warn!(%error, "no other process can take over")).ok()?;
    let phase = shared.phase.clone();
    Some(tokio::spawn(async move {
        tokio::select! {
            () = reached(phase, Phase::Closed) => {}
            successor = giving.given() => { taken.send_replace(Some(successor)); }
        }
    }))
}
