//! Latencies in bounded memory.

use std::time::Duration;

/// Counts durations in buckets that are less than 1 % wide, from 1 ns up: at most 30 kB, however many are recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

/// Values below 2^7 have a bucket each; above, each doubling is cut into 2^6.
const EXACT_BITS: u32 = 7;
const STEPS: u64 = 1 << (EXACT_BITS - 1);

impl Histogram {
    pub(crate) fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let place = bucket_of(nanos);
        if self.buckets.len() <= place {
            self.buckets.resize(place + 1, 0);
        }
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
        self.count += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(own, more)| *own += more);
        self.count += other.count;
    }

    /// The duration that this share of all (0.0 to 1.0) does not exceed, in milliseconds; 0 when nothing is recorded.
    pub(crate) fn millis(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil().max(1.0);
        let mut seen = 0;
        let reached = self.buckets.iter().position(|bucket| {
            seen += bucket;
            seen as f64 >= wanted
        });
        reached.map_or(0.0, |place| middle_of(place) / 1e6)
    }
}

fn bucket_of(nanos: u64) -> usize {
    let bits = u64::BITS - nanos.leading_zeros();
    let shift = u64::from(bits.saturating_sub(EXACT_BITS));
    usize::try_from(shift * STEPS + (nanos >> shift)).unwrap_or(usize::MAX)
}

fn middle_of(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    let shift = (bucket / STEPS).saturating_sub(1);
    let low = (bucket - shift * STEPS) << shift;
    low as f64 + ((1_u64 << shift) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        let mut last = 0;
        for nanos in (0..100_000).chain((17..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 3 << (bit - 1)])) {
            let bucket = bucket_of(nanos);
            if nanos < 100_000 {
                assert!(bucket == last || bucket == last + 1, "{nanos}");
                last = bucket;
            }
            let off = (middle_of(bucket) - nanos as f64).abs();
            assert!(off <= nanos as f64 / 100.0, "{nanos} is taken for {}", middle_of(bucket));
        }
        assert!(bucket_of(u64::MAX) * size_of::<u64>() < 31_000);
    }

    #[test]
    fn shares_are_told_over_merged_histograms() {
        let [mut one, mut other] = [Histogram::default(), Histogram::default()];
        assert_eq!(one.millis(0.5), 0.0);
        (1..=50).for_each(|millis| one.record(Duration::from_millis(millis)));
        (51..=100).for_each(|millis| other.record(Duration::from_millis(millis)));
        one.add(&other);
        for (share, millis) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            assert!((one.millis(share) - millis).abs() <= millis / 100.0, "{share}: {}", one.millis(share));
        }
    }
}
