//! Many questions on their way at once.

use super::*;

/// Gathers so many questions, then answers the last one first.
fn backwards(questions: u32) -> String {
    format!(
        r#"
case $content in *odd) action=reject;; *) action=accept;; esac
answers="$id:$action $answers"; count=$((count+1))
if [ "$count" -eq {questions} ]; then
  for answer in $answers; do say "${{answer%:*}}" "${{answer#*:}}" 'odd'; done
  answers=; count=0
fi"#
    )
}

#[tokio::test]
async fn answers_are_matched_by_id_in_whatever_order_they_come() {
    let bench = Setup::new().plugin(&backwards(100)).start();
    for n in 0..200 {
        bench.say(&format!("{n} {}", if n % 3 == 0 { "odd" } else { "even" }));
    }
    let outcomes = bench.outcomes(200).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome, if n % 3 == 0 { rejected("odd") } else { Outcome::Stored }, "{n}");
    }
}

#[tokio::test]
async fn no_more_questions_are_in_flight_than_may_be() {
    // It answers four questions at a time: with three it waits for ever.
    for (in_flight_max, expected) in [(3, FAILED), (4, Outcome::Stored), (5, Outcome::Stored)] {
        let bench = Setup::new()
            .plugin(&backwards(4))
            .set(|settings| {
                settings.in_flight_max = in_flight_max;
                settings.timeout = Duration::from_secs(if in_flight_max == 3 { 1 } else { 20 });
            })
            .start();
        for n in 0..8 {
            bench.say(&n.to_string());
        }
        // When the first one has had its time, the fourth is asked about, and the others may be answered in theirs.
        let sure = if in_flight_max == 3 { 1 } else { 4 };
        assert_eq!(bench.outcomes(8).await[..sure], vec![expected; sure], "{in_flight_max}");
    }
}

#[tokio::test]
async fn two_questions_about_one_event_are_answered_in_their_order() {
    let bench = Setup::new()
        .plugin(
            r#"count=$((count+1))
if [ "$count" -eq 2 ]; then say "$id" accept ''; say "$id" reject 'once is enough'; fi"#,
        )
        .start();
    bench.say("twice");
    bench.say("twice");
    assert_eq!(bench.outcomes(2).await, [Outcome::Stored, rejected("once is enough")]);
}

#[tokio::test]
async fn a_stalled_program_delays_only_the_events_that_wait_for_it() {
    let bench = Setup::new()
        .program("stalled", "sleep 1000")
        .script("quick", OBEY)
        .rules(r#"{"1":{"script":"stalled"},"7":{"script":"quick"}}"#)
        .start();
    let keys = Keys::from_seed(1);
    // More than its pipe takes, and more than the writer's queue would.
    for n in 0..40 {
        bench.say(&format!("{n} {}", "x".repeat(500_000)));
    }
    let started = Instant::now();
    for kind in [7, 30_023] {
        bench.submit(&EventBuilder::new(kind).sign(&keys));
        assert_eq!(bench.outcomes(1).await, [Outcome::Stored]);
    }
    assert!(started.elapsed() < support::LONG, "nothing has waited for the time-out");
    bench.plugins.stop().await;
    assert_eq!(bench.outcomes(40).await, vec![FAILED; 40]);
}

#[tokio::test]
async fn what_is_too_much_to_wait_for_a_program_fails_at_once() {
    let bench = Setup::new().program("plugin", "sleep 1000").command("./plugin").start();
    let large = "x".repeat(3 << 20);
    let started = Instant::now();
    for n in 0..12 {
        bench.say(&format!("{n} {large}"));
    }
    let failed = bench.outcomes(2).await;
    assert_eq!(failed, [FAILED, FAILED]);
    assert!(started.elapsed() < support::LONG, "it did not wait");
    bench.plugins.stop().await;
    assert_eq!(bench.outcomes(10).await, vec![FAILED; 10]);
}
