use super::super::step::FIGURES;
use super::*;

fn report(figures: &[(&str, f64)], faults: &[&str]) -> Report {
    Report {
        figures: figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
    }
}

fn figure(title: &str) -> &'static Figure {
    FIGURES.iter().find(|figure| figure.title == title).unwrap()
}

fn rate(rate: f64) -> Outcome {
    Outcome::Done(report(&[("rate", rate)], &[]))
}

#[test]
fn a_report_of_the_generator_is_read() {
    let text = r#"{"workload":"publish","relay":"ws://a","phases":[{"name":"publish","figures":[
        {"name":"events","unit":"","value":40000.0},{"name":"rate","unit":"events/s","value":7794.5}]}],
        "notes":[],"faults":["3 OKs"]}"#;
    assert_eq!(Report::parse(text).unwrap(), report(&[("events", 40_000.0), ("rate", 7_794.5)], &["3 OKs"]));
    for wrong in ["", "{}", r#"{"phases":[{"figures":[{"name":"a"}]}],"faults":[]}"#] {
        assert!(Report::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn who_leaves_over_half_undone_has_no_figures() {
    let cases: [(&[(&str, f64)], bool); 8] = [
        (&[("events", 100.0), ("refused", 3.0)], true),
        (&[("events", 100.0), ("refused", 100.0)], false),
        (&[("requests", 100.0), ("events", 48.5), ("other events", 50.0)], true),
        (&[("requests", 100.0), ("events", 48.5), ("other events", 51.0)], false),
        (&[("requests", 100.0), ("events", 0.0), ("refused", 100.0)], false),
        (&[("expected", 100.0), ("notes", 10.0), ("missing", 60.0)], false),
        (&[("expected", 100.0), ("notes", 10.0), ("missing", 0.0)], true),
        (&[("connections", 100.0)], true),
    ];
    for (figures, measured) in cases {
        let outcome = report(figures, &[]).judged();
        assert_eq!(matches!(outcome, Outcome::Done(_)), measured, "{figures:?}: {outcome:?}");
    }
    let why = report(&[("requests", 2.0), ("refused", 2.0)], &["mix: 2 requests refused", "e.g."]).judged();
    assert_eq!(why, Outcome::Refused("mix: 2 requests refused".to_owned()));
}

#[test]
fn a_ratio_is_taken_within_a_run_and_then_the_median() {
    let mut samples = Samples::default();
    // The machine slows down tenfold; ours stays at twice theirs, but for one run.
    for (run, (ours, theirs)) in
        [(200.0, 100.0), (60.0, 30.0), (20.0, 10.0), (10.0, 10.0)].into_iter().enumerate()
    {
        samples.add(Contender::Chappe, run, Step::Ingest, rate(ours));
        samples.add(Contender::Rnostr, run, Step::Ingest, rate(theirs));
    }
    let cell = samples.cell(Contender::Rnostr, figure("ingest"));
    assert_eq!(cell, Cell { median: Some(20.0), ratio: Some(2.0), remarks: Vec::new() });
    assert_eq!(cell.times_better(Better::More), Some(2.0));
    assert_eq!(cell.times_better(Better::Less), Some(0.5));
    assert_eq!(samples.cell(Contender::Chappe, figure("ingest")).median, Some(40.0));
}

#[test]
fn what_was_refused_has_no_value_and_a_reason() {
    let mut samples = Samples::default();
    samples.add(Contender::Chappe, 0, Step::Mix, rate(5.0));
    samples.add(Contender::Rnostr, 0, Step::Mix, Outcome::Refused("it hung up".to_owned()));
    samples.add(Contender::Rnostr, 1, Step::Mix, Outcome::Refused("it hung up again".to_owned()));
    let cell = samples.cell(Contender::Rnostr, figure("REQ mix"));
    let why = "not measured in 2 of 2 runs: it hung up".to_owned();
    assert_eq!(cell, Cell { median: None, ratio: None, remarks: vec![why] });
    assert_eq!(cell.times_better(Better::Less), None);
}

#[test]
fn a_run_that_only_one_of_them_finished_gives_no_ratio() {
    let mut samples = Samples::default();
    samples.add(Contender::Chappe, 0, Step::Mix, Outcome::Refused("it hung up".to_owned()));
    samples.add(Contender::Chappe, 1, Step::Mix, rate(8.0));
    samples.add(Contender::Rnostr, 0, Step::Mix, rate(1.0));
    samples.add(
        Contender::Rnostr,
        1,
        Step::Mix,
        Outcome::Done(report(&[("rate", 2.0)], &["2 wrong", "e.g."])),
    );
    let cell = samples.cell(Contender::Rnostr, figure("REQ mix"));
    assert_eq!((cell.median, cell.ratio), (Some(1.5), Some(4.0)));
    assert_eq!(cell.remarks, ["wrong answers in 1 of 2 runs: 2 wrong; e.g."]);
}

#[test]
fn nothing_of_theirs_gives_no_ratio() {
    let mut samples = Samples::default();
    samples.add(Contender::Chappe, 0, Step::Mix, rate(8.0));
    samples.add(Contender::Rnostr, 0, Step::Mix, rate(0.0));
    assert_eq!(samples.cell(Contender::Rnostr, figure("REQ mix")).ratio, None);
    assert!(samples.has(figure("REQ mix")) && !samples.has(figure("ingest")));
}

#[test]
fn all_samples_can_be_read_again() {
    let mut samples = Samples::default();
    samples.add(Contender::Strfry, 0, Step::Ids, Outcome::Refused("no".to_owned()));
    samples.add(Contender::Chappe, 1, Step::Ids, rate(8.0));
    let value: Value = serde_json::from_str(&samples.to_json()).unwrap();
    assert_eq!(value[0]["figures"]["rate"], 8.0);
    assert_eq!(value[0]["run"], 2);
    assert_eq!(
        value[1],
        json!({
            "step": "ids", "relay": "strfry", "run": 1, "figures": {}, "faults": [], "refused": "no",
        })
    );
}
