use std::collections::BTreeSet;

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    sizes: Sizes,
}

fn sizes() -> Sizes {
    Line::parse_from(["bench", "--requests", "77", "--connections", "99"]).sizes
}

#[test]
fn every_step_has_a_workload_and_a_figure() {
    let workloads = ["publish", "req", "fanout", "idle"];
    for step in Step::ALL {
        let words = step.arguments(Path::new("corpus.jsonl"), &sizes());
        assert!(words.first().is_some_and(|word| workloads.contains(&word.as_str())), "{words:?}");
        assert!(FIGURES.iter().any(|figure| figure.step == step), "{step:?}");
    }
    let titles: BTreeSet<_> = FIGURES.iter().map(|figure| (figure.title, figure.unit)).collect();
    assert_eq!(titles.len(), FIGURES.len(), "two rows of one title");
}

#[test]
fn sizes_reach_the_generator() {
    let words = |step: Step| step.arguments(Path::new("corpus.jsonl"), &sizes()).join(" ");
    assert_eq!(words(Step::Ingest), "publish --file corpus.jsonl --connections 8 --window 64");
    assert_eq!(words(Step::Home), "req --file corpus.jsonl --shapes home --requests 77");
    assert_eq!(words(Step::Idle), "idle --connections 99");
    assert_eq!(sizes().open_files(), 2_099);
}

#[test]
fn a_step_that_needs_the_corpus_reads_it() {
    for step in Step::ALL.into_iter().filter(|step| step.needs_corpus()) {
        assert!(step.arguments(Path::new("corpus.jsonl"), &sizes()).contains(&"corpus.jsonl".to_owned()));
        assert!(!step.wants_fresh_relay(), "{step:?}");
    }
}
