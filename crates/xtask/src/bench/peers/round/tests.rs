use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn the_generators_three_endings_are_told_apart() {
    let long = Duration::from_secs(60);
    let report = |faults: &str| {
        format!(r#"echo '{{"phases":[{{"figures":[{{"name":"rate","value":7.5}}]}}],"faults":[{faults}]}}'"#)
    };
    let right = finish(shell(&report("")), long).unwrap();
    assert!(
        matches!(right, Outcome::Done(report) if report.faults.is_empty() && report.figures["rate"] == 7.5)
    );
    let wrong = finish(shell(&format!("{}; exit 1", report("\"one\""))), long).unwrap();
    assert!(matches!(wrong, Outcome::Done(report) if report.faults == ["one"]));
    let failed = finish(shell("echo 'load: first' >&2; echo 'load: it hung up' >&2; exit 2"), long).unwrap();
    assert_eq!(failed, Outcome::Refused("it hung up".to_owned()));
    assert!(finish(shell("echo nonsense"), long).is_err());
}

#[test]
fn what_takes_too_long_is_ended() {
    let begin = Instant::now();
    let outcome = finish(shell("exec sleep 60"), Duration::from_millis(100)).unwrap();
    assert_eq!(outcome, Outcome::Refused("not done after 0 s".to_owned()));
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_command_keeps_its_words_and_its_environment_under_another_limit_of_files() {
    let mut command = shell(r#"echo "$(ulimit -n) $COLOUR $0""#);
    command.arg("two words").env("COLOUR", "green");
    let output = with_files(&command, 77).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "77 green two words");
    // More than allowed: as many as there are.
    let output = with_files(&shell("ulimit -n"), usize::MAX / 2).output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty());
}
