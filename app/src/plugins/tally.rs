//! What is counted of each program.

use std::sync::Arc;
use std::time::Duration;

use chappe_counters::{Counters, Histogram, Sums};

use super::answer::Verdict;

/// What a program was asked and what came of it. One for as long as a policy names the program.
pub(crate) struct Tally {
    name: Arc<str>,
    answering: Histogram,
    /// What it said.
    verdicts: Counters<{ VERDICTS.len() }>,
    failures: Counters<{ Failed::ALL.len() }>,
    asked: Counters<1>,
    starts: Counters<1>,
}

/// What a program can say of an event, in the order of the counters.
const VERDICTS: [&str; 3] = ["accept", "reject", "shadow_reject"];

/// Why nothing came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// No answer came in time.
    Timeout,
    /// The program ended, or could not be started.
    Ended,
    /// Too much waited for it already.
    Busy,
    /// Its answer could not be understood.
    Nonsense,
}

impl Tally {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            answering: Histogram::new(),
            verdicts: Counters::new(),
            failures: Counters::new(),
            asked: Counters::new(),
            starts: Counters::new(),
        }
    }

    pub(super) fn start(&self) {
        self.starts.count(0);
    }

    pub(super) fn ask(&self) {
        self.asked.count(0);
    }

    /// It has answered what it was asked so long ago.
    pub(super) fn answer(&self, verdict: &Verdict, took: Duration) {
        let place = match verdict {
            Verdict::Accept => 0,
            Verdict::Reject(_) => 1,
            Verdict::ShadowReject => 2,
        };
        self.verdicts.count(place);
        self.answering.observe(took);
    }

    pub(super) fn fail(&self, failed: Failed, events: usize) {
        self.failures.add(failed as usize, events as u64);
    }

    /// How it is called: `plugin`, or `script:` and its name in the policy file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn answering(&self) -> Sums {
        self.answering.sums()
    }

    pub(crate) fn verdicts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        VERDICTS.into_iter().zip(self.verdicts.sums())
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Failed::ALL.into_iter().map(Failed::as_str).zip(self.failures.sums())
    }

    pub(crate) fn starts(&self) -> u64 {
        let [starts] = self.starts.sums();
        starts
    }

    /// Events that wait for its word.
    pub(crate) fn waiting(&self) -> u64 {
        // Those that it was too busy for were never asked about.
        let settled = self.verdicts.sums().into_iter().chain(self.failures.sums()).sum::<u64>();
        let busy = self.failures().find(|(reason, _)| *reason == Failed::Busy.as_str());
        let [asked] = self.asked.sums();
        asked.saturating_add(busy.map_or(0, |(_, events)| events)).saturating_sub(settled)
    }
}

impl Failed {
    const ALL: [Self; 4] = [Self::Timeout, Self::Ended, Self::Busy, Self::Nonsense];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Ended => "ended",
            Self::Busy => "busy",
            Self::Nonsense => "nonsense",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_answered_nor_failed_waits() {
        assert!(Failed::ALL.iter().enumerate().all(|(place, failed)| *failed as usize == place));
        let tally = Tally::new("plugin".into());
        (0..5).for_each(|_| tally.ask());
        tally.answer(&Verdict::Accept, Duration::from_secs(1));
        tally.answer(&Verdict::Reject(String::new()), Duration::from_secs(1));
        tally.fail(Failed::Timeout, 1);
        tally.fail(Failed::Busy, 7);
        assert_eq!(tally.waiting(), 2);
        assert_eq!(
            tally.verdicts().collect::<Vec<_>>(),
            [("accept", 1), ("reject", 1), ("shadow_reject", 0)]
        );
        assert_eq!(tally.answering().total, Duration::from_secs(2));
    }
}
