//! The examples that come with the relay: each is without fault and warning, and does what its own tests say.

use std::path::Path;

use chappe_policy::{Policy, Verdict};

use crate::support::lines;

const NAMES: [&str; 6] = ["archive", "community", "company", "follows", "inbox", "public"];

fn text_of(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap()
}

#[test]
fn there_are_these_and_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, NAMES.map(|name| format!("{name}.json")));
}

#[test]
fn the_examples_pass_their_own_tests() {
    for name in NAMES {
        let policy =
            Policy::parse(&text_of(name)).unwrap_or_else(|faults| panic!("{name}\n{}", lines(&faults)));
        assert!(policy.warnings().is_empty(), "{name}\n{}", lines(policy.warnings()));
        assert!(policy.tests().len() > 3, "{name} shows what it does");
        let failures: Vec<_> = policy.tests().iter().filter_map(|test| test.run(&policy).err()).collect();
        assert!(failures.is_empty(), "{name}\n{}", lines(&failures));
    }
}

/// A test that expects the other answer fails: the tests of the examples do ask the policy.
#[test]
fn each_of_their_tests_can_fail() {
    for name in NAMES {
        let text = text_of(name);
        let turned = text.replace("\"expect\": \"allow\"", "\"expect\": \"other\"");
        let turned = turned.replace("\"expect\": \"deny\"", "\"expect\": \"allow\"");
        let turned = turned.replace("\"expect\": \"other\"", "\"expect\": \"deny\"");
        let policy = Policy::parse(&turned).unwrap();
        for test in policy.tests() {
            let failure = test.run(&policy).expect_err(test.name());
            assert!(matches!(failure.explanation.verdict(), Verdict::Allow | Verdict::Deny));
        }
    }
}
