use std::time::Duration;

use chappe_counters::Histogram;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;

use super::*;

#[derive(Debug)]
struct Written(fn(&mut Page<'_>) -> fmt::Result);

impl Collector for Written {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0(&mut Page::new(encoder))
    }
}

fn text(write: fn(&mut Page<'_>) -> fmt::Result) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Written(write)));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).unwrap();
    text
}

#[test]
fn counters_get_their_ending_and_labels_their_escapes() {
    assert_eq!(
        text(|page| page.counter("things", "What.", 7)),
        "# HELP things_total What.\n# TYPE things_total counter\nthings_total 7\n"
    );
    let written = text(|page| {
        page.counters("things", "What.", [([("program", "a \"b\" \\c")], 1), ([("program", "d")], 2)])
    });
    assert!(
        written.ends_with("things_total{program=\"a \\\"b\\\" \\\\c\"} 1\nthings_total{program=\"d\"} 2\n"),
        "{written}"
    );
}

#[test]
fn gauges_are_whole_numbers_or_parts_of_one() {
    assert_eq!(
        text(|page| page.gauge("now", "Now.", u64::MAX)),
        format!("# HELP now Now.\n# TYPE now gauge\nnow {}\n", u64::MAX)
    );
    let written = text(|page| page.ratios("part", "A part.", [([("of", "it")], 0.25)]));
    assert!(written.ends_with("part{of=\"it\"} 0.25\n"), "{written}");
}

#[test]
fn histograms_are_cumulative_and_in_seconds() {
    let written = text(|page| {
        let histogram = Histogram::new();
        for micros in [1, 2, 1_000_000, 60_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        page.histograms("took", "How long.", [([("stage", "all")], &histogram.sums())])
    });
    for line in [
        "took_bucket{stage=\"all\",le=\"1e-06\"} 1",
        "took_bucket{stage=\"all\",le=\"2.5e-06\"} 2",
        "took_bucket{stage=\"all\",le=\"0.5\"} 2",
        "took_bucket{stage=\"all\",le=\"1\"} 3",
        "took_bucket{stage=\"all\",le=\"10\"} 3",
        "took_bucket{stage=\"all\",le=\"+Inf\"} 4",
        "took_sum{stage=\"all\"} 61.000003",
        "took_count{stage=\"all\"} 4",
    ] {
        assert!(written.lines().any(|written| written == line), "no {line} in {written}");
    }
}
