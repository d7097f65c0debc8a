use super::super::samples::{Outcome, Report};
use super::super::step::Step;
use super::*;

fn done(figures: &[(&str, f64)], faults: &[&str]) -> Outcome {
    Outcome::Done(Report {
        figures: figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
    })
}

#[test]
fn numbers_have_three_digits_that_count() {
    let cases = [
        (0.0, "0"),
        (0.012_34, "0.0123"),
        (0.123_4, "0.123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1_234.5, "1,234"),
        (427_621.0, "427,621"),
        (1_234_567.0, "1,234,567"),
        (-123_456.0, "-123,456"),
    ];
    for (value, text) in cases {
        assert_eq!(number(value), text);
    }
}

#[test]
fn a_row_for_each_figure_with_ratios_and_reasons() {
    let entrants = [Contender::Chappe, Contender::Rnostr, Contender::NostrRsRelay]
        .map(|contender| Entrant::of_version(contender, &format!("{} 1.2", contender.program())));
    let mut samples = Samples::default();
    samples.add(
        Contender::Chappe,
        0,
        Step::Mix,
        done(&[("rate", 12_000.0), ("relay CPU", 100.0), ("p99", 0.5)], &[]),
    );
    samples.add(
        Contender::Rnostr,
        0,
        Step::Mix,
        done(&[("rate", 300.0), ("relay CPU", 400.0), ("p99", 5.0)], &["mix: 3 in\nanother order"]),
    );
    samples.add(Contender::NostrRsRelay, 0, Step::Mix, Outcome::Refused("it hung up".to_owned()));
    let text = table(&entrants, &samples);
    let expected = "\
|  | Chappe | rnostr | ratio | nostr-rs-relay | ratio |
|---|---|---|---|---|---|
| REQ mix [req/s] | 12,000 | 300 (1) | 40.0 | - (2) | - |
| REQ mix, CPU [us/req] | 100 | 400 (1) | 0.250 | - (2) | - |
| REQ mix, p99 [ms] | 0.500 | 5.00 (1) | 0.100 | - (2) | - |

A ratio is ours divided by theirs, taken within each run; all figures are medians over the runs.

- chappe 1.2: says OK when the event is on disk
- rnostr 1.2: says OK before it commits, which it does every 100 ms
- nostr-rs-relay 1.2: says OK after a commit of SQLite in WAL mode, which is synced at a checkpoint only

1. rnostr, mix: wrong answers in 1 of 1 runs: mix: 3 in another order
2. nostr-rs-relay, mix: not measured in 1 of 1 runs: it hung up
";
    assert_eq!(text, expected);
}

#[test]
fn without_peers_there_are_no_ratios() {
    let mut samples = Samples::default();
    samples.add(Contender::Chappe, 0, Step::Idle, done(&[("memory", 6.0), ("rate", 7.0)], &[]));
    let text = table(&[Entrant::of_version(Contender::Chappe, "chappe 0.1.0")], &samples);
    assert!(text.starts_with("|  | Chappe |\n|---|---|\n| idle connection [kB] | 6.00 |\n"), "{text}");
}
