//! What one connection takes of the relay, for whoever wants to know which ones are dear.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chappe_counters::Tally;
use chappe_protocol::{PublicKey, Timestamp};

/// One connection as others see it: whose it is, and what it has taken so far.
///
/// Its own task alone counts here, by plain adds; the time is that which is measured for the metrics anyway. Nothing is
/// decided by it. 96 bytes, for each connection.
#[derive(Debug)]
pub struct Account {
    opened_at: Timestamp,
    address: Option<IpAddr>,
    subscriptions: AtomicU32,
    /// In a box: most never sign in.
    key: OnceLock<Box<PublicKey>>,
    spent: Tally<{ Spent::COUNT }>,
}

/// What is counted of each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Nanoseconds in which its events were checked and its queries answered. What it shares with others is not in it:
    /// commits, and finding the subscribers of an event.
    Work,
    /// Bytes that came in.
    BytesReceived,
    /// Bytes that went out.
    BytesSent,
    /// Messages of the client.
    Messages,
    /// Events that it brought.
    Events,
    /// Events that it was sent, stored and live ones.
    EventsSent,
}

/// What a connection had taken at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// See [`Spent::Work`].
    pub work: Duration,
    /// Bytes that came in.
    pub bytes_received: u64,
    /// Bytes that went out.
    pub bytes_sent: u64,
    /// Messages of the client.
    pub messages: u64,
    /// Events that it brought.
    pub events: u64,
    /// Events that it was sent.
    pub events_sent: u64,
    /// Subscriptions that are open.
    pub subscriptions: u32,
}

impl Spent {
    const COUNT: usize = 6;
}

impl Account {
    /// Of a connection that begins now. The address is none when a proxy keeps it to itself.
    #[must_use]
    pub fn new(address: Option<IpAddr>, now: Timestamp) -> Self {
        Self {
            opened_at: now,
            address,
            subscriptions: AtomicU32::new(0),
            key: OnceLock::new(),
            spent: Tally::new(),
        }
    }

    /// When it began.
    #[must_use]
    pub const fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// The client's address; none when a proxy keeps it to itself.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The first key that the client has signed in with (NIP-42).
    #[must_use]
    pub fn key(&self) -> Option<PublicKey> {
        self.key.get().map(|key| **key)
    }

    /// What it has taken so far.
    #[must_use]
    pub fn costs(&self) -> Costs {
        let [work, bytes_received, bytes_sent, messages, events, events_sent] = self.spent.values();
        Costs {
            work: Duration::from_nanos(work),
            bytes_received,
            bytes_sent,
            messages,
            events,
            events_sent,
            subscriptions: self.subscriptions.load(Ordering::Relaxed),
        }
    }

    /// What it has taken so far of one thing.
    #[must_use]
    pub fn spent(&self, what: Spent) -> u64 {
        self.spent.value(what as usize)
    }

    /// Counts so much more; only for whoever serves the connection.
    pub fn spend(&self, what: Spent, amount: u64) {
        self.spent.add(what as usize, amount);
    }

    /// Counts time that was worked for it.
    pub fn work(&self, time: Duration) {
        self.spend(Spent::Work, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Takes note of how many subscriptions are open.
    pub fn subscribe(&self, open: usize) {
        self.subscriptions.store(u32::try_from(open).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Takes note of a key that has signed in. The first one stays.
    pub fn sign_in(&self, key: PublicKey) {
        self.key.get_or_init(|| Box::new(key));
    }
}
