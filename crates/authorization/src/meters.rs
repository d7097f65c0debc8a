//! Counting: how much keys and addresses did.

mod counters;
mod snapshot;
mod table;

use std::fmt;
use std::time::Duration;

use chappe_policy::Rate;
use chappe_protocol::{Kind, PublicKey, Timestamp};

use crate::{Access, AddressGroup, AskDenied, Curating, Delay, Denied, Peer, level};
use counters::{Ban, Bucket, Daily, Steps};
pub use snapshot::MetersSnapshotError;
pub(crate) use table::Charge;
use table::Table;

/// Counters of what keys and addresses did, for the limits of [`crate::Settings`] and of the policy file. Shared by all
/// connections; each limit is read from the snapshot of the decision, so that a new configuration holds at once.
///
/// There are nine tables of at most [`crate::Rates::entries_max`] counters each, 60 to 110 bytes a counter. In a full
/// one a new key takes the place of one that counted little; a ban goes last. IPv6 addresses count by their leading
/// 64 bits. A limit that is off touches no table. A lock is held for one look into one table.
#[derive(Default)]
pub struct Meters {
    events_by_address: Table<AddressGroup, Bucket>,
    events_by_key: Table<PublicKey, Bucket>,
    requests_by_address: Table<AddressGroup, Bucket>,
    events_by_rule: Table<(Kind, PublicKey), Bucket>,
    steps_by_key: Table<PublicKey, Steps>,
    steps_by_address: Table<AddressGroup, Steps>,
    days_by_key: Table<PublicKey, Daily>,
    days_by_address: Table<AddressGroup, Daily>,
    bans: Table<AddressGroup, Ban>,
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters")
            .field("events_by_address", &self.events_by_address.len())
            .field("events_by_key", &self.events_by_key.len())
            .field("requests_by_address", &self.requests_by_address.len())
            .field("events_by_rule", &self.events_by_rule.len())
            .field("steps_by_key", &self.steps_by_key.len())
            .field("steps_by_address", &self.steps_by_address.len())
            .field("days_by_key", &self.days_by_key.len())
            .field("days_by_address", &self.days_by_address.len())
            .field("bans", &self.bans.len())
            .finish()
    }
}

/// Who does something, for counting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payer<'a> {
    pub(crate) access: &'a Access,
    /// The author where they brought it themselves or nobody signed in, else the first key that signed in.
    pub(crate) key: PublicKey,
    /// None where addresses are not counted.
    pub(crate) address: Option<AddressGroup>,
    /// Whether that is because the address is one of [`crate::Rates::unmetered`].
    pub(crate) is_unmetered: bool,
    pub(crate) charge: Charge,
    pub(crate) now: Timestamp,
}

impl Payer<'_> {
    fn entries_max(&self) -> usize {
        self.access.settings().rates.entries_max
    }
}

impl Meters {
    /// After so many seconds half of the steps of a progressive delay are forgotten.
    pub const STEPS_HALVED_SECONDS: u64 = 300;

    /// With nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a REQ or COUNT, before it is answered.
    ///
    /// # Errors
    ///
    /// [`AskDenied::TooManyRequests`] when its address has asked too much.
    pub fn count_request(&self, access: &Access, peer: &Peer, now: Timestamp) -> Result<(), AskDenied> {
        let rates = &access.settings().rates;
        let per_minute = rates.requests_per_address_a_minute;
        if per_minute == 0 || level::highest_role(access, peer.viewer.keys()) >= Some(crate::Role::Admin) {
            return Ok(());
        }
        let Some(address) = metered_address(access, peer) else { return Ok(()) };
        let take = |bucket: &mut Bucket| bucket.take(per_minute, now);
        if self.requests_by_address.change(Charge::Take, address, rates.entries_max, now, take) {
            Ok(())
        } else {
            Err(AskDenied::TooManyRequests { per_minute })
        }
    }

    /// Counts an event by the bounds of [`crate::Rates`]. What comes from a trusted proxy or from this machine is not
    /// counted, for its key neither: the operator moves events in and out there.
    pub(crate) fn count_event(&self, payer: &Payer<'_>) -> Result<(), Denied> {
        if payer.is_unmetered {
            return Ok(());
        }
        let rates = &payer.access.settings().rates;
        let (entries_max, now) = (payer.entries_max(), payer.now);
        let per_minute = rates.events_per_address_a_minute;
        if let Some(address) = payer.address.filter(|_| per_minute > 0)
            && !self
                .events_by_address
                .change(payer.charge, address, entries_max, now, |bucket| bucket.take(per_minute, now))
        {
            return Err(Denied::TooManyFromAddress { per_minute });
        }
        let per_minute = rates.events_per_key_a_minute;
        let take = |bucket: &mut Bucket| bucket.take(per_minute, now);
        if per_minute > 0 && !self.events_by_key.change(payer.charge, payer.key, entries_max, now, take) {
            return Err(Denied::TooManyOfKey { per_minute });
        }
        Ok(())
    }

    /// Counts an event by a rule's `rate_limit`.
    pub(crate) fn count_by_rule(&self, payer: &Payer<'_>, kind: Kind, rate: Rate) -> Result<(), Denied> {
        let per_minute = rate.per_minute;
        let take = |bucket: &mut Bucket| bucket.take(per_minute, payer.now);
        let key = (kind, payer.key);
        if self.events_by_rule.change(payer.charge, key, payer.entries_max(), payer.now, take) {
            Ok(())
        } else {
            Err(Denied::TooManyByRule { kind, per_minute })
        }
    }

    /// Counts an event of somebody who is not trusted, in mode curating, from an address that is not
    /// [suspended](Self::check_suspension).
    ///
    /// An event that is one too many for its key still counts for its address, so that changing keys does not help.
    pub(crate) fn count_curated(&self, payer: &Payer<'_>, curating: &Curating) -> Result<(), Denied> {
        let (entries_max, now, charge) = (payer.entries_max(), payer.now, payer.charge);
        let is_over = |max: u32, before: u32| max > 0 && before >= max;
        if let Some(address) = payer.address.filter(|_| curating.events_per_address_a_day > 0) {
            let before =
                self.days_by_address.change(charge, address, entries_max, now, |daily| daily.add(now));
            if is_over(curating.events_per_address_a_day, before) {
                let (first, max) = (curating.ban_hours_first, curating.ban_hours_max);
                let until =
                    self.bans.change(charge, address, entries_max, now, |ban| ban.extend(first, max, now));
                return Err(suspended(until, now));
            }
        }
        let events_max = curating.events_per_key_a_day;
        let add = |daily: &mut Daily| daily.add(now);
        if events_max > 0
            && is_over(events_max, self.days_by_key.change(charge, payer.key, entries_max, now, add))
        {
            return Err(Denied::TooManyOfKeyToday { events_max });
        }
        Ok(())
    }

    /// Refuses an address that is kept out for a while because it sent too much.
    pub(crate) fn check_suspension(&self, payer: &Payer<'_>) -> Result<(), Denied> {
        let ban = payer.address.and_then(|address| self.bans.get(&address));
        ban.and_then(|ban| ban.end(payer.now)).map_or(Ok(()), |until| Err(suspended(until, payer.now)))
    }

    /// Counts an event that has to wait, and says how long: one step more than the one before.
    pub(crate) fn next_delay(&self, payer: &Payer<'_>, delay: Delay) -> Duration {
        let (entries_max, now, charge) = (payer.entries_max(), payer.now, payer.charge);
        let by_key = self.steps_by_key.change(charge, payer.key, entries_max, now, |steps| steps.add(now));
        let by_address = payer.address.map_or(0, |address| {
            self.steps_by_address.change(charge, address, entries_max, now, |steps| steps.add(now))
        });
        delay.step.saturating_mul(by_key.max(by_address)).min(delay.max)
    }
}

fn suspended(until: Timestamp, now: Timestamp) -> Denied {
    Denied::AddressSuspended { minutes: until.0.saturating_sub(now.0).div_ceil(60) }
}

/// The address that limits count by; none for proxies, and where there is none.
pub(crate) fn metered_address(access: &Access, peer: &Peer) -> Option<AddressGroup> {
    let unmetered = &access.settings().rates.unmetered;
    let address = peer.address.filter(|&address| !unmetered.iter().any(|range| range.contains(address)))?;
    Some(address.into())
}
