//! What all connections of a relay share.

use std::future::pending;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::{BlockedAddresses, Challenge, Peer, RelayUrl, ReplayGuard, Role, Viewer};
use chappe_management::CallError;
use chappe_protocol::{PublicKey, Timestamp};
use chappe_retention::Tally;
use chappe_session::{Services, Session};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::compression::Compression;
use super::{Errand, Phase, Unready};
use crate::Clock;
use crate::address::Door;
use crate::config::{Config, ProxyProtocol};
use crate::connections::Connections;
use crate::http::{
    AdminSession, Backstage, Changing, Counters, Logs, Remotes, Sessions, SignedCall, Site, Token, Unsigned,
    has_managers,
};
use crate::metrics::{self, Traffic};
use crate::plugins::Plugins;
use crate::server::{self, Slots};
use crate::tls::Tls;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) services: Arc<Services>,
    pub(crate) slots: Slots,
    pub(crate) connections: Connections,
    pub(crate) door: Arc<Door>,
    pub(crate) proxy_protocol: ProxyProtocol,
    pub(crate) clock: Clock,
    pub(crate) timeouts: Timeouts,
    pub(crate) message_bytes_max: usize,
    /// None when it is switched off.
    pub(crate) compression: Option<Compression>,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) traffic: Traffic,
    pub(crate) plugins: Arc<Plugins>,
    /// None where TLS is not spoken.
    pub(crate) tls: Option<Arc<Tls>>,
    /// What retention has removed.
    pub(crate) evicted: Tally,
    /// By the relay's clock.
    pub(crate) started_at: Timestamp,
    /// That the policy files are read at once.
    pub(super) reload: Errand,
    /// The blocked addresses that the connections have been told of. Changes wake every connection.
    blocked: watch::Sender<BlockedAddresses>,
    guard: ReplayGuard,
    pub(super) logs: Logs,
    sessions: Sessions,
    remotes: Remotes,
    pub(super) config: Config,
    site: Mutex<Arc<Site>>,
    pub(super) started: Instant,
}

/// How long a connection is waited for.
pub(crate) struct Timeouts {
    pub(crate) header: Duration,
    pub(crate) ping: Duration,
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
}

impl Shared {
    pub(super) fn new(
        config: Config,
        (services, plugins, tls): (Arc<Services>, Arc<Plugins>, Option<Arc<Tls>>),
        clock: Clock,
        phase: watch::Receiver<Phase>,
        logs: Logs,
    ) -> Self {
        let seconds = Duration::from_secs;
        let started = Instant::now();
        Self {
            slots: Slots::new(connections_max(&config)),
            connections: Connections::default(),
            door: Arc::new(Door::new(&config.rates, config.proxy.trusted.clone(), started)),
            proxy_protocol: config.proxy.protocol,
            traffic: Traffic::default(),
            evicted: Tally::new(config.retention.rules.len()),
            plugins,
            tls,
            started_at: clock.now(),
            clock,
            timeouts: Timeouts {
                header: seconds(config.timeouts.header_seconds),
                ping: seconds(config.timeouts.ping_seconds),
                idle: seconds(config.timeouts.idle_seconds),
                write: seconds(config.timeouts.write_seconds),
            },
            message_bytes_max: config.limits.message_bytes_max,
            compression: Compression::new(&config.compression),
            phase,
            reload: Errand::default(),
            blocked: watch::Sender::default(),
            guard: ReplayGuard::default(),
            logs,
            sessions: Sessions::default(),
            remotes: Remotes::default(),
            site: Mutex::new(Arc::new(Site::new(&config, Changing::default()))),
            started,
            config,
            services,
        }
    }

    /// A conversation with a client that has this address and sent this Host header.
    pub(crate) fn session(
        &self,
        host: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Session, getrandom::Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let host = host.and_then(|host| RelayUrl::from_host_header(host).ok());
        let peer = Peer { viewer: Viewer::anonymous(), host, address };
        Ok(Session::new(Arc::clone(&self.services), peer, Challenge::new(random), self.clock.now()))
    }

    /// Where the events are.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.config.store.data_dir
    }

    /// Whether the address is kept out now. A trusted proxy's never is: it is not the one who does something.
    pub(crate) fn is_blocked(&self, address: IpAddr) -> bool {
        let access = self.services.management.live().load();
        access.is_blocked(address, self.clock.now()) && !self.door.is_trusted(address)
    }

    /// Ready when the address is blocked.
    pub(crate) async fn blocked(&self, address: Option<IpAddr>) {
        let mut changes = self.blocked.subscribe();
        while let Some(address) = address {
            if self.is_blocked(address) {
                return;
            }
            if changes.changed().await.is_err() {
                break;
            }
        }
        pending::<()>().await;
    }

    /// Tells the connections when other addresses are blocked than before.
    pub(crate) fn tell_blocked(&self) {
        let standing = Arc::clone(self.services.management.live().load().standing());
        self.blocked.send_if_modified(|told| {
            let changed = *told != standing.blocked_addresses;
            if changed {
                *told = standing.blocked_addresses.clone();
            }
            changed
        });
    }

    /// The administration's session of this token. It ends here when its key has no role any more.
    pub(crate) fn session_of(&self, token: Token) -> Option<AdminSession> {
        let session = self.sessions.find(token, self.clock.now())?;
        if self.services.management.role(&session.key).is_none() {
            self.sessions.close(token);
            return None;
        }
        Some(session)
    }
}

/// As many connections as the configuration wants and the system gives descriptors for.
fn connections_max(config: &Config) -> u32 {
    let allowed = server::raise_limit();
    let wanted = u64::try_from(config.limits.connections_max).unwrap_or(u64::MAX);
    if allowed < wanted {
        tracing::warn!(
            wanted,
            allowed,
            "limits.connections_max is more than the system gives descriptors for"
        );
    }
    u32::try_from(wanted.min(allowed)).unwrap_or(u32::MAX)
}

impl Backstage for Arc<Shared> {
    fn counters(&self) -> Counters {
        Counters {
            events: self.services.store.usage().ok().map(|usage| usage.events),
            connections: self.slots.taken(),
            subscriptions: self.services.processor.subscriptions(),
        }
    }

    fn unready(&self) -> Vec<Unready> {
        Shared::unready(self)
    }

    fn site(&self) -> Arc<Site> {
        let management = &self.services.management;
        let access = management.live().load();
        let changing = Changing::now(management, &access, self.is_managed(), self.clock.now());
        let mut site = self.site.lock();
        if !site.shows(&changing) {
            *site = Arc::new(Site::new(&self.config, changing));
        }
        Arc::clone(&site)
    }

    fn is_managed(&self) -> bool {
        let access = self.services.management.live().load();
        self.config.management.enabled && has_managers(&access)
    }

    fn is_compressing(&self) -> bool {
        self.compression.is_some()
    }

    fn body_patience(&self) -> Duration {
        self.timeouts.header
    }

    fn signer(&self, call: &SignedCall<'_>) -> Result<PublicKey, Unsigned> {
        let access = self.services.management.live().load();
        call.signer((&self.services.verifier, &access, &self.guard), self.clock.now())
    }

    fn role(&self, key: &PublicKey) -> Option<Role> {
        self.services.management.role(key)
    }

    fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    fn remotes(&self) -> &Remotes {
        &self.remotes
    }

    fn line(&self) -> Option<Session> {
        Shared::session(self, None, None).ok()
    }

    fn session(&self, token: Token) -> Option<AdminSession> {
        Shared::session_of(self, token)
    }

    fn summary(&self) -> Value {
        metrics::summary(self)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn logs(&self) -> &Logs {
        &self.logs
    }

    fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.clone()
    }

    fn ping_every(&self) -> Duration {
        self.timeouts.ping
    }

    fn call(&self, caller: PublicKey, method: &str, params: &Value) -> Result<Value, CallError> {
        let now = self.clock.now();
        let done = self.services.management.call(caller, method, params, now, &**self);
        self.services.publish_own(now);
        self.tell_blocked();
        done
    }
}
