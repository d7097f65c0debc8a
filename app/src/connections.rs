//! The connections that are open: what each takes, and a way to end one.
//!
//! A connection is entered when it opens and taken out when it ends; nothing on an event's way comes here. Whoever asks
//! reads what the sessions have counted, a part of the connections at a time, so that new ones never wait for long.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chappe_authorization::AddressGroup;
use chappe_management::{ConnectionOrder, WantedConnections};
use chappe_processing::{Account, Costs, Inbox};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

/// Connections are spread over so many tables, each with a lock of its own.
const PARTS: usize = 16;

type Part = HashMap<u64, Arc<Inbox>, RandomState>;

/// The open WebSocket connections, by number. There are no more entries than connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    last: AtomicU64,
    parts: [Mutex<Part>; PARTS],
}

/// What all connections of an address take together.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    connections: u64,
    costs: Costs,
}

impl Connections {
    /// The number by which the next connection is known.
    pub(crate) fn next_number(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Enters a connection.
    pub(crate) fn enter(&self, number: u64, inbox: &Arc<Inbox>) {
        self.part(number).lock().insert(number, Arc::clone(inbox));
    }

    /// Takes a connection out that has ended.
    pub(crate) fn leave(&self, number: u64) {
        let mut part = self.part(number).lock();
        part.remove(&number);
        // A flood that is over leaves no room behind.
        if part.capacity() > 64 && part.len() < part.capacity() / 8 {
            part.shrink_to_fit();
        }
    }

    /// The open connection of this number.
    pub(crate) fn find(&self, number: u64) -> Option<Arc<Inbox>> {
        self.part(number).lock().get(&number).cloned()
    }

    /// Those that are wanted, the dearest first. Looks at each connection once.
    pub(crate) fn list(&self, wanted: &WantedConnections) -> Vec<Value> {
        let is_wanted = |address: Option<IpAddr>| match wanted.within {
            None => true,
            Some(range) => address.is_some_and(|address| range.contains(address)),
        };
        let mut dearest = BinaryHeap::new();
        for part in &self.parts {
            for (&number, inbox) in part.lock().iter() {
                let account = inbox.account();
                if !is_wanted(account.address()) {
                    continue;
                }
                dearest.push(Reverse((weight(wanted.order, number, &account.costs()), number)));
                if dearest.len() > wanted.entries_max {
                    dearest.pop();
                }
            }
        }
        let found = dearest.into_sorted_vec().into_iter();
        found.filter_map(|Reverse((_, number))| Some(told(number, self.find(number)?.account()))).collect()
    }

    /// The same by address (IPv6 by its first 64 bits), and what is taken from there.
    pub(crate) fn list_addresses(&self, wanted: &WantedConnections) -> Vec<Value> {
        let mut shares: HashMap<Option<AddressGroup>, Share, RandomState> = HashMap::default();
        for part in &self.parts {
            for inbox in part.lock().values() {
                let account = inbox.account();
                shares.entry(account.address().map(AddressGroup::from)).or_default().add(&account.costs());
            }
        }
        let mut shares: Vec<_> = shares.into_iter().collect();
        shares.sort_unstable_by_key(|(_, share)| {
            Reverse((weight(wanted.order, share.connections, &share.costs), share.connections))
        });
        shares.truncate(wanted.entries_max);
        shares.into_iter().map(|(group, share)| share.told(group)).collect()
    }

    fn part(&self, number: u64) -> &Mutex<Part> {
        let [first, ..] = &self.parts;
        let place = usize::try_from(number).unwrap_or_default() % PARTS;
        self.parts.get(place).unwrap_or(first)
    }
}

/// What connections are put in order by. `number` stands for their age, or for how many there are.
fn weight(order: ConnectionOrder, number: u64, costs: &Costs) -> u64 {
    match order {
        ConnectionOrder::Work => u64::try_from(costs.work.as_nanos()).unwrap_or(u64::MAX),
        ConnectionOrder::BytesReceived => costs.bytes_received,
        ConnectionOrder::BytesSent => costs.bytes_sent,
        ConnectionOrder::Messages => costs.messages,
        ConnectionOrder::Subscriptions => costs.subscriptions.into(),
        ConnectionOrder::Number => number,
    }
}

fn told(number: u64, account: &Account) -> Value {
    let mut entry = costs(&account.costs());
    entry.insert("number".to_owned(), number.into());
    entry.insert("address".to_owned(), account.address().map(|address| address.to_string()).into());
    entry.insert("pubkey".to_owned(), account.key().map(|key| key.to_string()).into());
    entry.insert("opened_at".to_owned(), account.opened_at().0.into());
    Value::Object(entry)
}

fn costs(costs: &Costs) -> Map<String, Value> {
    let Costs { work, bytes_received, bytes_sent, messages, events, events_sent, subscriptions } = *costs;
    let work = u64::try_from(work.as_micros()).unwrap_or(u64::MAX);
    let told = [
        ("work_microseconds", work),
        ("bytes_received", bytes_received),
        ("bytes_sent", bytes_sent),
        ("messages", messages),
        ("events", events),
        ("events_sent", events_sent),
        ("subscriptions", subscriptions.into()),
    ];
    told.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

impl Share {
    fn add(&mut self, other: &Costs) {
        let Self { connections, costs } = self;
        *connections += 1;
        costs.work += other.work;
        costs.bytes_received += other.bytes_received;
        costs.bytes_sent += other.bytes_sent;
        costs.messages += other.messages;
        costs.events += other.events;
        costs.events_sent += other.events_sent;
        costs.subscriptions = costs.subscriptions.saturating_add(other.subscriptions);
    }

    fn told(&self, group: Option<AddressGroup>) -> Value {
        let mut entry = costs(&self.costs);
        entry.insert("address".to_owned(), group.map(|group| group.to_string()).into());
        entry.insert("connections".to_owned(), self.connections.into());
        Value::Object(entry)
    }
}
