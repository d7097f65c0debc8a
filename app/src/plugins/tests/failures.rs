//! Programs that do not do what they should.

use super::*;

/// For what will never be answered.
const SHORT: Duration = Duration::from_millis(700);

/// Whatever goes wrong with one question, the next is answered.
const MISBEHAVE: &str = r#"
case $content in
  hang*) ;;
  garbage*) printf 'no answer {\n\n[]\n\377\n{"id":"%s"}\n' "$id";;
  'wrong id'*) say 5c83da77af1dec6d7289834998ad7aafbd9e2191396d75ec3cc27f5a77226f36 accept '';;
  'unknown action'*) say "$id" allow '';;
  crash*) exit 3;;
  'half an answer'*) printf '{"id":"%s","act' "$id"; exit;;
  'last word'*) printf '{"id":"%s","action":"accept"}' "$id"; exit;;
  closes*) exec >&- ; sleep 1000;;
  'too long'*) head -c 300000 /dev/zero | tr '\0' x; printf '\n'; say "$id" accept '';;
  'says more'*) say "$id" accept ''; say "$id" reject 'on second thoughts';;
  noise*) printf 'hear, hear\n' >&2; printf 'thinking\n'; say "$id" accept '';;
  *) say "$id" accept '';;
esac"#;

#[tokio::test]
async fn each_misbehaviour_costs_one_event_at_most() {
    let contents = [
        ("hang", SHORT, FAILED),
        ("garbage", SHORT, FAILED),
        ("wrong id", SHORT, FAILED),
        ("unknown action", support::LONG, FAILED),
        ("crash", support::LONG, FAILED),
        ("half an answer", support::LONG, FAILED),
        ("last word", support::LONG, Outcome::Stored),
        ("closes", support::LONG, FAILED),
        ("too long", support::LONG, Outcome::Stored),
        ("says more", support::LONG, Outcome::Stored),
        ("noise", support::LONG, Outcome::Stored),
    ];
    let started = Instant::now();
    for (content, timeout, denied) in contents {
        for on_failure in [OnFailure::Deny, OnFailure::Allow] {
            let bench = Setup::new()
                .plugin(MISBEHAVE)
                .set(|settings| {
                    settings.timeout = timeout;
                    settings.on_failure = on_failure;
                })
                .start();
            let expected = match on_failure {
                OnFailure::Deny => denied.clone(),
                OnFailure::Allow => Outcome::Stored,
            };
            assert_eq!(bench.outcome(content).await, expected, "{content}, {on_failure:?}");
            // A program that is being started again may need longer than one time-out allows.
            let mut tries = 0;
            while bench.outcome(&format!("try {tries}")).await != Outcome::Stored {
                tries += 1;
                assert!(tries < 20, "{content}, {on_failure:?}: it did not recover");
            }
        }
    }
    assert!(started.elapsed() < support::LONG, "only what is never answered waits for its time-out");
}

#[tokio::test]
async fn a_crash_fails_what_was_asked_at_once_and_the_rest_waits_for_the_next_life() {
    let bench = Setup::new()
        .plugin(r#"case $content in crash) exit 3;; ask*) ;; *) say "$id" accept '';; esac"#)
        .set(|settings| settings.in_flight_max = 3)
        .start();
    let started = Instant::now();
    for content in ["ask 1", "ask 2", "crash", "later 1", "later 2"] {
        bench.say(content);
    }
    let outcomes = bench.outcomes(5).await;
    assert_eq!(outcomes, [FAILED, FAILED, FAILED, Outcome::Stored, Outcome::Stored]);
    assert!(started.elapsed() < support::LONG, "nothing has waited for the time-out");
}

/// It has ended before all that it wrote is read.
#[tokio::test]
async fn what_a_program_says_before_it_ends_counts() {
    const EVENTS: usize = 400;
    let each = format!(
        r#"say "$id" accept '' >> answers; count=$((count+1))
if [ "$count" -eq {EVENTS} ]; then exec cat answers; fi"#
    );
    let bench = Setup::new().plugin(&each).set(|settings| settings.in_flight_max = EVENTS).start();
    for n in 0..EVENTS {
        bench.say(&n.to_string());
    }
    assert_eq!(bench.outcomes(EVENTS).await, vec![Outcome::Stored; EVENTS]);
}

#[tokio::test]
async fn what_cannot_be_started_fails_its_events_and_is_tried_again() {
    let bench = Setup::new()
        .rules(r#"{"1":{"script":"not there yet"}}"#)
        .set(|settings| settings.timeout = SHORT)
        .start();
    assert_eq!(bench.outcome("early").await, FAILED);
    support::write_script(bench.path(), "not there yet", r#"say "$id" accept ''"#);
    let mut tries = 0;
    while bench.outcome(&format!("try {tries}")).await != Outcome::Stored {
        tries += 1;
        assert!(tries < 100, "it was not tried again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_plugin_that_nobody_has_configured_answers_nothing() {
    let bench = Setup::new().command("").start();
    assert_eq!(bench.outcome("note").await, FAILED);
}

#[tokio::test]
async fn a_program_may_take_its_time_to_start() {
    let slow = r#"
if [ -z "$up" ]; then sleep 1; up=1; fi
say "$id" accept ''"#;
    let bench = Setup::new().plugin(slow).start();
    assert_eq!(bench.outcome("patient").await, Outcome::Stored);
    // Even longer than the time-out: it is not taken for one that hangs.
    let bench = Setup::new().plugin(slow).set(|settings| settings.timeout = SHORT).start();
    assert_eq!(bench.outcome("impatient").await, FAILED);
    let mut tries = 0;
    while bench.outcome(&format!("try {tries}")).await != Outcome::Stored {
        tries += 1;
        assert!(tries < 20, "it was ended before it was ready");
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_started_again() {
    let bench = Setup::new()
        .plugin(r#"if [ ! -e hung ]; then echo yes > hung; sleep 1000; fi; say "$id" accept ''"#)
        .set(|settings| settings.timeout = Duration::from_millis(100))
        .start();
    let mut tries = 0;
    while bench.outcome(&format!("try {tries}")).await != Outcome::Stored {
        tries += 1;
        assert!(tries < 200, "it still hangs");
    }
    assert!(tries >= 6, "it was given time");
}

#[tokio::test]
async fn there_are_only_so_many_scripts() {
    let kinds: Vec<_> = (1_000..).take(SCRIPTS_MAX + 1).collect();
    let mut setup = Setup::new();
    for kind in &kinds {
        setup = setup.script(&format!("script {kind}"), r#"say "$id" accept ''"#);
    }
    let rules: Vec<_> =
        kinds.iter().map(|kind| format!(r#""{kind}":{{"script":"script {kind}"}}"#)).collect();
    let bench = setup.rules(&format!("{{{}}}", rules.join(","))).start();
    for kind in kinds {
        bench.submit(&EventBuilder::new(kind).sign(&Keys::from_seed(1)));
    }
    let outcomes = bench.outcomes(SCRIPTS_MAX + 1).await;
    let stored = outcomes.iter().filter(|outcome| **outcome == Outcome::Stored).count();
    assert_eq!(stored, SCRIPTS_MAX);
    assert_eq!(outcomes[SCRIPTS_MAX], FAILED);
}
