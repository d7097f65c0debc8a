//! What the log says of queries that take long (`log.slow_query_milliseconds`).

use std::time::Duration;

use chappe_store::{Options, Placement, Record, Store, Write};
use chappe_testkit::{EventBuilder, Keys};
use tempfile::TempDir;

use crate::harness::Process;

/// Puts many notes into a store without signing each.
fn filled() -> TempDir {
    let dir = TempDir::new().unwrap();
    let options = Options { map_bytes: 1 << 30, map_reserve_bytes: 1 << 20, ..Options::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    let keys = Keys::from_seed(1);
    let notes: Vec<_> = (0..3_000_u64)
        .map(|n| EventBuilder::new(1).created_at(1_000 + n).content("a secret").sign(&keys))
        .map(|note| Record::new(&note.event(), note.json().as_bytes()))
        .collect();
    let writes: Vec<_> = notes.iter().map(|record| Write { record, placement: Placement::Regular }).collect();
    store.write(&writes, chappe_protocol::Timestamp(0)).unwrap();
    dir
}

/// What the log says after a count of everything, four times over, and something asked for that is there at once.
async fn log_after_counting(milliseconds: &str) -> String {
    let dir = filled();
    let mut relay = Process::start(dir.path(), &[("LOG__SLOW_QUERY_MILLISECONDS", milliseconds)]).await;
    let mut client = relay.connect().await;
    // Each event is held against every filter.
    let filter = r##"{"kinds":[1],"#t":["nowhere"]},{"authors":[],"kinds":[1]},{"kinds":[1],"since":5}"##;
    client.say(&format!(r#"["COUNT","all",{filter}]"#)).await;
    client.expect_start(r#"["COUNT","all",{"count":3000"#).await;
    client.say(r#"["REQ","one",{"limit":1}]"#).await;
    client.expect_start(r#"["EVENT","one""#).await;
    client.expect_start(r#"["EOSE","one""#).await;
    relay.stop().await;
    // For the last lines to be read.
    tokio::time::sleep(Duration::from_millis(100)).await;
    relay.log()
}

#[tokio::test]
async fn a_query_that_took_long_is_told_with_its_plan_and_cost() {
    let log = log_after_counting("1").await;
    let told: Vec<_> = log.lines().filter(|line| line.contains("a slow query")).collect();
    let counting = told.iter().find(|line| line.contains("events=3000")).expect("the count is told");
    for part in [
        "WARN",
        "connection=1 ",
        "plans=",
        "[tag t 1]",
        "[kinds 1]",
        "records=",
        "milliseconds=",
        "since 5",
        "nowhere",
    ] {
        assert!(counting.contains(part), "{part} is missing from: {counting}");
    }
    assert!(!log.contains("a secret"), "{log}");
}

#[tokio::test]
async fn none_is_told_when_none_is_to_be() {
    let log = log_after_counting("0").await;
    assert!(!log.contains("a slow query"), "{log}");
}
