//! A running relay: put together from its configuration, and taken apart in the right order.

mod compression;
mod errand;
mod listeners;
mod readiness;
mod services;
mod settings;
mod shared;
mod succession;
mod surroundings;
mod upkeep;

use std::fmt;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chappe_buffers::Pool;
use chappe_counters::Stopwatch;
use chappe_management::RelayKeysError;
use chappe_store::{OpenError, Store};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use self::listeners::Listener;
use self::upkeep::Upkeep;
use crate::Clock;
use crate::config::{Config, Fault};
use crate::http::{self, Logs};
use crate::log::{Journals, Log};
use crate::metrics;
use crate::plugins::Plugins;
use crate::server;
use crate::takeover::{self, ActivationError, Inherited, Successor, TakeOverError};
use crate::tls::{Tls, TlsError};

pub(crate) use errand::Errand;
pub(crate) use readiness::Unready;
pub(crate) use services::{
    new_store_options, open_keys, open_management, read_access, store_access, store_options,
};
pub(crate) use settings::{access, retention, rules};
pub(crate) use shared::Shared;
pub(crate) use surroundings::tell_settings;

/// Starts relays.
#[derive(Debug)]
pub struct Relay(());

/// A relay that serves. Dropped without [`Running::stop`], it stops without waiting for anything.
pub struct Running {
    addresses: Vec<SocketAddr>,
    urls: Vec<String>,
    metrics_addresses: Vec<SocketAddr>,
    watched: JoinSet<()>,
    shared: Arc<Shared>,
    plugins: Arc<Plugins>,
    phase: watch::Sender<Phase>,
    tasks: Vec<JoinHandle<()>>,
    shutdown: Duration,
    /// Who has the sockets now, once another process has.
    taken: watch::Receiver<Option<Successor>>,
}

/// Why a relay did not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration is impossible.
    Config(Vec<Fault>),
    /// The events cannot be read.
    Store(OpenError),
    /// The relay's own key cannot be read or made.
    RelayKeys(RelayKeysError),
    /// The lists or the policy file cannot be read.
    Management(chappe_management::OpenError),
    /// The certificate cannot be used.
    Tls(TlsError),
    /// The relay that runs cannot be taken over from.
    TakeOver(TakeOverError),
    /// What systemd has opened cannot be used.
    Activation(ActivationError),
    /// An address cannot be listened on.
    Listen(SocketAddr, std::io::Error),
    /// The system has no thread left, or the store broke while it was being opened.
    Processor(std::io::Error),
}

/// How far a relay has come with stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Not yet.
    Serving,
    /// It takes no new connections.
    Closed,
    /// Nor does it keep those that it has.
    Stopping,
}

/// Ready when the relay has come so far.
pub(crate) async fn reached(mut current: watch::Receiver<Phase>, phase: Phase) {
    // An error means that the relay was dropped, which is as good as stopping.
    let _ = current.wait_for(|current| *current >= phase).await;
}

/// The part of the time for stopping that connections get; the rest is for the disk.
const CONNECTIONS_SHARE: f64 = 0.8;

impl Relay {
    /// Opens the store, listens, and serves in tasks of the current tokio runtime. Owners and admins are shown the log.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing is left running then.
    pub async fn start(config: Config, clock: Clock, log: Log) -> Result<Running, StartError> {
        Self::start_on(config, clock, log, Inherited::default()).await
    }

    /// The same on sockets that systemd has opened.
    pub(crate) async fn start_on(
        config: Config,
        clock: Clock,
        log: Log,
        mut inherited: Inherited,
    ) -> Result<Running, StartError> {
        let tls = open_tls(&config)?;
        let store = services::open_store(&config.store).map_err(StartError::Store)?;
        let listeners = listeners::listen(&config, &mut inherited)?;
        inherited.none_left().map_err(StartError::Activation)?;
        Self::begin(config, (clock, log), store, listeners, tls)
    }

    /// Takes the sockets of the relay that runs on the same directory, has it stop, and goes on in its place. Where none
    /// runs it is [`Self::start_on`].
    pub(crate) async fn take_over(
        config: Config,
        clock: Clock,
        log: Log,
        others: Inherited,
    ) -> Result<Running, StartError> {
        let data_dir = config.store.data_dir.clone();
        let asking = tokio::task::spawn_blocking(move || takeover::ask(&data_dir));
        let asked = asking.await.map_err(|error| StartError::Processor(std::io::Error::other(error)))?;
        let Some((taking, mut inherited)) = asked.map_err(StartError::TakeOver)? else {
            return Self::start_on(config, clock, log, others).await;
        };
        inherited.append(others);
        // Whatever can fail comes before the old one is told to go.
        let tls = open_tls(&config)?;
        let listeners = listeners::listen(&config, &mut inherited)?;
        let store = succession::open_store_after(taking, &config.store).await?;
        Self::begin(config, (clock, log), store, listeners, tls)
    }

    fn begin(
        config: Config,
        (clock, log): (Clock, Log),
        store: Store,
        listeners: Vec<Listener>,
        tls: Option<Arc<Tls>>,
    ) -> Result<Running, StartError> {
        let (phase, current) = watch::channel(Phase::Serving);
        let journals = Journals::new(config.log.history_bytes);
        let plugins = Arc::new(Plugins::start(settings::plugins(&config), journals.clone()));
        let (stopwatch, spans) = (Stopwatch::running(), settings::spans(&config.traces));
        #[cfg(feature = "otel")]
        let exporter = crate::traces::Exporter::new(&config.traces, spans.clone(), stopwatch);
        let services = services::start(&config, store, &plugins, &clock, (stopwatch, spans))?;
        let upkeep = Upkeep::new(&config, Arc::clone(&plugins));
        let shutdown = Duration::from_secs(config.timeouts.shutdown_seconds);
        let data_dir = config.store.data_dir.clone();
        let watch_at = config.metrics.addresses.clone();
        let logs = Logs::new(log, journals);
        let parts = (services, Arc::clone(&plugins), tls);
        let shared = Arc::new(Shared::new(config, parts, clock, current, logs));
        let routes = http::routes(Arc::clone(&shared));
        let urls = listeners.iter().filter_map(Listener::url).collect();
        let mut addresses = Vec::new();
        let mut tasks = upkeep.spawn(&shared);
        #[cfg(feature = "otel")]
        tasks.extend(exporter.map(|exporter| tokio::spawn(exporter.run(shared.phase.clone()))));
        let (taking, taken) = watch::channel(None);
        tasks.extend(succession::give(&shared, &data_dir, &listeners, shutdown, taking));
        for front in listeners::open(listeners, shared.tls.as_ref(), &routes) {
            addresses.extend(front.listener.local_addr());
            tasks.push(tokio::spawn(server::accept(front, Arc::clone(&shared))));
        }
        let (metrics_addresses, watched) = metrics::listen(&watch_at, &shared);
        Ok(Running {
            addresses,
            urls,
            metrics_addresses,
            watched,
            shared,
            plugins,
            phase,
            tasks,
            shutdown,
            taken,
        })
    }
}

/// What TLS needs, where it is spoken; and whether the configuration is possible at all.
fn open_tls(config: &Config) -> Result<Option<Arc<Tls>>, StartError> {
    let faults = config.faults();
    if !faults.is_empty() {
        return Err(StartError::Config(faults));
    }
    let speaks_tls = !config.tls.addresses.is_empty();
    let tls = speaks_tls.then(|| Tls::open(&config.tls, &config.store.data_dir)).transpose();
    Ok(tls.map_err(StartError::Tls)?.map(Arc::new))
}

impl Running {
    /// Where it listens, in the order of the configuration (plain, TLS, redirects); with the real ports where that says 0.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The same as URLs.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Where metrics are to be had; without those addresses that somebody else has.
    #[must_use]
    pub fn metrics_addresses(&self) -> &[SocketAddr] {
        &self.metrics_addresses
    }

    /// Open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.slots.taken()
    }

    /// The buffers that messages are read into and put together in.
    #[must_use]
    pub fn buffers(&self) -> &Pool {
        &self.shared.services.buffers
    }

    /// Takes no new connections, closes the open ones with code 1001, commits what was accepted, and ends; all within
    /// `timeouts.shutdown_seconds`. What was acknowledged is on disk in any case.
    pub async fn stop(self) {
        let Self { shared, plugins, phase, tasks, shutdown, mut watched, .. } = self;
        let begun = Instant::now();
        // First nobody listens any more, then those who are here are told: who hears it finds no relay to come back to.
        phase.send_replace(Phase::Closed);
        let end = begun + shutdown;
        for task in tasks {
            // The tasks end at once, or with what they are just doing. One that panicked has said so in the log.
            let _ = timeout_at(end, task).await;
        }
        phase.send_replace(Phase::Stopping);
        let closed = timeout_at(begun + shutdown.mul_f64(CONNECTIONS_SHARE), shared.slots.all_free());
        // What waits for a program is told at once that nothing comes of it, so that its connection can close.
        let (closed, _) = tokio::join!(closed, timeout_at(end, plugins.stop()));
        if closed.is_err() {
            tracing::warn!(connections = shared.slots.taken(), "connections did not close in time");
        }
        // Until here whoever watches could see how it went.
        let _ = timeout_at(end, watched.shutdown()).await;
        let writer = tokio::task::spawn_blocking(move || {
            shared.services.processor.stop();
            shared.services.management.stop(shared.clock.now());
        });
        if timeout_at(end, writer).await.is_err() {
            tracing::warn!("the last commit did not finish in time; none of it was acknowledged");
        }
    }

    /// Ready when another process has taken the sockets and waits for this one to stop.
    pub async fn taken_over(&self) -> Successor {
        let mut taken = self.taken.clone();
        let successor = taken.wait_for(Option::is_some).await.ok().and_then(|taken| *taken);
        match successor {
            Some(successor) => successor,
            // It can be taken over from no more, or never could.
            None => pending().await,
        }
    }

    /// Whether it does what it is there for: its threads take up work, and events are stored. Waits for the former.
    pub async fn is_alive(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { shared.services.processor.has_writer() }).await.unwrap_or(false)
    }

    /// Has the policy files and the certificate read again, whether they have changed or not. What is given is ready once
    /// that is done, well or not; an authority's answer (ACME) is not waited for.
    pub fn reload(&self) -> impl Future<Output = ()> + use<> {
        let policy = self.shared.reload.ask();
        let certificate = self.shared.tls.as_ref().map(|tls| (tls.asked.ask(), tls.is_by_acme()));
        async move {
            policy.await;
            if let Some((certificate, false)) = certificate {
                certificate.await;
            }
        }
    }

    /// How long [`Self::stop`] takes at most.
    #[must_use]
    pub const fn shutdown(&self) -> Duration {
        self.shutdown
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(faults) => {
                let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Store(error) => error.fmt(f),
            Self::RelayKeys(error) => error.fmt(f),
            Self::Management(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::TakeOver(error) => error.fmt(f),
            Self::Activation(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Processor(error) => write!(f, "cannot start: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

#[cfg(test)]
pub(crate) mod tests;
