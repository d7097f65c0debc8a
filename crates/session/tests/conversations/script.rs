//! Conversations as data: a script of what each client says and hears, checked against sessions over a real store.
//!
//! ```text
//! a> ["REQ","s",{"kinds":[1]}]      client a says
//! a< ["EOSE","s",["finish"]]        client a hears next, exactly
//! b> publish note                   client b says ["EVENT",{note}]
//! a< delivery s note                client a hears ["EVENT","s",{note}]
//! b< ok note                        client b hears ["OK","<id of note>",true,""]
//! b< refused note invalid: ...      client b hears ["OK","<id of note>",false,"invalid: ..."]
//! a< challenge a                 client a hears ["AUTH","<the challenge of a>"]
//! a. nothing                        client a has nothing more to hear
//! + 60                              a minute passes
//! ```
//!
//! Messages are compared as JSON. What follows `...` is not compared.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use chappe_authorization::{Challenge, Peer, RelayUrl, Settings};
use chappe_buffers::{Bounds, Pool};
use chappe_management::{Management, PolicyFiles, RelayKeys, Terms};
use chappe_processing::{Hooks, Processor};
use chappe_protocol::Timestamp;
use chappe_routing::Desks;
use chappe_session::{Activity, AuthChallenge, Counts, Limits, Services, Session, Workspaces};
use chappe_store::{Options, Store};
use chappe_testkit::TestEvent;
use chappe_validation::{Rules, Verifier};
use tempfile::TempDir;

/// The address that the relay believes to have.
pub(crate) const URL: &str = "wss://relay.example.com";
/// When every conversation starts.
pub(crate) const START: u64 = 1_700_000_000;

/// A relay without sockets: the services and the directory below them.
pub(crate) struct Relay {
    pub(crate) services: Arc<Services>,
    _dir: TempDir,
}

pub(crate) const LIMITS: Limits = Limits {
    message_bytes_max: 512 * 1024,
    subscriptions_max: 3,
    subscription_bytes_max: 64 * 1024,
    filters_max: 4,
    limit_default: 5,
    limit_max: 10,
    events_in_flight_max: 8,
    live_backlog_bytes_max: 100_000,
};

impl Relay {
    pub(crate) fn new() -> Self {
        Self::with(LIMITS, AuthChallenge::Lazy)
    }

    pub(crate) fn with(limits: Limits, auth_challenge: AuthChallenge) -> Self {
        let dir = TempDir::new().unwrap();
        let store =
            Arc::new(Store::open(dir.path(), &Options { map_bytes: 1 << 30, ..Options::default() }).unwrap());
        let buffers = Pool::new(Bounds { kept_bytes_max: 1 << 21, thread_bytes_max: 1 << 20 });
        let settings = Settings { own_urls: vec![RelayUrl::parse(URL).unwrap()], ..Settings::default() };
        let keys = RelayKeys::from_secret([1; 32]).unwrap();
        let (terms, files) = (Terms::default(), PolicyFiles::default());
        let management =
            Management::open(Arc::clone(&store), settings, terms, files, keys, Timestamp(START)).unwrap();
        let management = Arc::new(management);
        let services = Services {
            verifier: Verifier::new(),
            rules: Rules::default(),
            management,
            desks: Desks::default(),
            retention: Arc::default(),
            processor: Processor::start(
                Arc::clone(&store),
                buffers.clone(),
                1 << 20,
                NonZeroUsize::MIN,
                Hooks::default(),
            )
            .unwrap(),
            store,
            buffers,
            workspaces: Workspaces::default(),
            limits,
            auth_challenge,
            slow_query: None,
            counts: Counts::default(),
        };
        Self { services: Arc::new(services), _dir: dir }
    }

    pub(crate) fn connect(&self, name: &str) -> Client {
        let peer = Peer::default();
        Client(Session::new(Arc::clone(&self.services), peer, random(name), Timestamp(START)))
    }
}

/// What the relay asks this client to sign.
pub(crate) fn challenge(name: &str) -> String {
    random(name).as_str().to_owned()
}

/// A challenge made of the client's name.
fn random(name: &str) -> Challenge {
    Challenge::new(std::array::from_fn(|place| name.as_bytes().get(place).copied().unwrap_or_default()))
}

/// One end of a conversation.
pub(crate) struct Client(pub(crate) Session);

impl Client {
    pub(crate) fn say(&mut self, message: &str, now: u64) {
        self.0.receive(message.as_bytes(), Timestamp(now));
    }

    /// All that comes until nothing more is to come.
    pub(crate) fn hear(&mut self, now: u64) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let activity = self.0.advance(Timestamp(now));
            heard.extend(
                self.0.outbox().messages().map(|message| String::from_utf8(message.to_vec()).unwrap()),
            );
            let was_empty = self.0.outbox().is_empty();
            self.0.outbox().clear();
            if activity == Activity::More || !was_empty {
                continue;
            }
            if !self.0.has_events_in_flight() {
                return heard;
            }
            assert!(self.wait(), "no outcome within ten seconds");
        }
    }

    /// Sleeps until the inbox signals.
    fn wait(&self) -> bool {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut arrival = std::pin::pin!(poll_fn(|context| self.0.inbox().poll_arrival(context)));
        for _ in 0..10 {
            if let Poll::Ready(()) = arrival.as_mut().poll(&mut context) {
                return true;
            }
            std::thread::park_timeout(Duration::from_secs(1));
        }
        false
    }
}

/// Plays a script on a new relay.
pub(crate) fn check(events: &[(&str, &TestEvent)], script: &str) {
    play(&Relay::new(), events, script);
}

/// Plays a script on this relay. Clients connect when they are first named, and are gone at the end.
pub(crate) fn play(relay: &Relay, events: &[(&str, &TestEvent)], script: &str) {
    let events: BTreeMap<&str, &TestEvent> = events.iter().copied().collect();
    let mut clients: BTreeMap<String, (Client, Vec<String>)> = BTreeMap::new();
    let mut now = START;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if let Some(seconds) = line.strip_prefix("+ ") {
            now += seconds.parse::<u64>().unwrap();
            continue;
        }
        let (name, rest) =
            line.split_at(line.find(['>', '<', '.']).unwrap_or_else(|| panic!("what is {line:?}?")));
        let (client, heard) =
            clients.entry(name.to_owned()).or_insert_with(|| (relay.connect(name), Vec::new()));
        let (verb, text) = rest.split_at(1);
        let text = text.trim();
        if verb == ">" {
            client.say(&spoken(&events, text), now);
            continue;
        }
        heard.extend(client.hear(now));
        if verb == "." {
            assert!(heard.is_empty(), "{name} heard more: {heard:#?}");
        } else {
            assert!(!heard.is_empty(), "{name} heard nothing instead of: {text}");
            compare(&heard.remove(0), &expected(&events, text), line);
        }
    }
    for (name, (mut client, mut heard)) in clients {
        heard.extend(client.hear(now));
        assert!(heard.is_empty(), "{name} heard more at the end: {heard:#?}");
    }
}

fn event<'a>(events: &BTreeMap<&str, &'a TestEvent>, name: &str) -> &'a TestEvent {
    events.get(name).unwrap_or_else(|| panic!("no event is called {name:?}"))
}

fn spoken(events: &BTreeMap<&str, &TestEvent>, text: &str) -> String {
    match text.split_once(' ') {
        Some(("publish", name)) => event(events, name).message(),
        Some(("auth", name)) => event(events, name).auth_message(),
        _ => text.to_owned(),
    }
}

fn expected(events: &BTreeMap<&str, &TestEvent>, text: &str) -> String {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (first, last) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "challenge" => format!(r#"["AUTH","{}"]"#, challenge(rest)),
        "ok" => format!(r#"["OK","{}",true,"{last}"]"#, event(events, first).id()),
        "refused" => format!(r#"["OK","{}",false,"{last}"]"#, event(events, first).id()),
        "delivery" => event(events, last).delivery(first),
        _ => text.to_owned(),
    }
}

fn compare(heard: &str, expected: &str, line: &str) {
    if let Some((start, _)) = expected.split_once("...") {
        assert!(heard.starts_with(start), "at {line:?}\nheard    {heard}\nexpected {expected}");
        return;
    }
    let parse = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    };
    assert_eq!(parse(heard), parse(expected), "at {line:?}");
}
