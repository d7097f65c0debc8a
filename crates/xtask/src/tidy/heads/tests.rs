use super::{HEAD_LINES_MAX, Tree, faults};

const GOOD: &str = "//! Kind to Route.\n//!\n//! It knows no I/O. The one decision: a closed enum.\n//! Start with `route`.\n";

#[test]
fn a_head_that_tells_all_passes() {
    assert_eq!(faults(&Tree::of(&[("crates/a/src/lib.rs", GOOD), ("crates/a/src/b.rs", "mod c;\n")])), []);
}

#[test]
fn app_and_tests_need_a_head_but_no_form() {
    let tree = Tree::of(&[("app/src/main.rs", "//! The relay.\n"), ("tests/src/lib.rs", "mod a;\n")]);
    let found = faults(&tree);
    assert!(found.len() == 1 && found[0].path == "tests/src/lib.rs", "{found:?}");
}

#[test]
fn what_a_head_lacks_is_named() {
    let long = GOOD.to_owned() + &"//! More.\n".repeat(HEAD_LINES_MAX);
    let cases = [
        ("use std::fmt;\n", "opens without a head"),
        (&long, "a page has at most"),
        (&GOOD.replace("knows", "has"), "does not know"),
        (&GOOD.replace("decision", "choice"), "the one decision"),
        (&GOOD.replace("Start", "Go on"), "where to start"),
    ];
    for (text, fault) in cases {
        let found = faults(&Tree::of(&[("crates/a/src/lib.rs", text)]));
        assert!(found.len() == 1 && found[0].text.contains(fault), "{text:?} gave {found:?}, not {fault:?}");
    }
}
