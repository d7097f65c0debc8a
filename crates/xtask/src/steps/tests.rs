use super::{Failure, Steps};

#[test]
fn one_failure_or_skip_fails_the_whole_and_the_rest_still_runs() {
    let mut steps = Steps::default();
    assert!(!steps.run("first", || Err(Failure::new("broken"))));
    assert!(steps.run("second", || Ok(())));
    steps.skip("third", "needs the first");
    assert_eq!(steps.finish().expect_err("two are bad").to_string(), "2 of 3 steps did not pass");
}

#[test]
fn all_passed_is_success() {
    let mut steps = Steps::default();
    assert!(steps.run("only", || Ok(())));
    assert!(steps.finish().is_ok());
}
