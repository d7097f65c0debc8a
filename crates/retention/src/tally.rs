//! How much has gone, by rule.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::keeper::Eviction;

/// Why an event has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It is older than its rule keeps any.
    Age,
    /// Room is wanted.
    Ceiling,
}

/// How many events have gone, and how many bytes of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evicted {
    /// Events.
    pub events: u64,
    /// Bytes of their records.
    pub bytes: u64,
}

/// Counts what has gone.
#[derive(Debug)]
pub struct Tally(Vec<[[AtomicU64; 2]; 2]>);

impl Tally {
    /// For so many rules, and for what no rule speaks of.
    #[must_use]
    pub fn new(rules: usize) -> Self {
        Self(std::iter::repeat_with(Default::default).take(rules + 1).collect())
    }

    /// Counts what is gone.
    pub fn add(&self, evictions: &[Eviction]) {
        for eviction in evictions {
            if let Some([events, bytes]) = self.cell(eviction.rule, eviction.cause) {
                events.fetch_add(1, Ordering::Relaxed);
                bytes.fetch_add(eviction.bytes, Ordering::Relaxed);
            }
        }
    }

    /// What has gone by this rule, or by none, and for this cause.
    #[must_use]
    pub fn get(&self, rule: Option<usize>, cause: Cause) -> Evicted {
        self.cell(rule, cause).map_or_else(Evicted::default, |[events, bytes]| Evicted {
            events: events.load(Ordering::Relaxed),
            bytes: bytes.load(Ordering::Relaxed),
        })
    }

    fn cell(&self, rule: Option<usize>, cause: Cause) -> Option<&[AtomicU64; 2]> {
        let [age, ceiling] = self.0.get(rule.map_or(0, |rule| rule + 1))?;
        Some(match cause {
            Cause::Age => age,
            Cause::Ceiling => ceiling,
        })
    }
}
