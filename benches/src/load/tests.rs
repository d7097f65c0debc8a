//! The generator against relays that are right, and wrong in one way each.

mod toy;

use clap::Parser;

use crate::failure::Failure;
use crate::options::{Command, Options};
use crate::report::Report;
use crate::{fanout, idle, publish, req};
use toy::Habit;

/// A corpus small enough for the toy relay.
const CORPUS: &str = "--events 300 --authors 20";

async fn run(url: &str, line: &str) -> Result<Report, Failure> {
    let words =
        ["load"].into_iter().chain(line.split(' ').map(|word| if word == "URL" { url } else { word }));
    match Options::try_parse_from(words).unwrap().prepared().command {
        Command::Publish(task) => publish::run(&task, Some(std::process::id())).await,
        Command::Req(task) => req::run(&task, None).await,
        Command::Fanout(task) => fanout::run(&task, None).await,
        Command::Idle(task) => idle::run(&task, None).await,
        Command::Generate(_) => panic!("needs no relay"),
    }
}

fn figure(report: &Report, name: &str) -> f64 {
    report.phases[0].figures.iter().find(|figure| figure.name == name).unwrap().value
}

/// Publishes the corpus, then asks about it.
async fn publish_and_ask(habit: Habit) -> [Report; 2] {
    let url = toy::start(habit).await;
    let publish = run(&url, &format!("publish URL {CORPUS} --connections 3 --window 5")).await.unwrap();
    let shapes = "profile,thread,ids,global,home,notifications,author,window,mix";
    let line = format!("req URL {CORPUS} --requests 40 --questions 8 --shapes {shapes}");
    [publish, run(&url, &line).await.unwrap()]
}

async fn fan_out(habit: Habit, rate: &str) -> Report {
    let url = toy::start(habit).await;
    let line = format!("fanout URL --subscribers 5 --follows 8 --authors 20 --notes 40 --rate {rate}");
    run(&url, &line).await.unwrap()
}

#[tokio::test]
async fn a_right_relay_has_no_faults() {
    let [publish, req] = publish_and_ask(Habit::Honest).await;
    assert_eq!((publish.faults.as_slice(), req.faults.as_slice()), ([].as_slice(), [].as_slice()));
    assert_eq!((figure(&publish, "events"), figure(&publish, "accepted")), (300.0, 300.0));
    assert!(figure(&publish, "p50") > 0.0 && figure(&publish, "p99") >= figure(&publish, "p50"));
    assert!(figure(&publish, "relay memory") > 0.0, "the process id was given");
    assert_eq!(req.phases.len(), 9);
    let answered = |phase: &crate::report::Phase| {
        phase.figures.iter().any(|one| one.name == "events" && one.value > 0.0)
    };
    assert!(req.phases.iter().all(answered), "{req}");
    for rate in ["burst", "1000"] {
        let report = fan_out(Habit::Honest, rate).await;
        assert_eq!(report.faults, [""; 0]);
        assert!((40.0..160.0).contains(&figure(&report, "deliveries")), "about 5 x 40 x 8 / 20: {report}");
    }
}

#[tokio::test]
async fn wrong_stored_answers_are_told_apart() {
    for (habit, publish_fault, req_fault) in [
        (Habit::Forgets, "cannot be fetched back", "too many or too few"),
        (Habit::Reverses, "", "another order"),
        (Habit::Substitutes, "cannot be fetched back", "other events"),
        (Habit::Closes, "cannot be fetched back", "requests refused"),
        (Habit::Dreams, "not in flight", ""),
    ] {
        let [publish, req] = publish_and_ask(habit).await;
        for (report, fault) in [(&publish, publish_fault), (&req, req_fault)] {
            let found = report.faults.iter().any(|line| line.contains(fault));
            assert!(found || (fault.is_empty() && report.faults.is_empty()), "{habit:?}: {report}");
        }
    }
}

#[tokio::test]
async fn refusals_are_counted_and_are_no_fault_of_the_relay() {
    let url = toy::start(Habit::Refuses).await;
    let report = run(&url, &format!("publish URL {CORPUS}")).await.unwrap();
    assert_eq!(figure(&report, "refused"), 300.0);
    assert_eq!(report.notes, ["refused with \"blocked\": 300"]);
    assert_eq!(report.faults, [""; 0]);
}

#[tokio::test]
async fn wrong_deliveries_are_told_apart() {
    for (habit, fault) in [
        (Habit::Repeats, "delivered twice"),
        (Habit::Gossips, "do not match"),
        (Habit::Keeps, "deliveries missing"),
        (Habit::HangsUp, "subscribers lost"),
    ] {
        let report = fan_out(habit, "burst").await;
        assert!(report.faults.iter().any(|line| line.contains(fault)), "{habit:?}: {report}");
    }
}

#[tokio::test]
async fn idle_connections_are_held_and_lost_ones_noticed() {
    let line = "idle URL --connections 100 --seconds 1 --authors 3";
    let report = run(&toy::start(Habit::Honest).await, line).await.unwrap();
    assert_eq!((figure(&report, "connections"), report.faults.len()), (100.0, 0));
    let report = run(&toy::start(Habit::HangsUp).await, line).await.unwrap();
    assert!(report.faults.iter().any(|fault| fault.contains("100 connections lost")), "{report}");
    let failure = run(&toy::start(Habit::Closes).await, line).await.unwrap_err();
    assert!(failure.to_string().contains("subscription refused: error: no"), "{failure}");
}
