//! When programs start and end.

use tokio::time::sleep;

use super::*;

/// Leaves a mark at each beat of its heart, whatever becomes of its input.
const HEART: &str = "while :; do echo beat >> beats; sleep 0.02; done";

fn beats(path: &Path) -> usize {
    std::fs::read_to_string(path.join("beats")).unwrap_or_default().lines().count()
}

async fn assert_dead(path: &Path) {
    // One beat may have been on its way.
    sleep(Duration::from_millis(100)).await;
    let before = beats(path);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(beats(path), before, "it lives");
}

#[tokio::test]
async fn a_program_is_told_by_the_end_of_its_input() {
    let bench = Setup::new()
        .program("plugin", "echo up > up; while read -r line; do :; done; echo orderly > ended")
        .command("./plugin")
        .start();
    bench.file("up").await;
    bench.say("unanswered");
    bench.plugins.stop().await;
    assert_eq!(bench.outcomes(1).await, [FAILED]);
    assert_eq!(bench.file("ended").await, "orderly\n");
    assert_eq!(bench.outcome("after the end").await, FAILED);
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_with_its_children() {
    let bench = Setup::new()
        .program("heart", HEART)
        // A shell that waits for its child.
        .command("./heart; echo unreachable")
        .start();
    bench.file("beats").await;
    let started = Instant::now();
    bench.plugins.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_dead(bench.path()).await;
}

#[test]
fn no_program_outlives_the_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(async {
        let bench = Setup::new().program("heart", HEART).command("./heart; echo unreachable").start();
        bench.file("beats").await;
        bench
    });
    bench.say("unanswered");
    drop(runtime);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        assert_eq!(bench.outcomes(1).await, [FAILED]);
        assert_dead(bench.path()).await;
    });
}

#[tokio::test]
async fn a_script_that_no_policy_names_any_more_answers_and_ends() {
    let bench = Setup::new()
        .program(
            "script",
            r#"echo up >> lives
while read -r line; do
  id=${line#*'"id":"'}; id=${id%%'"'*}; sleep 0.2; printf '{"id":"%s","action":"accept"}\n' "$id"
done; echo ended > ended"#,
        )
        .rules(r#"{"1":{"script":"script"}}"#)
        .start();
    assert_eq!(bench.outcome("1").await, Outcome::Stored);
    bench.say("2");
    bench.plugins.keep_scripts(["script", "another"]);
    bench.say("3");
    bench.plugins.keep_scripts(["another"]);
    assert_eq!(bench.outcomes(2).await, [Outcome::Stored, Outcome::Stored]);
    assert_eq!(bench.file("ended").await, "ended\n");
    assert_eq!(bench.file("lives").await, "up\n");
    // An event that was judged by the old policy may still come.
    assert_eq!(bench.outcome("4").await, Outcome::Stored);
    assert_eq!(bench.file("lives").await, "up\nup\n");
}

#[tokio::test]
async fn a_script_starts_with_its_first_event_and_the_plugin_with_the_relay() {
    let up = r#"printf '%s\n' "$0" >> lives; while read -r line; do :; done"#;
    let bench = Setup::new()
        .program("plugin", up)
        .program("script", up)
        .command("./plugin")
        .rules(r#"{"1":{"script":"script"}}"#)
        .start();
    assert_eq!(bench.file("lives").await, "./plugin\n");
}
