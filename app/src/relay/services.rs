//! The stations of a relay, put together.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chappe_authorization::{Access, Settings};
use chappe_buffers::Pool;
use chappe_counters::{Spans, Stopwatch};
use chappe_management::{Management, RelayKeys};
use chappe_processing::{Hooks, Processor};
use chappe_protocol::Timestamp;
use chappe_session::{AuthChallenge, Counts, Services, Workspaces};
use chappe_store::{Compression, Migrated, OpenError, Options, Reader, Store};
use chappe_validation::Verifier;

use super::{StartError, settings};
use crate::Clock;
use crate::config::{self, Config};
use crate::plugins::Plugins;

/// How often the log says how far a store of an earlier layout is.
const MIGRATION_PAUSE: Duration = Duration::from_secs(10);

/// Opens the store that the configuration names. The log tells what is done with one of an earlier layout.
pub(super) fn open_store(config: &config::Store) -> Result<Store, OpenError> {
    let mut next = Instant::now();
    Store::open_telling(&config.data_dir, &new_store_options(config)?, &mut |migrated| {
        if Instant::now() < next {
            return;
        }
        next = Instant::now() + MIGRATION_PAUSE;
        let Migrated { from, entries, total } = migrated;
        tracing::info!(from, entries, total, "the store is being brought up to date from an earlier layout");
    })
}

/// The same with a line, for a store that has none.
pub(crate) fn new_store_options(config: &config::Store) -> Result<Options, OpenError> {
    let mut line = [0; size_of::<u64>()];
    let io = |error| OpenError::Io(config.data_dir.clone(), std::io::Error::other(error));
    getrandom::fill(&mut line).map_err(io)?;
    Ok(Options { line: u64::from_ne_bytes(line), ..store_options(config) })
}

/// What the configuration says of the store.
pub(crate) fn store_options(config: &config::Store) -> Options {
    Options {
        map_bytes: config.map_bytes,
        map_reserve_bytes: config.map_reserve_bytes,
        bytes_max: config.bytes_max,
        disk_free_bytes_min: config.disk_free_bytes_min,
        young_bytes_max: config.young_bytes_max,
        compression: match config.compression {
            config::StoreCompression::Off => Compression::Off,
            config::StoreCompression::Zstd => Compression::Zstd,
        },
        ..Options::default()
    }
}

/// The relay's own key, which is made when there is none yet.
///
/// # Errors
///
/// [`StartError`] when it cannot be read or made.
pub(crate) fn open_keys(config: &Config) -> Result<RelayKeys, StartError> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|error| StartError::Processor(std::io::Error::other(error)))?;
    RelayKeys::open(&config.store.data_dir, fresh).map_err(StartError::RelayKeys)
}

/// The lists and the policy as a reader finds them. Makes no key where there is none.
///
/// # Errors
///
/// [`StartError`] when the relay's own key, the lists or the policy files cannot be read.
pub(crate) fn read_access(config: &Config, reader: &Reader, now: Timestamp) -> Result<Access, StartError> {
    let files = settings::policy_files(config);
    chappe_management::read_access(reader, settings_with_key(config)?, files, now)
        .map_err(StartError::Management)
}

/// The same of a store that is open.
///
/// # Errors
///
/// As [`read_access`].
pub(crate) fn store_access(config: &Config, store: &Store, now: Timestamp) -> Result<Access, StartError> {
    let files = settings::policy_files(config);
    chappe_management::store_access(store, settings_with_key(config)?, files, now)
        .map_err(StartError::Management)
}

fn settings_with_key(config: &Config) -> Result<Settings, StartError> {
    let has_key = RelayKeys::file(&config.store.data_dir).exists();
    let keys = has_key.then(|| open_keys(config)).transpose()?;
    Ok(Settings { relay_key: keys.map(|keys| keys.public()), ..settings::access(config) })
}

/// Opens what changes while the relay runs.
///
/// # Errors
///
/// [`StartError`] when the relay's own key, the lists or the policy files cannot be read.
pub(crate) fn open_management(
    config: &Config,
    store: Arc<Store>,
    now: Timestamp,
) -> Result<Management, StartError> {
    let keys = open_keys(config)?;
    let (terms, files) = (settings::terms(config), settings::policy_files(config));
    Management::open(store, settings::access(config), terms, files, keys, now).map_err(StartError::Management)
}

/// Starts the stations.
pub(super) fn start(
    config: &Config,
    store: Store,
    plugins: &Plugins,
    clock: &Clock,
    (stopwatch, spans): (Stopwatch, Spans),
) -> Result<Arc<Services>, StartError> {
    let store = Arc::new(store);
    let buffers = Pool::new(settings::buffers(&config.buffers));
    let management = Arc::new(open_management(config, Arc::clone(&store), clock.now())?);
    let (after_save, checker) = (after_save(&management, clock), plugins.checker());
    let hooks = Hooks { after_save, checker, stopwatch, spans: spans.clone() };
    let queue_bytes_max = config.limits.write_queue_bytes_max;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let processor = Processor::start(Arc::clone(&store), buffers.clone(), queue_bytes_max, cores, hooks)
        .map_err(StartError::Processor)?;
    Ok(Arc::new(Services {
        verifier: Verifier::new(),
        rules: settings::rules(&config.limits),
        management,
        desks: settings::desks(config),
        retention: Arc::new(settings::retention(config)),
        processor,
        store,
        buffers,
        workspaces: Workspaces::default(),
        limits: settings::limits(&config.limits),
        auth_challenge: match config.access.auth_challenge {
            config::AuthChallenge::Lazy => AuthChallenge::Lazy,
            config::AuthChallenge::OnConnect => AuthChallenge::OnConnect,
        },
        slow_query: settings::slow_query(&config.log),
        counts: Counts::new(stopwatch, spans),
    }))
}

fn after_save(management: &Arc<Management>, clock: &Clock) -> chappe_processing::AfterSave {
    let (management, clock) = (Arc::clone(management), clock.clone());
    Box::new(move |record| management.after_save(record, clock.now()))
}
