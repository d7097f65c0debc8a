//! What was acknowledged is there: after a SIGKILL in the middle of load, and when the store is full.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chappe_protocol::EventId;
use chappe_store::{Options, Store};
use chappe_testkit::naive::{Model, Offered};
use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Process, command, heavy, seed};

const KILLS: usize = 24;
const PUBLISHERS: u64 = 4;
/// Events of one publisher that are on their way at once.
const WINDOW: usize = 48;
const NOW: u64 = 1_700_000_000;

/// A client that publishes more and more events of its own, and knows what the relay has to hold of them.
struct Publisher {
    keys: Keys,
    rng: Rng,
    events: Vec<TestEvent>,
    /// How many of the events have had an OK.
    acknowledged: usize,
    /// How many were ever sent.
    sent: usize,
    /// What the relay holds after the acknowledged ones.
    model: Model,
}

impl Publisher {
    fn new(seed: u64) -> Self {
        let keys = Keys::from_seed(seed);
        Self { keys, rng: Rng::new(seed), events: Vec::new(), acknowledged: 0, sent: 0, model: Model::new() }
    }

    fn event(&mut self, place: usize) -> &TestEvent {
        while self.events.len() <= place {
            let event = self.make();
            self.events.push(event);
        }
        &self.events[place]
    }

    fn make(&mut self) -> TestEvent {
        // Three in a second, with some that come late.
        let at = NOW + self.events.len() as u64 / 3 - self.rng.within(0..2);
        let number = self.events.len().to_string();
        let build = |kind| EventBuilder::new(kind).created_at(at).content(&*number);
        let address_of = |keys: &Keys, d: &str| format!("30023:{}:{d}", keys.hex());
        let d = *self.rng.pick(&["", "a", "b", "c", "d"]);
        let event = match self.rng.within(0..100) {
            0..50 => build(1).tag(&["t", "durable"]),
            50..55 => build(1).content("long ".repeat(self.rng.below(12_000))).tag(&["n", &*number]),
            55..70 => build(*self.rng.pick(&[0, 3, 10_002])),
            70..85 => build(30_023).tag(&["d", d]),
            85..95 => {
                self.recent().into_iter().fold(build(5), |deletion, id| deletion.tag(&["e", &id.to_string()]))
            }
            _ => build(5).tag(&["a", &address_of(&self.keys, d)]),
        };
        event.sign(&self.keys)
    }

    /// One or two recent events, to be deleted. Among them may be deletions, and events that are gone already.
    fn recent(&mut self) -> Vec<EventId> {
        let from = self.events.len().saturating_sub(80);
        let recent = &self.events[from..];
        if recent.is_empty() { Vec::new() } else { (0..2).map(|_| self.rng.pick(recent).id()).collect() }
    }

    /// Publishes until the connection breaks. Each answer has to be the one that the model gives.
    async fn publish(mut self, mut client: Client, acknowledged: Arc<Semaphore>) -> Self {
        let mut next = self.acknowledged;
        loop {
            while next < self.acknowledged + WINDOW {
                let message = Message::text(self.event(next).message());
                next += 1;
                self.sent = self.sent.max(next);
                if client.socket.feed(message).await.is_err() {
                    return self;
                }
            }
            if client.socket.flush().await.is_err() {
                return self;
            }
            let Some(Ok(Message::Text(text))) = client.socket.next().await else { return self };
            self.check_ok(&serde_json::from_str(&text).unwrap());
            acknowledged.add_permits(1);
        }
    }

    fn check_ok(&mut self, heard: &Value) {
        let event = &self.events[self.acknowledged];
        assert_eq!((&heard[0], &heard[1]), (&"OK".into(), &event.id().to_string().into()), "{heard}");
        let (accepted, text) = match self.model.offer(event, NOW) {
            Offered::Stored => (true, ""),
            Offered::Duplicate => (true, "duplicate: already have"),
            Offered::Superseded => (false, "duplicate: have a newer"),
            Offered::Deleted => (false, "blocked: "),
            unexpected => panic!("{unexpected:?}: {}", event.json()),
        };
        let heard_text = heard[3].as_str().unwrap();
        assert!(heard[2] == accepted && heard_text.starts_with(text), "{heard} for {}", event.json());
        assert_eq!(heard_text.is_empty(), text.is_empty(), "{heard}");
        self.acknowledged += 1;
    }

    /// Commits are in the order of sending, so what is found is what follows from the acknowledged events and some of
    /// the next ones, one after the other. Anything else lost an event or kept half of what it does.
    fn settle(&mut self, found: &HashSet<EventId>) {
        let mut model = self.model.clone();
        let mut next = self.acknowledged;
        loop {
            if model.served(NOW).map(TestEvent::id).collect::<HashSet<_>>() == *found {
                self.model = model;
                return;
            }
            assert!(next < self.sent, "{}", self.explain(found));
            model.offer(&self.events[next], NOW);
            next += 1;
        }
    }

    fn explain(&self, found: &HashSet<EventId>) -> String {
        let held: HashSet<_> = self.model.served(NOW).map(TestEvent::id).collect();
        let name = |id: &EventId| {
            let place = self.events.iter().position(|event| event.id() == *id).unwrap();
            format!("number {place} of kind {}", self.events[place].kind())
        };
        let lost: Vec<_> = held.difference(found).map(name).collect();
        let more: Vec<_> = found.difference(&held).map(name).collect();
        format!(
            "no number of events sent explains what is there; {} were acknowledged and {} sent; after the \
             acknowledged ones alone these are missing: {lost:?} and these too many: {more:?}",
            self.acknowledged, self.sent
        )
    }
}

/// Which of these events the relay has; each whole, byte for byte.
async fn fetch(client: &mut Client, events: &[TestEvent]) -> HashSet<EventId> {
    let mut found = HashSet::new();
    for chunk in events.chunks(400) {
        let by_id: HashMap<String, &TestEvent> =
            chunk.iter().map(|event| (event.id().to_string(), event)).collect();
        let ids = serde_json::json!({ "ids": by_id.keys().collect::<Vec<_>>() });
        client.say(&format!(r#"["REQ","fetch",{ids}]"#)).await;
        loop {
            let text = client.hear_text().await;
            let Some(event) = text.strip_prefix(r#"["EVENT","fetch",{"id":""#) else {
                assert!(text.starts_with(r#"["EOSE","fetch""#), "{text}");
                break;
            };
            let event = by_id[&event[..64]];
            assert_eq!(text, event.delivery("fetch"));
            assert!(found.insert(event.id()), "twice: {text}");
        }
    }
    found
}

/// Checks that records and indexes agree, and says how many events there are.
fn audit(dir: &Path, map_bytes: usize) -> u64 {
    let options = Options { map_bytes, map_reserve_bytes: map_bytes / 4, ..Options::default() };
    let audit = Store::open(dir, &options).unwrap().audit().unwrap();
    assert!(audit.is_clean(), "{} faults: {:?}", audit.faults_count, audit.faults);
    audit.events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_events_survive_a_kill_in_the_middle_of_load() {
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let mut rng = Rng::new(seed());
    let mut publishers: Vec<_> = (0..PUBLISHERS).map(|_| Publisher::new(rng.bits())).collect();
    for kill in 0..=KILLS {
        // With little room, index entries are on their way into the tables in every commit.
        let knobs: &[_] = if kill % 2 == 0 { &[] } else { &[("STORE__YOUNG_BYTES_MAX", "65536")] };
        let mut relay = Process::start(dir.path(), knobs).await;
        let mut client = relay.connect().await;
        for publisher in &mut publishers {
            let found = fetch(&mut client, &publisher.events[..publisher.sent]).await;
            publisher.settle(&found);
        }
        if kill == KILLS {
            break;
        }
        let acknowledged = Arc::new(Semaphore::new(0));
        let mut tasks = Vec::new();
        for publisher in publishers.drain(..) {
            tasks.push(tokio::spawn(publisher.publish(relay.connect().await, Arc::clone(&acknowledged))));
        }
        let enough = u32::try_from(rng.within(1..400)).unwrap();
        // A publisher that hears a wrong answer ends, and then there may never be enough.
        let heard = tokio::time::timeout(Duration::from_secs(30), acknowledged.acquire_many(enough)).await;
        // Somewhere between two commits, or in the middle of one.
        tokio::time::sleep(Duration::from_micros(rng.within(0..8_000))).await;
        relay.kill().await;
        for task in tasks {
            publishers.push(task.await.unwrap());
        }
        assert!(heard.is_ok(), "the relay does not answer");
        audit(dir.path(), 1 << 30);
    }
    let held: usize = publishers.iter().map(|publisher| publisher.model.served(NOW).count()).sum();
    assert_eq!(audit_after_the_end(dir.path()).await, held as u64);
}

/// The last relay was killed by being dropped; its lock goes with it, a moment later.
async fn audit_after_the_end(dir: &Path) -> u64 {
    for _ in 0..1_000 {
        if Store::open(dir, &Options { map_bytes: 1 << 30, ..Options::default() }).is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    audit(dir, 1 << 30)
}

const SMALL_MAP: &[(&str, &str)] =
    &[("STORE__MAP_BYTES", "8388608"), ("STORE__MAP_RESERVE_BYTES", "2097152")];

fn large(number: u64) -> TestEvent {
    EventBuilder::new(1).created_at(NOW + number).content("x".repeat(30_000)).sign(&Keys::from_seed(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_refuses_and_serves_on() {
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), SMALL_MAP).await;
    let mut client = relay.connect().await;
    let mut subscriber = relay.connect().await;
    subscriber.say(r#"["REQ","live",{"limit":0}]"#).await;
    subscriber.expect_start(r#"["EOSE","live""#).await;
    let events: Vec<_> = (0..1_000).map(large).collect();
    let mut stored = 0;
    for event in &events {
        let (accepted, text) = client.publish(event).await;
        if !accepted {
            assert!(text.starts_with("error: "), "{text}");
            break;
        }
        stored += 1;
        subscriber.expect(&event.delivery("live")).await;
    }
    assert!((50..500).contains(&stored), "{stored} events of 30 kB in 6 MB");
    let (stored, refused) = events.split_at(stored);
    full_store_holds(&mut client, stored, refused).await;
    let ephemeral = EventBuilder::new(20_001).created_at(NOW).sign(&Keys::from_seed(2));
    // Not kept, so not refused; and the next thing the subscriber hears, so it was told of nothing refused.
    if client.publish(&ephemeral).await.0 {
        subscriber.expect(&ephemeral.delivery("live")).await;
    }

    relay.stop().await;
    assert_eq!(audit(dir.path(), 8 << 20), stored.len() as u64);
    let mut relay = Process::start(dir.path(), SMALL_MAP).await;
    full_store_holds(&mut relay.connect().await, stored, refused).await;
    relay.stop().await;

    let relay = Process::start(dir.path(), &[("STORE__MAP_RESERVE_BYTES", "2097152")]).await;
    let mut client = relay.connect().await;
    client.store(&refused[0]).await;
    assert_eq!(fetch(&mut client, &events).await.len(), stored.len() + 1);
}

async fn full_store_holds(client: &mut Client, stored: &[TestEvent], refused: &[TestEvent]) {
    for event in &refused[..20] {
        client.refused(event, "error: ").await;
    }
    assert_eq!(fetch(client, stored).await.len(), stored.len());
    assert!(fetch(client, refused).await.is_empty());
    assert_eq!(client.count("{}").await, stored.len() as u64);
    assert_eq!(client.publish(&stored[0]).await, (true, "duplicate: already have this event".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_directory_is_refused() {
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[]).await;
    let mut client = relay.connect().await;
    client.store(&large(0)).await;
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["import"], &["export"]] {
        let output = command().arg("--data-dir").arg(dir.path()).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("in use") && said.contains(dir.path().to_str().unwrap()),
            "{arguments:?}: {said}"
        );
        assert!(output.stdout.is_empty());
    }
    client.finds("{}", &[&large(0)]).await;
    relay.stop().await;
    assert_eq!(audit(dir.path(), 1 << 30), 1);
}
