use std::collections::BTreeMap;

use super::{Baseline, Coverage, Surroundings, compare};

fn baseline(rustc: &str, counts: &[(&str, u64)]) -> Baseline {
    Baseline {
        surroundings: Surroundings(BTreeMap::from([("rustc".to_owned(), rustc.to_owned())])),
        instructions: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
    }
}

#[test]
fn only_a_rise_of_over_five_percent_fails() {
    let before = baseline("1", &[("decode", 1_000), ("encode", 1_000)]);
    for (now, fails) in [(900, false), (1_000, false), (1_050, false), (1_051, true), (9_000, true)] {
        let now = baseline("1", &[("decode", now), ("encode", 990)]);
        assert_eq!(compare(&before, &now, Coverage::All).judge().is_err(), fails, "{now:?}");
    }
}

#[test]
fn the_failure_says_how_to_accept_a_rise() {
    let comparison =
        compare(&baseline("1", &[("decode", 10)]), &baseline("1", &[("decode", 20)]), Coverage::All);
    let failure = comparison.judge().unwrap_err().to_string();
    assert!(failure.starts_with("1 of 1 take over 5 % more"), "{failure}");
    assert!(failure.contains("cargo xtask bench --accept") && failure.contains("benches/baseline.json"));
}

#[test]
fn a_rise_on_another_toolchain_is_told_and_does_not_fail() {
    let comparison =
        compare(&baseline("1", &[("decode", 10)]), &baseline("2", &[("decode", 20)]), Coverage::All);
    assert!(comparison.judge().is_ok());
    let text = comparison.to_string();
    assert!(text.contains("RISEN") && text.contains("rustc: 1 then, 2 now"), "{text}");
}

#[test]
fn new_and_gone_ones_are_shown_and_do_not_fail() {
    let (before, now) = (baseline("1", &[("a", 1), ("b", 20)]), baseline("1", &[("b", 21), ("c", 3)]));
    let comparison = compare(&before, &now, Coverage::All);
    assert!(comparison.judge().is_ok());
    let text = comparison.to_string();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    assert_eq!(
        lines,
        [
            "instructions baseline now ratio",
            "a 1 - gone: --accept drops it",
            "b 20 21 1.050",
            "c - 3 new: --accept takes it in",
        ]
    );
    assert!(!compare(&before, &now, Coverage::Some).to_string().contains("gone"));
}

#[test]
fn a_run_of_some_takes_only_those_in() {
    assert_eq!(Coverage::of(&["--nocapture".to_owned()]), Coverage::All);
    assert_eq!(Coverage::of(&["decode".to_owned()]), Coverage::Some);
    let (before, now) = (baseline("1", &[("a", 1), ("b", 20)]), baseline("1", &[("b", 21)]));
    let some = before.clone().with(now.clone(), Coverage::Some).unwrap();
    assert_eq!(some, baseline("1", &[("a", 1), ("b", 21)]));
    assert_eq!(before.clone().with(now.clone(), Coverage::All).unwrap(), now);
    // Counts of two places do not go into one baseline.
    assert!(before.with(baseline("2", &[("b", 21)]), Coverage::Some).is_err());
}

#[test]
fn what_is_written_is_read_back_and_nonsense_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("baseline.json");
    assert_eq!(Baseline::read(&path).unwrap().instructions.len(), 0, "there is none yet");
    let baseline = baseline("1.95.0", &[("event::event::decode.note", 7_769)]);
    baseline.write(&path).unwrap();
    assert_eq!(Baseline::read(&path).unwrap(), baseline);
    for (text, why) in [
        ("[]", "no object `surroundings`"),
        (r#"{"surroundings":{"rustc":1},"instructions":{}}"#, "`rustc` is not a text"),
        (r#"{"surroundings":{},"instructions":{"a":-1}}"#, "`a` is not a count"),
    ] {
        assert_eq!(Baseline::parse(text).unwrap_err(), why);
    }
}
