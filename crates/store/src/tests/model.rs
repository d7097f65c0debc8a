//! Random writes in a small world, where everything collides, compared with a naive model after each of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chappe_protocol::{EventId, Filter, PublicKey, Timestamp};
use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};

use super::support::{NOW, TestStore, YOUNG_BYTES, placement, record};
use crate::{Error, Placement, Write, Written};

/// What a relay holds and has been told to forget, by plain loops.
#[derive(Default)]
struct Naive {
    held: Vec<TestEvent>,
    deleted_ids: BTreeSet<(EventId, PublicKey)>,
    deleted_addresses: BTreeMap<String, u64>,
    vanished: BTreeMap<PublicKey, u64>,
}

/// What became of an event; the number is left out.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Duplicate,
    Superseded,
    Deleted,
}

impl Naive {
    fn offer(&mut self, event: &TestEvent, now: u64) -> Fate {
        if self.held.iter().any(|held| held.id() == event.id()) {
            return Fate::Duplicate;
        }
        if self.is_deleted(event) {
            return Fate::Deleted;
        }
        if let Some(own) = address(event) {
            let rank = |event: &TestEvent| (event.created_at(), Reverse(event.id()));
            let held = self.held.iter().position(|held| address(held).as_ref() == Some(&own));
            if let Some(at) = held {
                if !is_expired(&self.held[at], now) && rank(&self.held[at]) > rank(event) {
                    return Fate::Superseded;
                }
                self.held.remove(at);
            }
        }
        match event.kind() {
            5 => self.delete(event),
            62 => self.vanish(event),
            _ => {}
        }
        self.held.push(event.clone());
        Fate::Stored
    }

    fn is_deleted(&self, event: &TestEvent) -> bool {
        let is_request = matches!(event.kind(), 5 | 62);
        involved(event).iter().any(|&key| {
            self.vanished.get(&key).is_some_and(|&until| event.created_at() <= until)
                || (!is_request && self.deleted_ids.contains(&(event.id(), key)))
        }) || address(event)
            .and_then(|address| self.deleted_addresses.get(&address))
            .is_some_and(|&until| event.created_at() <= until)
    }

    fn delete(&mut self, request: &TestEvent) {
        for hex in request.tag_values("e") {
            let id = EventId::from_hex(hex.as_bytes()).unwrap();
            self.deleted_ids.insert((id, request.pubkey()));
            self.held.retain(|held| {
                held.id() != id
                    || matches!(held.kind(), 5 | 62)
                    || !involved(held).contains(&request.pubkey())
            });
        }
        for named in request.tag_values("a").filter(|named| named.contains(&request.pubkey().to_string())) {
            let until = self.deleted_addresses.entry(named.to_owned()).or_default();
            *until = request.created_at().max(*until);
            self.held.retain(|held| {
                address(held).as_deref() != Some(named) || held.created_at() > request.created_at()
            });
        }
    }

    fn vanish(&mut self, request: &TestEvent) {
        self.vanished.insert(request.pubkey(), request.created_at());
        self.held.retain(|held| {
            !involved(held).contains(&request.pubkey()) || held.created_at() > request.created_at()
        });
    }
}

/// Who may delete it.
fn involved(event: &TestEvent) -> Vec<PublicKey> {
    let recipients = event.tag_values("p").filter(|_| event.kind() == 1059);
    let recipients = recipients.map(|hex| PublicKey::from_hex(hex.as_bytes()).unwrap());
    recipients.chain([event.pubkey()]).collect()
}

fn address(event: &TestEvent) -> Option<String> {
    let d = match event.kind() {
        0 => "",
        30_000.. => event.tag_values("d").next().unwrap_or_default(),
        _ => return None,
    };
    Some(format!("{}:{}:{d}", event.kind(), event.pubkey()))
}

fn is_expired(event: &TestEvent, now: u64) -> bool {
    event.tag_values("expiration").any(|at| at.parse::<u64>().unwrap() <= now)
}

/// An event about what came before it in the pool.
fn random_event(rng: &mut Rng, keys: &[Keys], pool: &[TestEvent]) -> TestEvent {
    let kind = *rng.pick(&[0, 1, 5, 5, 5, 62, 1059, 30_023, 30_023]);
    let mut event =
        EventBuilder::new(kind).created_at(NOW.0 + rng.below(12) as u64).content(rng.below(3).to_string());
    for _ in 0..rng.below(3) {
        let other = rng.pick(keys).hex();
        event = match (kind, rng.below(2)) {
            (5, 0) if !pool.is_empty() => event.tag(&["e", &rng.pick(pool).id().to_string()]),
            (5, _) => {
                let named = *rng.pick(&["0:KEY:", "0:KEY:a", "30023:KEY:", "30023:KEY:a", "1:KEY:"]);
                event.tag(&["a", &named.replace("KEY", &other)])
            }
            (30_023, _) => event.tag(&["d", *rng.pick(&["", "a"])]),
            _ => event.tag(&["p", &other]),
        };
    }
    if rng.percent(20) {
        event = event.tag(&["expiration", &(NOW.0 + 1 + rng.below(60) as u64).to_string()]);
    }
    event.sign(rng.pick(keys))
}

/// The batch, and an event after it that is given a place which does not fit: nothing of it may remain.
fn refuse(store: &TestStore, batch: &[TestEvent], now: Timestamp) {
    let mut records: Vec<_> = batch.iter().map(|event| (record(event), placement(event))).collect();
    let wrong = EventBuilder::new(1).content("in the wrong place").sign(&Keys::from_seed(9));
    records.push((record(&wrong), Placement::Addressable));
    let writes: Vec<_> =
        records.iter().map(|(record, placement)| Write { record, placement: *placement }).collect();
    assert!(matches!(store.store.write(&writes, now), Err(Error::Misplaced(_))));
}

fn check(seed: u64, mut store: TestStore) {
    let mut rng = Rng::new(seed);
    let keys: Vec<_> = (0..3).map(Keys::from_seed).collect();
    let mut pool: Vec<TestEvent> = Vec::new();
    for _ in 0..80 {
        pool.push(random_event(&mut rng, &keys, &pool));
    }
    let mut naive = Naive::default();
    for round in 0..60 {
        let now = Timestamp(NOW.0 + round);
        let batch: Vec<_> = (0..rng.below(6)).map(|_| rng.pick(&pool).clone()).collect();
        if rng.percent(20) {
            refuse(&store, &batch, now);
        }
        let written = store.try_put_all(&batch, now).unwrap();
        for (event, written) in batch.iter().zip(written) {
            let fate = match written {
                Written::Stored(_) => Fate::Stored,
                Written::Duplicate => Fate::Duplicate,
                Written::Superseded => Fate::Superseded,
                Written::Deleted => Fate::Deleted,
            };
            assert_eq!(fate, naive.offer(event, now.0), "seed {seed}, round {round}: {}", event.json());
        }
        match rng.below(10) {
            0 => store = store.reopened(),
            1 => {
                while store.store.sweep_expired(now, 1 + rng.below(3)).unwrap() > 0 {}
                naive.held.retain(|held| !is_expired(held, now.0));
            }
            2 => store.settle(),
            _ => {}
        }
        let mut held: Vec<_> = naive.held.iter().filter(|held| !is_expired(held, now.0)).collect();
        held.sort_by_key(|held| (Reverse(held.created_at()), held.id()));
        let held: Vec<_> = held.into_iter().map(TestEvent::id).collect();
        assert_eq!(store.ask(&[Filter::default()], now), held, "seed {seed}, round {round}");
        store.assert_sound();
        assert_eq!(
            store.store.usage().unwrap().events,
            naive.held.len() as u64,
            "seed {seed}, round {round}"
        );
    }
}

#[test]
fn random_writes_are_decided_as_by_plain_loops() {
    for young_bytes_max in YOUNG_BYTES {
        (0..30).for_each(|seed| check(seed, TestStore::with_young_bytes(young_bytes_max)));
        (30..35).for_each(|seed| check(seed, TestStore::compressing(young_bytes_max)));
    }
}
