//! Choosing among the ways to answer a filter, by what they will cost.
//!
//! Every way walks over the same span of time, from the newest event asked for back to where the limit is reached. So
//! what a way costs is how many entries it has in that span, and a seek for each of its ranges. How dense its entries
//! lie is found out by probes: the first few entries of some of its ranges.
//!
//! How long the span is nobody knows before. So many authors are not merged at once, which takes a seek each: the newest
//! events are looked through first, for as much as the merge would cost to begin. When matches are rare, it comes to
//! twice the merge at most; when they are not, to a fraction of it.

use std::sync::Arc;

use chappe_protocol::{Filter, Timestamp};

use super::plan::{Plan, Source, Way, ways};
use crate::error::Error;
use crate::hint::Sieve;
use crate::indexes::{Ahead, Indexes, Skips, Within};
use crate::keys::Position;
use crate::store::Seq;

/// What a look-up costs: a seek or a move in an index, and reading a record. A skipped entry costs 1.
pub(super) const LOOK_UP: usize = 8;

/// Up to so many ranges are merged without looking through the newest events before.
const DIRECT_RANGES_MAX: usize = 16;
/// How many kinds have ranges of their own when the newest events are looked through.
const SCANNED_KINDS_MAX: usize = 8;
/// How many ways are probed, how many ranges of each, and how many entries of a range.
const PROBED_WAYS_MAX: usize = 8;
const PROBED_RANGES_MAX: usize = 8;
const PROBED_ENTRIES: u32 = 16;
/// When all that a way has are so many entries, no other one is probed.
const SHORT_ENTRIES: u32 = 2 * PROBED_ENTRIES;

/// Which way was chosen, by its place among the ways.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) ways: Vec<Way>,
    pub(super) chosen: usize,
    /// Where to go when the chosen way has cost more than this one costs to begin.
    pub(super) retreat: Option<usize>,
    /// For each way, how many entries it was thought to have where the answer is.
    pub(super) estimates: Vec<Option<u64>>,
}

/// A filter, and what of it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'f> {
    pub(super) filter: &'f Filter,
    pub(super) newest: Timestamp,
    pub(super) oldest: Timestamp,
    /// How many events.
    pub(super) limit: u64,
}

/// The first entries of a range.
#[derive(Debug, Clone, Copy)]
struct Probe {
    entries: u32,
    /// There are no others.
    is_all: bool,
    first: Timestamp,
    last: Timestamp,
}

/// A way, and the probes of some of its ranges.
struct Probed {
    way: usize,
    ranges: f64,
    probes: Vec<Probe>,
}

impl Choice {
    /// Chooses. `look_ups` counts the seeks and moves that finding out took.
    pub(super) fn make(
        wanted: Wanted<'_>,
        indexes: &Indexes<'_>,
        look_ups: &mut usize,
    ) -> Result<Self, Error> {
        let ways = ways(wanted.filter);
        let narrow = ways.iter().take_while(|way| way.is_narrow()).count();
        let mut choice = Self { chosen: 0, retreat: None, estimates: vec![None; ways.len()], ways };
        if narrow > 1 {
            let probed = choice.probe(narrow, wanted, indexes, look_ups)?;
            choice.chosen = choice.cheapest(&probed, wanted.limit);
        }
        let is_wide = choice
            .ways
            .get(choice.chosen)
            .is_some_and(|way| way.plan == Plan::Authors && way.ranges > DIRECT_RANGES_MAX);
        if is_wide {
            let is_scan = |way: &Way| match way.plan {
                Plan::Kinds => way.ranges <= SCANNED_KINDS_MAX,
                Plan::Time => true,
                Plan::Ids | Plan::Authors | Plan::Tags(_) => false,
            };
            choice.retreat = Some(choice.chosen);
            choice.chosen = choice.ways.iter().position(is_scan).unwrap_or(choice.chosen);
        }
        Ok(choice)
    }

    /// Takes the first way of this plan, whatever it costs, if the filter has one.
    pub(super) fn forced(wanted: Wanted<'_>, plan: Plan) -> Option<Self> {
        let ways = ways(wanted.filter);
        let chosen = ways.iter().position(|way| way.plan == plan)?;
        Some(Self { chosen, retreat: None, estimates: vec![None; ways.len()], ways })
    }

    pub(super) fn way(&self) -> Option<&Way> {
        self.ways.get(self.chosen)
    }

    fn probe(
        &self,
        narrow: usize,
        wanted: Wanted<'_>,
        indexes: &Indexes<'_>,
        look_ups: &mut usize,
    ) -> Result<Vec<Probed>, Error> {
        let mut order: Vec<usize> = (0..narrow).collect();
        order.sort_by_key(|&way| self.ways.get(way).map(|way| way.ranges));
        let mut all = Vec::new();
        for place in order.into_iter().take(PROBED_WAYS_MAX) {
            let Some(way) = self.ways.get(place) else { continue };
            let count = way.ranges.min(PROBED_RANGES_MAX);
            let mut probes = Vec::with_capacity(count);
            for number in 0..count {
                let source = way.source(wanted.filter, way.sample(number, count));
                probes.extend(source.map(|source| probe(source, wanted, indexes, look_ups)).transpose()?);
            }
            // Nothing beats reading all of a few.
            let is_all = count == way.ranges && probes.iter().all(|probe| probe.is_all);
            let is_short = is_all && probes.iter().map(|probe| probe.entries).sum::<u32>() <= SHORT_ENTRIES;
            all.push(Probed { way: place, ranges: way.ranges as f64, probes });
            if is_short {
                break;
            }
        }
        Ok(all)
    }

    /// The cheapest of those that were probed.
    fn cheapest(&mut self, probed: &[Probed], limit: u64) -> usize {
        let probes = probed.iter().flat_map(|probed| &probed.probes).filter(|probe| probe.entries > 0);
        let newest = probes.map(|probe| probe.first).max().unwrap_or(Timestamp(0));
        // The shortest span in which one of the ways can have found enough.
        let span = probed.iter().map(|probed| probed.span(newest, limit)).fold(f64::INFINITY, f64::min);
        let mut best = (f64::INFINITY, 0);
        for probed in probed {
            let entries = probed.entries_in(newest, span);
            let cost = (entries + probed.ranges) * LOOK_UP as f64;
            if let Some(estimate) = self.estimates.get_mut(probed.way) {
                *estimate = Some(whole(entries));
            }
            if cost < best.0 {
                best = (cost, probed.way);
            }
        }
        best.1
    }
}

impl Probed {
    /// In how many seconds from the newest event back there are so many entries, if there are.
    fn span(&self, newest: Timestamp, limit: u64) -> f64 {
        if self.probes.iter().all(|probe| probe.is_all) {
            return f64::INFINITY;
        }
        let rate: f64 = self.probes.iter().map(|probe| probe.rate(newest)).sum();
        limit as f64 / (rate * self.share())
    }

    fn entries_in(&self, newest: Timestamp, span: f64) -> f64 {
        let entries = self.probes.iter().map(|probe| {
            let all = if probe.is_all { f64::from(probe.entries) } else { f64::INFINITY };
            // Of none in an endless span there are none.
            if probe.entries == 0 { 0.0 } else { (probe.rate(newest) * span).min(all) }
        });
        entries.sum::<f64>() * self.share()
    }

    /// How many ranges each probe stands for.
    fn share(&self) -> f64 {
        self.ranges / self.probes.len().max(1) as f64
    }
}

impl Probe {
    /// Entries a second.
    fn rate(&self, newest: Timestamp) -> f64 {
        f64::from(self.entries) / newest.0.saturating_sub(self.last.0).max(1) as f64
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of entries are positive, and too many is many"
)]
fn whole(entries: f64) -> u64 {
    entries.ceil() as u64
}

fn probe(
    source: Source,
    wanted: Wanted<'_>,
    indexes: &Indexes<'_>,
    look_ups: &mut usize,
) -> Result<Probe, Error> {
    let mut probe = Probe { entries: 0, is_all: true, first: Timestamp(0), last: Timestamp(0) };
    let Source::Range(index, prefix) = source else { return Ok(probe) };
    let mut entries = indexes.entries(&Within {
        index,
        prefix: prefix.as_bytes(),
        from: (Position::first_at(wanted.newest), Seq(0)),
        to: Position::last_at(wanted.oldest),
        sieve: Arc::new(Sieve::default()),
    })?;
    *look_ups += 1;
    // Nothing is sieved out; only what was removed is skipped.
    let mut skips = Skips { left: PROBED_ENTRIES as usize * 4, done: 0 };
    while let Ahead::Entry((position, _)) = entries.next(&mut skips)? {
        if probe.entries == 0 {
            probe.first = position.time();
        }
        probe.last = position.time();
        probe.entries += 1;
        if probe.entries == PROBED_ENTRIES {
            probe.is_all = false;
            break;
        }
    }
    *look_ups += probe.entries as usize / LOOK_UP;
    Ok(probe)
}
