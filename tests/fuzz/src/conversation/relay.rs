//! A relay without sockets, new for every conversation.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use chappe_authorization::{Challenge, Peer, RelayUrl, Settings};
use chappe_buffers::{Bounds, Pool};
use chappe_management::{Management, PolicyFiles, RelayKeys, Terms};
use chappe_processing::{Hooks, Processor};
use chappe_routing::Desks;
use chappe_session::{AuthChallenge, Counts, Limits, Services, Session, Workspaces};
use chappe_store::{Options, Store};
use chappe_testkit::Keys;
use chappe_validation::{Rules, Verifier};
use tempfile::TempDir;

use super::START;
use super::client::Client;

/// The address that the relay believes to have; the seeds sign in to it.
const URL: &str = "wss://relay.example.com";

/// Small, so that short scripts reach them.
const LIMITS: Limits = Limits {
    message_bytes_max: 64 * 1024,
    subscriptions_max: 3,
    subscription_bytes_max: 4 * 1024,
    filters_max: 4,
    limit_default: 5,
    limit_max: 10,
    events_in_flight_max: 4,
    live_backlog_bytes_max: 4 * 1024,
};

pub(super) struct Relay {
    services: Arc<Services>,
    store: Arc<Store>,
    _folder: TempDir,
}

impl Relay {
    pub(super) fn start() -> Self {
        // Memory, where there is any: a conversation is over in a millisecond, and a disk would take ten to sync.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let folder = folder.expect("a directory for the store");
        let options = Options { map_bytes: 16 << 20, map_reserve_bytes: 1 << 20, ..Options::default() };
        let store = Arc::new(Store::open(folder.path(), &options).expect("a new store opens"));
        let buffers = Pool::new(Bounds { kept_bytes_max: 1 << 21, thread_bytes_max: 1 << 20 });
        let own_url = RelayUrl::parse(URL).expect("the address is one");
        let settings = Settings { own_urls: vec![own_url], ..Settings::default() };
        let keys = RelayKeys::from_secret([1; 32]).expect("a key");
        let (terms, files) = (Terms::default(), PolicyFiles::default());
        let management = Management::open(Arc::clone(&store), settings, terms, files, keys, START)
            .expect("a new store has no lists");
        let services = Services {
            verifier: Verifier::new(),
            rules: Rules::default(),
            management: Arc::new(management),
            desks: Desks::default(),
            retention: Arc::default(),
            processor: Processor::start(
                Arc::clone(&store),
                buffers.clone(),
                1 << 20,
                NonZeroUsize::MIN,
                Hooks::default(),
            )
            .expect("a thread"),
            store: Arc::clone(&store),
            buffers,
            workspaces: Workspaces::default(),
            limits: LIMITS,
            auth_challenge: AuthChallenge::Lazy,
            slow_query: None,
            counts: Counts::default(),
        };
        Self { services: Arc::new(services), store, _folder: folder }
    }

    /// A client whose key is made of this seed, and who knows the key of another.
    pub(super) fn connect(&self, seed: u8, other: u8) -> Client {
        let challenge = Challenge::new([seed; 16]);
        let text = challenge.as_str().to_owned();
        let session = Session::new(Arc::clone(&self.services), Peer::default(), challenge, START);
        Client::new(session, Keys::from_seed(seed.into()), Keys::from_seed(other.into()), text)
    }

    /// Records and index entries agree, both ways.
    pub(super) fn check_store(&self) {
        self.services.processor.stop();
        let audit = self.store.audit().expect("the store can be read");
        assert_eq!(audit.faults_count, 0, "{:?}", audit.faults);
        assert_eq!(self.services.processor.subscriptions(), 0, "a session that is gone listens still");
    }
}
