//! Metrics as text, in the form that Prometheus reads (version 0.0.4).

use std::fmt;

use chappe_counters::{BOUNDS, Sums};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// A label and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Where metrics are written to, one after the other.
///
/// Names are whole but for a counter's `_total`, which the encoder adds.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

impl<'a> Page<'a> {
    pub(super) const fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// A count that only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        self.counters(name, help, [([], count)])
    }

    /// The same for each value of some labels.
    pub(super) fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> fmt::Result {
        self.rows((name, help, MetricType::Counter), rows, |encoder, count| {
            encoder.encode_counter::<NoLabelSet, _, u64>(&count, None)
        })
    }

    /// Seconds that only grow.
    pub(super) fn seconds_counter(&mut self, name: &str, help: &str, seconds: f64) -> fmt::Result {
        self.rows((name, help, MetricType::Counter), [([], seconds)], |encoder, seconds| {
            encoder.encode_counter::<NoLabelSet, _, u64>(&seconds, None)
        })
    }

    /// A number that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.gauges(name, help, [([], value)])
    }

    /// The same for each value of some labels.
    pub(super) fn gauges<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> fmt::Result {
        self.rows((name, help, MetricType::Gauge), rows, |encoder, value| encoder.encode_gauge(&value))
    }

    /// Numbers that are parts of 1.
    pub(super) fn ratios<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([Label<'l>; N], f64)>,
    ) -> fmt::Result {
        self.rows((name, help, MetricType::Gauge), rows, |encoder, value| encoder.encode_gauge(&value))
    }

    /// How long something took, for each value of some labels.
    pub(super) fn histograms<'l, 's, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([Label<'l>; N], &'s Sums)>,
    ) -> fmt::Result {
        self.rows((name, help, MetricType::Histogram), rows, |encoder, sums| {
            let buckets: Vec<_> = bounds().zip(sums.buckets).collect();
            encoder.encode_histogram::<NoLabelSet>(sums.total.as_secs_f64(), sums.count(), &buckets, None)
        })
    }

    fn rows<'l, V, const N: usize>(
        &mut self,
        (name, help, kind): (&str, &str, MetricType),
        rows: impl IntoIterator<Item = ([Label<'l>; N], V)>,
        mut write: impl FnMut(&mut MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in rows {
            write(&mut encoder.encode_family(&labels)?, value)?;
        }
        Ok(())
    }
}

/// The bounds of the buckets in seconds, and that of the last, which has none.
fn bounds() -> impl Iterator<Item = f64> {
    #[expect(clippy::cast_precision_loss, reason = "none of them has 53 bits")]
    let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
    BOUNDS.into_iter().map(seconds).chain([f64::INFINITY])
}

#[cfg(test)]
mod tests;
