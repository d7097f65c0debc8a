//! What a relay does by itself, now and then.

mod buffers;
mod certificate;
mod dictionary;
mod disk;
mod expiry;
mod retention;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chappe_buffers::Thresholds;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::buffers::Watch;
use self::dictionary::keep_dictionary;
use self::disk::watch_disk;
use self::retention::retain;
use super::errand::Wishes;
use super::{Phase, Shared, reached, settings};
use crate::config::{Config, StoreCompression};
use crate::plugins::Plugins;

/// Between two searches for expired events. They are not served in any case: this only makes room.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Between two looks at what the lists have become, and at the policy files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two looks at the buffers: each lets half go of what nobody needed since the one before.
const BUFFERS_EVERY: Duration = Duration::from_secs(5);

/// The tasks that keep a relay in order. Each ends when the relay takes no more connections, once it has done what it is
/// just doing.
pub(super) struct Upkeep {
    plugins: Arc<Plugins>,
    thresholds: Thresholds,
    policy_files: Vec<PathBuf>,
    /// Fewer days of a certificate's life are told to the log.
    warning_days: u64,
    compresses: bool,
}

impl Upkeep {
    pub(super) fn new(config: &Config, plugins: Arc<Plugins>) -> Self {
        let files = [&config.policy.file, &config.policy.shadow_file];
        let policy_files = files.into_iter().filter(|file| !file.as_os_str().is_empty()).cloned().collect();
        Self {
            plugins,
            thresholds: settings::thresholds(&config.buffers),
            policy_files,
            warning_days: config.tls.expiry_warning_days,
            compresses: config.store.compression == StoreCompression::Zstd,
        }
    }

    pub(super) fn spawn(self, shared: &Arc<Shared>) -> Vec<JoinHandle<()>> {
        let Self { plugins, thresholds, policy_files, warning_days, compresses } = self;
        let mut tasks = vec![
            tokio::spawn(sweep(Arc::clone(shared))),
            tokio::spawn(tick(Arc::clone(shared))),
            tokio::spawn(tell_blocked(Arc::clone(shared))),
            tokio::spawn(watch_disk(Arc::clone(shared))),
            tokio::spawn(keep_buffers(Arc::clone(shared), thresholds)),
        ];
        if compresses {
            tasks.push(tokio::spawn(keep_dictionary(Arc::clone(shared))));
        }
        if !shared.services.retention.keeps_everything() {
            tasks.push(tokio::spawn(retain(Arc::clone(shared))));
        }
        if !policy_files.is_empty() {
            let wishes = shared.reload.wishes();
            tasks.push(tokio::spawn(watch_policy(Arc::clone(shared), plugins, policy_files, wishes)));
        }
        if let Some(tls) = shared.tls.clone() {
            let shared = Arc::clone(shared);
            tasks.push(tokio::spawn(expiry::tell(Arc::clone(&shared), Arc::clone(&tls), warning_days)));
            let wishes = tls.asked.wishes();
            tasks.push(if tls.is_by_acme() {
                tokio::spawn(certificate::renew(shared, tls, wishes))
            } else {
                tokio::spawn(certificate::watch(shared, tls, wishes))
            });
        }
        tasks
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn sweep(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => shared.services.processor.sweep_expired(shared.clock.now()),
        }
    }
}

/// Has the management do what is due: expiry, counters, distances, news.
async fn tick(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => {
                let services = Arc::clone(&shared.services);
                let now = shared.clock.now();
                let due = move || {
                    services.management.tick(now);
                    services.publish_own(now);
                };
                // It waits for the disk. One that panicked has said so in the log, and the next one is not worse off.
                let _ = tokio::task::spawn_blocking(due).await;
            }
        }
    }
}

async fn tell_blocked(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => shared.tell_blocked(),
        }
    }
}

async fn keep_buffers(shared: Arc<Shared>, thresholds: Thresholds) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(BUFFERS_EVERY);
    let buffers = &shared.services.buffers;
    let mut watch = Watch::new(buffers.snapshot(), thresholds);
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => {
                watch.look(buffers.snapshot());
                buffers.tick();
            }
        }
    }
}

/// Has the policy files read again when they have changed, or when somebody asks for it.
///
/// They are looked at instead of watched by the system: that works on every file system, through links and through
/// editors that put a new file in the old one's place.
async fn watch_policy(shared: Arc<Shared>, plugins: Arc<Plugins>, files: Vec<PathBuf>, mut wishes: Wishes) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    let mut seen = stamps(&files);
    loop {
        let asked = tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => None,
            wish = wishes.next() => Some(wish),
        };
        // Before reading, so that a change during it is seen the next time.
        let now = stamps(&files);
        if asked.is_none() && now == seen {
            continue;
        }
        seen = now;
        let management = Arc::clone(&shared.services.management);
        let at = shared.clock.now();
        // A file with a fault is told to the log, and the old policy stays.
        let _ = tokio::task::spawn_blocking(move || management.reload_policy(at)).await;
        let access = shared.services.management.live().load_full();
        plugins.keep_scripts(access.policy().scripts());
        asked.into_iter().for_each(|wish| shared.reload.finish(wish));
    }
}

/// What changes when a file does: place, size and times.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

/// None for a file that is not there, or cannot be looked at.
fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    Some(Stamp {
        inode: metadata.ino(),
        bytes: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}
