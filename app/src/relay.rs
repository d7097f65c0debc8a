//! A running relay: put together from its configuration, and taken apart in the right order.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::{Challenge, Peer, RelayUrl, Settings, Viewer};
use chappe_buffers::{Bounds, Pool};
use chappe_management::{Management, PolicyFiles, RelayKeys, RelayKeysError, Terms};
use chappe_processing::{Hooks, Processor};
use chappe_protocol::{Kind, Timestamp};
use chappe_routing::Desks;
use chappe_session::{Limits, Services, Session, Workspaces};
use chappe_store::{OpenError, Options, Store};
use chappe_validation::{Rules, Verifier};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::Clock;
use crate::config::{self, Config, Fault};
use crate::http::{self, Count, Counters, Site};
use crate::server::{self, Slots};

/// Starts relays.
#[derive(Debug)]
pub struct Relay(());

/// A relay that serves. Dropped without [`Running::stop`], it stops without waiting for anything.
pub struct Running {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    tasks: Vec<JoinHandle<()>>,
    shutdown: Duration,
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
    /// An address cannot be listened on.
    Listen(SocketAddr, std::io::Error),
    /// The system has no thread left, or the store broke while it was being opened.
    Processor(std::io::Error),
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) services: Arc<Services>,
    pub(crate) slots: Slots,
    pub(crate) clock: Clock,
    pub(crate) timeouts: Timeouts,
    pub(crate) message_bytes_max: usize,
    pub(crate) phase: watch::Receiver<Phase>,
    site: Site,
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

/// How long a connection is waited for.
pub(crate) struct Timeouts {
    pub(crate) header: Duration,
    pub(crate) ping: Duration,
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
}

/// Between two searches for expired events. They are not served in any case: this only makes room.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The part of the time for stopping that connections get; the rest is for the disk.
const CONNECTIONS_SHARE: f64 = 0.8;

/// What lies ready for outgoing messages: 64 MiB at most, for the connections that are being written to.
const BUFFERS: Bounds = Bounds { kept_bytes_max: 64 << 20, thread_bytes_max: 1 << 20 };

impl Relay {
    /// Opens the store, listens, and serves in tasks of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing is left running then.
    pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(StartError::Config(faults));
        }
        let store = open_store(&config.store).map_err(StartError::Store)?;
        let mut listeners = Vec::new();
        for &address in &config.listen.addresses {
            let failed = |error| StartError::Listen(address, error);
            listeners.push(TcpListener::bind(address).await.map_err(failed)?);
        }
        let (phase, current) = watch::channel(Phase::Serving);
        let services = services(&config, store, clock.now())?;
        let shared = Arc::new(Shared::new(&config, services, clock, current));
        let routes = http::routes(Arc::clone(&shared));
        let mut addresses = Vec::new();
        let mut tasks = vec![tokio::spawn(sweep(Arc::clone(&shared)))];
        for listener in listeners {
            addresses.extend(listener.local_addr());
            tasks.push(tokio::spawn(server::accept(listener, Arc::clone(&shared), routes.clone())));
        }
        let shutdown = Duration::from_secs(config.timeouts.shutdown_seconds);
        Ok(Running { addresses, shared, phase, tasks, shutdown })
    }
}

/// Opens the store that the configuration names.
pub(crate) fn open_store(config: &config::Store) -> Result<Store, OpenError> {
    let options = Options {
        map_bytes: config.map_bytes,
        map_reserve_bytes: config.map_reserve_bytes,
        ..Options::default()
    };
    Store::open(Path::new(&config.data_dir), &options)
}

impl Running {
    /// Where it listens, in the order of the configuration; with the real ports where that says 0.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.slots.taken()
    }

    /// Takes no new connections, closes the open ones with code 1001, commits what was accepted, and ends; all within
    /// `timeouts.shutdown_seconds`. What was acknowledged is on disk in any case.
    pub async fn stop(self) {
        let Self { shared, phase, tasks, shutdown, .. } = self;
        let begun = Instant::now();
        // First nobody listens any more, then those who are here are told: who hears it finds no relay to come back to.
        phase.send_replace(Phase::Closed);
        for task in tasks {
            // The tasks end at once. One that panicked has said so in the log.
            let _ = task.await;
        }
        phase.send_replace(Phase::Stopping);
        if timeout_at(begun + shutdown.mul_f64(CONNECTIONS_SHARE), shared.slots.all_free()).await.is_err() {
            tracing::warn!(connections = shared.slots.taken(), "connections did not close in time");
        }
        let writer = tokio::task::spawn_blocking(move || shared.services.processor.stop());
        if timeout_at(begun + shutdown, writer).await.is_err() {
            tracing::warn!("the last commit did not finish in time; none of it was acknowledged");
        }
    }
}

impl Shared {
    fn new(config: &Config, services: Arc<Services>, clock: Clock, phase: watch::Receiver<Phase>) -> Self {
        let allowed = server::raise_limit();
        let wanted = u64::try_from(config.limits.connections_max).unwrap_or(u64::MAX);
        if allowed < wanted {
            tracing::warn!(
                wanted,
                allowed,
                "limits.connections_max is more than the system gives descriptors for"
            );
        }
        let seconds = Duration::from_secs;
        Self {
            services,
            slots: Slots::new(u32::try_from(wanted.min(allowed)).unwrap_or(u32::MAX)),
            clock,
            timeouts: Timeouts {
                header: seconds(config.timeouts.header_seconds),
                ping: seconds(config.timeouts.ping_seconds),
                idle: seconds(config.timeouts.idle_seconds),
                write: seconds(config.timeouts.write_seconds),
            },
            message_bytes_max: config.limits.message_bytes_max,
            phase,
            site: Site::new(config),
        }
    }

    /// A conversation with a client that sent this Host header.
    pub(crate) fn session(&self, host: Option<&str>) -> Result<Session, getrandom::Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let host = host.and_then(|host| RelayUrl::from_host_header(host).ok());
        let peer = Peer { viewer: Viewer::anonymous(), host, address: None };
        Ok(Session::new(Arc::clone(&self.services), peer, Challenge::new(random)))
    }
}

impl Count for Arc<Shared> {
    fn counters(&self) -> Counters {
        Counters {
            events: self.services.store.usage().ok().map(|usage| usage.events),
            connections: self.slots.taken(),
            subscriptions: self.services.processor.subscriptions(),
        }
    }

    fn site(&self) -> &Site {
        &self.site
    }
}

fn services(config: &Config, store: Store, now: Timestamp) -> Result<Arc<Services>, StartError> {
    let store = Arc::new(store);
    let buffers = Pool::new(BUFFERS);
    let limits = &config.limits;
    let management = Arc::new(management(config, Arc::clone(&store), now)?);
    let processor = Processor::start(
        Arc::clone(&store),
        buffers.clone(),
        limits.write_queue_bytes_max,
        Hooks::default(),
    )
    .map_err(StartError::Processor)?;
    Ok(Arc::new(Services {
        verifier: Verifier::new(),
        rules: rules(limits),
        management,
        desks: Desks::default(),
        processor,
        store,
        buffers,
        workspaces: Workspaces::default(),
        limits: Limits {
            message_bytes_max: limits.message_bytes_max,
            subscriptions_max: limits.subscriptions_max,
            subscription_bytes_max: limits.subscription_bytes_max,
            filters_max: limits.filters_max,
            limit_default: limits.limit_default,
            limit_max: limits.limit_max,
            events_in_flight_max: limits.events_in_flight_max,
            live_backlog_bytes_max: limits.live_backlog_bytes_max,
        },
        auth_challenge: match config.access.auth_challenge {
            config::AuthChallenge::Lazy => chappe_session::AuthChallenge::Lazy,
            config::AuthChallenge::OnConnect => chappe_session::AuthChallenge::OnConnect,
        },
    }))
}

/// What changes while the relay runs, with the relay's own key, which is made when there is none yet.
fn management(config: &Config, store: Arc<Store>, now: Timestamp) -> Result<Management, StartError> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|error| StartError::Processor(std::io::Error::other(error)))?;
    let keys = RelayKeys::open(&config.store.data_dir, fresh).map_err(StartError::RelayKeys)?;
    let (terms, files) = (Terms::default(), PolicyFiles::default());
    Management::open(store, settings(config), terms, files, keys, now).map_err(StartError::Management)
}

/// What a published event must look like. 0 seconds stand for any distance.
fn rules(limits: &config::Limits) -> Rules {
    let bound = |seconds: u64| (seconds > 0).then_some(seconds);
    Rules {
        tags_max: limits.event_tags_max,
        tag_value_bytes_max: limits.tag_value_bytes_max,
        content_bytes_max: None,
        ahead_seconds_max: bound(limits.created_at_ahead_seconds_max),
        age_seconds_max: bound(limits.created_at_age_seconds_max),
        pow_bits_min: limits.pow_bits_min,
    }
}

/// Who may do what.
pub(crate) fn settings(config: &Config) -> Settings {
    Settings {
        private_kinds: config.access.private_kinds.iter().copied().map(Kind).collect(),
        // The check of the configuration has refused what is no address.
        own_urls: config.relay.urls.iter().filter_map(|url| RelayUrl::parse(url).ok()).collect(),
        ..Settings::default()
    }
}

async fn sweep(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => shared.services.processor.sweep_expired(shared.clock.now()),
        }
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
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Processor(error) => write!(f, "cannot start: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
