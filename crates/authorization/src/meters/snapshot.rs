//! What of the counters has to survive a restart, as bytes.
//!
//! ```text
//! snapshot := version:u8  entry*
//! entry    := tag:u8  subject  fields
//!   1: a key's day        key:32  day:u32  events:u32
//!   2: an address's day   group   day:u32  events:u32
//!   3: an address's ban   group   until:u64  hours:u32  hours_max:u32
//! group    := 4  address:4  |  6  prefix:8                      all numbers big-endian
//! ```

use std::fmt;
use std::net::Ipv4Addr;

use chappe_protocol::{PublicKey, Timestamp};

use super::counters::{Ban, Daily};
use super::{Charge, Meters};
use crate::AddressGroup;

const VERSION: u8 = 1;
const KEY_DAY: u8 = 1;
const ADDRESS_DAY: u8 = 2;
const ADDRESS_BAN: u8 = 3;
const V4: u8 = 4;
const V6: u8 = 6;

/// The bytes are no snapshot of counters, or one of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetersSnapshotError;

impl fmt::Display for MetersSnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a snapshot of counters, or one of another version")
    }
}

impl std::error::Error for MetersSnapshotError {}

impl Meters {
    /// The counters that count for more than a minute, for [`Self::restore`]: daily ones and growing bans, at most
    /// 41 bytes each. Those that no longer count at `now` are left out.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Vec<u8> {
        let mut out = vec![VERSION];
        for (key, daily) in self.days_by_key.weighty(now) {
            out.push(KEY_DAY);
            out.extend_from_slice(key.as_bytes());
            append_daily(&mut out, daily);
        }
        for (group, daily) in self.days_by_address.weighty(now) {
            out.push(ADDRESS_DAY);
            append_group(&mut out, group);
            append_daily(&mut out, daily);
        }
        for (group, ban) in self.bans.weighty(now) {
            out.push(ADDRESS_BAN);
            append_group(&mut out, group);
            out.extend_from_slice(&ban.until.to_be_bytes());
            out.extend_from_slice(&ban.hours.to_be_bytes());
            out.extend_from_slice(&ban.hours_max.to_be_bytes());
        }
        out
    }

    /// Takes in what [`Self::snapshot`] gave, in the place of what is counted for the same keys and addresses.
    ///
    /// # Errors
    ///
    /// [`MetersSnapshotError`] when the bytes are something else; what came before the wrong ones is taken in.
    pub fn restore(
        &self,
        snapshot: &[u8],
        entries_max: usize,
        now: Timestamp,
    ) -> Result<(), MetersSnapshotError> {
        let mut reader = Reader(snapshot);
        if reader.byte()? != VERSION {
            return Err(MetersSnapshotError);
        }
        while !reader.0.is_empty() {
            match reader.byte()? {
                KEY_DAY => {
                    let (key, daily) = (PublicKey::from_bytes(reader.take()?), reader.daily()?);
                    self.days_by_key.change(Charge::Take, key, entries_max, now, |counter| *counter = daily);
                }
                ADDRESS_DAY => {
                    let (group, daily) = (reader.group()?, reader.daily()?);
                    self.days_by_address
                        .change(Charge::Take, group, entries_max, now, |counter| *counter = daily);
                }
                ADDRESS_BAN => {
                    let (group, ban) = (reader.group()?, reader.ban()?);
                    self.bans.change(Charge::Take, group, entries_max, now, |counter| *counter = ban);
                }
                _ => return Err(MetersSnapshotError),
            }
        }
        Ok(())
    }
}

fn append_daily(out: &mut Vec<u8>, daily: Daily) {
    out.extend_from_slice(&daily.day.to_be_bytes());
    out.extend_from_slice(&daily.events.to_be_bytes());
}

fn append_group(out: &mut Vec<u8>, group: AddressGroup) {
    match group {
        AddressGroup::V4(address) => {
            out.push(V4);
            out.extend_from_slice(&address.octets());
        }
        AddressGroup::V6(prefix) => {
            out.push(V6);
            out.extend_from_slice(&prefix.to_be_bytes());
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], MetersSnapshotError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(MetersSnapshotError)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, MetersSnapshotError> {
        self.take().map(u8::from_be_bytes)
    }

    fn group(&mut self) -> Result<AddressGroup, MetersSnapshotError> {
        match self.byte()? {
            V4 => Ok(AddressGroup::V4(Ipv4Addr::from(self.take::<4>()?))),
            V6 => Ok(AddressGroup::V6(u64::from_be_bytes(self.take()?))),
            _ => Err(MetersSnapshotError),
        }
    }

    fn number(&mut self) -> Result<u32, MetersSnapshotError> {
        self.take().map(u32::from_be_bytes)
    }

    fn daily(&mut self) -> Result<Daily, MetersSnapshotError> {
        Ok(Daily { day: self.number()?, events: self.number()? })
    }

    fn ban(&mut self) -> Result<Ban, MetersSnapshotError> {
        let until = u64::from_be_bytes(self.take()?);
        Ok(Ban { until, hours: self.number()?, hours_max: self.number()? })
    }
}

#[cfg(test)]
mod tests;
