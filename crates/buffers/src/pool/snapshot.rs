//! What a pool tells of itself: for metrics, and for warnings.

use std::fmt;

use super::class::Class;
use super::stock::Stock;

/// A pool at one moment. Each figure is right by itself; takes and returns go on while they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Each class, the smallest first.
    pub classes: [ClassSnapshot; 4],
    /// The ceiling of [`bytes_kept`](Self::bytes_kept).
    pub kept_bytes_max: u64,
    /// Threads that have a cache.
    pub threads: u64,
}

/// The buffers of one class. A buffer counts in the class it had when it was lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassSnapshot {
    /// Which.
    pub class: Class,
    /// Lent from the cache of the thread that took them, since the pool was made.
    pub from_thread: u64,
    /// Lent from what all threads share.
    pub from_shared: u64,
    /// Made anew, because none was kept.
    pub created: u64,
    /// Came back and were kept.
    pub returned: u64,
    /// Came back and were freed: too large, too small, or no room.
    pub discarded: u64,
    /// Freed after they had been kept for a while: nobody needed them, or there was no room outside the thread's cache.
    pub trimmed: u64,
    /// Of those returned, how many had grown into a larger class: their borrowers should ask for more at once.
    pub outgrown: u64,
    /// Lent now.
    pub in_use: u64,
    /// The most that were lent at the same time, as seen whenever one was made, at ticks and in snapshots. In between,
    /// it may have been more by as many as the threads keep.
    pub in_use_peak: u64,
    /// The capacity of those lent now, as it was when they were lent.
    pub bytes_in_use: u64,
    /// Idle now, in all threads and outside.
    pub kept: u64,
    /// Their capacity.
    pub bytes_kept: u64,
}

/// Where a pool becomes worth a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Warns when fewer of a hundred buffers lent were used before; 0 never does.
    pub hit_percent_min: u8,
    /// Of fewer loans than this, the hit rate says nothing.
    pub taken_min: u64,
    /// Warns when more bytes are lent at the same time.
    pub bytes_in_use_max: u64,
}

/// What a pool is warned of. Its `Display` is a sentence for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Too many buffers had to be made anew.
    LowHitRate {
        /// Of a hundred lent, how many were used before.
        hit_percent: u8,
        /// The line.
        hit_percent_min: u8,
    },
    /// Too much is lent.
    ManyBytesInUse {
        /// Lent now.
        bytes_in_use: u64,
        /// The line.
        bytes_in_use_max: u64,
    },
}

impl Snapshot {
    pub(super) fn of(stock: &Stock) -> Self {
        let sums = stock.sums();
        let classes = Class::ALL.map(|class| {
            let counters = sums.counters.of(class);
            ClassSnapshot {
                class,
                from_thread: counters.from_thread,
                from_shared: counters.from_shared,
                created: counters.created,
                returned: counters.returned,
                discarded: counters.discarded,
                trimmed: counters.trimmed,
                outgrown: counters.outgrown,
                in_use: counters.in_use(),
                in_use_peak: *sums.in_use_peak.of(class),
                bytes_in_use: counters.bytes_in_use(),
                kept: counters.kept,
                bytes_kept: counters.kept_bytes,
            }
        });
        Self { classes, kept_bytes_max: stock.bounds().kept_bytes_max as u64, threads: sums.threads as u64 }
    }

    /// What happened between an earlier snapshot of the same pool and this one. What is a state rather than a count (in
    /// use, kept, peak) stays as it is here.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        for (class, earlier) in since.classes.iter_mut().zip(&earlier.classes) {
            class.from_thread = class.from_thread.saturating_sub(earlier.from_thread);
            class.from_shared = class.from_shared.saturating_sub(earlier.from_shared);
            class.created = class.created.saturating_sub(earlier.created);
            class.returned = class.returned.saturating_sub(earlier.returned);
            class.discarded = class.discarded.saturating_sub(earlier.discarded);
            class.trimmed = class.trimmed.saturating_sub(earlier.trimmed);
            class.outgrown = class.outgrown.saturating_sub(earlier.outgrown);
        }
        since
    }

    /// Buffers lent, of all classes.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.sum(ClassSnapshot::taken)
    }

    /// The capacity of all buffers lent now, as it was when they were lent.
    #[must_use]
    pub fn bytes_in_use(&self) -> u64 {
        self.sum(|class| class.bytes_in_use)
    }

    /// The capacity of all idle buffers.
    #[must_use]
    pub fn bytes_kept(&self) -> u64 {
        self.sum(|class| class.bytes_kept)
    }

    /// The part of the loans that needed no allocation, 0 to 1; none before the first loan.
    #[must_use]
    pub fn hit_rate(&self) -> Option<f64> {
        rate(self.taken() - self.sum(|class| class.created), self.taken())
    }

    /// The part of the loans that came from the thread's own cache, 0 to 1; none before the first loan.
    #[must_use]
    pub fn thread_hit_rate(&self) -> Option<f64> {
        rate(self.sum(|class| class.from_thread), self.taken())
    }

    /// The lines that are crossed. The hit rate of a [difference](Self::since) says how it goes now; that of all time
    /// hardly moves any more.
    #[must_use]
    pub fn warnings(&self, thresholds: &Thresholds) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let (taken, created) = (self.taken(), self.sum(|class| class.created));
        let hits = u128::from(taken - created) * 100;
        let hit_percent = hits.checked_div(u128::from(taken)).and_then(|percent| u8::try_from(percent).ok());
        let hit_percent_min = thresholds.hit_percent_min;
        if let Some(hit_percent) = hit_percent.filter(|percent| *percent < hit_percent_min)
            && taken >= thresholds.taken_min
        {
            warnings.push(Warning::LowHitRate { hit_percent, hit_percent_min });
        }
        let (bytes_in_use, bytes_in_use_max) = (self.bytes_in_use(), thresholds.bytes_in_use_max);
        if bytes_in_use > bytes_in_use_max {
            warnings.push(Warning::ManyBytesInUse { bytes_in_use, bytes_in_use_max });
        }
        warnings
    }

    fn sum(&self, of: impl Fn(&ClassSnapshot) -> u64) -> u64 {
        self.classes.iter().map(of).sum()
    }
}

impl ClassSnapshot {
    /// Buffers lent.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.from_thread + self.from_shared + self.created
    }

    /// The part of the loans that needed no allocation, 0 to 1; none before the first loan.
    #[must_use]
    pub fn hit_rate(&self) -> Option<f64> {
        rate(self.from_thread + self.from_shared, self.taken())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate of more than 2^53 loans may be off by a hair")]
fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowHitRate { hit_percent, hit_percent_min } => write!(
                f,
                "only {hit_percent} % of the buffers lent were used before, less than {hit_percent_min} %: the pool keeps too few"
            ),
            Self::ManyBytesInUse { bytes_in_use, bytes_in_use_max } => write!(
                f,
                "{bytes_in_use} bytes of buffers are lent at the same time, more than {bytes_in_use_max}"
            ),
        }
    }
}
