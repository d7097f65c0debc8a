//! How many connections an address has, and how fast it makes new ones.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::{AddressGroup, AddressRange};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::is_in;
use crate::config::Rates;

const MINUTE: Duration = Duration::from_secs(60);
/// How often it is told that somebody speaks for others and is not believed.
const TOLD_EVERY: Duration = Duration::from_secs(60 * 60);

type Groups<V> = HashMap<AddressGroup, V, foldhash::fast::RandomState>;

/// Counts what comes in, by address (IPv6 by the first 64 bits). Trusted proxies are never counted.
#[derive(Debug)]
pub(crate) struct Door {
    open_max: u32,
    a_minute: u32,
    trusted: Vec<AddressRange>,
    /// Open connections. There are no more entries than connections.
    open: Mutex<Groups<u32>>,
    pace: Mutex<Pace>,
    /// When it was last told that somebody is not believed.
    told_at: Mutex<Option<Instant>>,
}

/// An open connection, counted for its address until this is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    door: Arc<Door>,
    group: Option<AddressGroup>,
}

/// Why an address has to wait outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// It has this many connections open, the most there may be.
    Open(u32),
    /// It comes too often; after so many seconds there is room for one more.
    AMinute {
        /// At least 1.
        retry_seconds: u64,
    },
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(max) => write!(f, "your address has {max} connections open, and may not have more"),
            Self::AMinute { .. } => f.write_str("your address connects too often: wait, then try again"),
        }
    }
}

impl std::error::Error for TooMany {}

impl Door {
    /// A door with these bounds, for everybody but the trusted.
    pub(crate) fn new(rates: &Rates, trusted: Vec<AddressRange>, now: Instant) -> Self {
        Self {
            open_max: rates.connections_per_address_max,
            a_minute: rates.connections_per_address_a_minute,
            trusted,
            open: Mutex::default(),
            pace: Mutex::new(Pace::new(rates.addresses_max, now)),
            told_at: Mutex::default(),
        }
    }

    /// Who is believed about addresses, and not limited.
    pub(crate) fn trusted(&self) -> &[AddressRange] {
        &self.trusted
    }

    /// Whether the address is a trusted proxy's.
    pub(crate) fn is_trusted(&self, address: IpAddr) -> bool {
        is_in(&self.trusted, address)
    }

    /// Counts one arrival against the pace of the address, if it is known.
    ///
    /// # Errors
    ///
    /// [`TooMany::AMinute`]; an arrival that is refused does not count.
    pub(crate) fn knock(&self, address: Option<IpAddr>, now: Instant) -> Result<(), TooMany> {
        match self.group(address) {
            Some(group) if self.a_minute > 0 => self.pace.lock().take(group, self.a_minute, now),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts an open connection of the address, if it is known.
    ///
    /// # Errors
    ///
    /// [`TooMany::Open`].
    pub(crate) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Pass, TooMany> {
        let group = self.group(address).filter(|_| self.open_max > 0);
        if let Some(group) = group {
            let mut open = self.open.lock();
            let count = open.entry(group).or_default();
            if *count >= self.open_max {
                return Err(TooMany::Open(self.open_max));
            }
            *count += 1;
        }
        Ok(Pass { door: Arc::clone(self), group })
    }

    /// Whether to tell now that somebody speaks for others and is not believed. Anybody can do so, so it is told once an hour.
    pub(crate) fn tells_of_unbelieved(&self, now: Instant) -> bool {
        let mut told_at = self.told_at.lock();
        let is_due = told_at.is_none_or(|told_at| now.duration_since(told_at) >= TOLD_EVERY);
        if is_due {
            *told_at = Some(now);
        }
        is_due
    }

    fn group(&self, address: Option<IpAddr>) -> Option<AddressGroup> {
        address.filter(|&address| !self.is_trusted(address)).map(AddressGroup::from)
    }

    fn leave(&self, group: AddressGroup) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&group) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&group);
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            self.door.leave(group);
        }
    }
}

/// A token bucket for each address: a minute's worth of tokens, refilled evenly.
///
/// Of a bucket only the time is kept at which it will be full again, so one that is full need not be kept at all. Two
/// generations bound the table: when the younger has lived for a minute, or is half of the table, the older is
/// forgotten, and its buckets are full by then unless it had to go early.
#[derive(Debug)]
struct Pace {
    generation_max: usize,
    young: Groups<Instant>,
    old: Groups<Instant>,
    /// When the young one began.
    began: Instant,
}

impl Pace {
    fn new(addresses_max: usize, now: Instant) -> Self {
        let groups = || Groups::with_hasher(foldhash::fast::RandomState::default());
        Self { generation_max: (addresses_max / 2).max(1), young: groups(), old: groups(), began: now }
    }

    fn take(&mut self, group: AddressGroup, a_minute: u32, now: Instant) -> Result<(), TooMany> {
        if now.duration_since(self.began) >= MINUTE || self.young.len() >= self.generation_max {
            self.old = std::mem::take(&mut self.young);
            self.began = now;
        }
        let full_at =
            self.young.get(&group).or_else(|| self.old.get(&group)).copied().unwrap_or(now).max(now);
        // A minute's worth may be missing at most. In nanoseconds, so that rounding gives nothing away.
        let full_at = full_at + MINUTE / a_minute;
        let over = full_at.duration_since(now).saturating_sub(MINUTE);
        if !over.is_zero() {
            return Err(TooMany::AMinute { retry_seconds: over.as_secs() + 1 });
        }
        self.young.insert(group, full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
