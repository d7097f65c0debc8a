use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::time::SystemTime;

use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use super::notes;
use crate::harness::{Process, import, lines, on, said_on};

/// What stands in the first column behind a name.
fn figure(said: &str, name: &str) -> String {
    let mut words = said.lines().map(|line| line.split_whitespace());
    let found =
        words.find_map(|mut words| (words.next() == Some(name)).then(|| words.next().unwrap_or_default()));
    found.unwrap_or_else(|| panic!("{name} is missing from:\n{said}")).replace(',', "")
}

fn tally<K: Hash + Eq>(events: &[TestEvent], key: impl Fn(&TestEvent) -> K) -> HashMap<K, usize> {
    events.iter().fold(HashMap::new(), |mut tally, event| {
        *tally.entry(key(event)).or_default() += 1;
        tally
    })
}

#[test]
fn it_counts_what_there_is() {
    let dir = TempDir::new().unwrap();
    let corpus = Corpus::plain(7, 1_500, 20);
    import(dir.path(), &lines(&corpus.events));
    let exported = on(dir.path(), &["export"]);
    let mut stored: HashSet<_> = exported.lines().collect();
    let events: Vec<_> =
        corpus.events.into_iter().filter(|event| stored.remove(event.json().as_str())).collect();
    let said = on(dir.path(), &["db", "info", "--top", "1000"]);
    assert_eq!(figure(&said, "events"), exported.lines().count().to_string());
    assert_eq!(figure(&said, "records"), exported.lines().count().to_string());
    for (kind, count) in tally(&events, TestEvent::kind) {
        assert_eq!(figure(&said, &kind.to_string()), count.to_string(), "kind {kind} in:\n{said}");
    }
    for (author, count) in tally(&events, |event| event.pubkey().to_string()) {
        assert_eq!(figure(&said, &author), count.to_string(), "{author} in:\n{said}");
    }
    // The biggest come first, and the others are summed up.
    let said = on(dir.path(), &["db", "info", "--top", "1"]);
    assert!(said.lines().filter(|line| line.trim().starts_with("and ")).count() >= 2, "{said}");
}

#[test]
fn days_go_by_what_events_say() {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&notes(3)));
    let said = on(dir.path(), &["db", "info"]);
    assert_eq!(figure(&said, "2023-11-14"), "3", "{said}");
    assert!(said.contains(&Keys::from_seed(1).hex()), "{said}");
}

#[test]
fn growth_is_a_days_share_of_the_last_month() {
    let dir = TempDir::new().unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let note =
        |n: u64| EventBuilder::new(1).created_at(now - 86_400 * (1 + n % 60)).content(format!("note {n}"));
    let events: Vec<_> = (0..600).map(|n| note(n).sign(&Keys::from_seed(n % 5))).collect();
    import(dir.path(), &lines(&events));
    super::settle(dir.path());
    let said = on(dir.path(), &["db", "info"]);
    // Ten a day, twice as long as what is looked at.
    let growth = said.lines().find(|line| line.starts_with("growth ")).unwrap();
    assert!(growth.contains(" 10 events, ") && growth.contains(" a day in the last 30 days"), "{growth}");
    assert!(growth.contains("room for "), "{growth}");
}

#[test]
fn there_has_to_be_a_store() {
    let dir = TempDir::new().unwrap();
    for command in ["info", "verify"] {
        let said = said_on(dir.path(), &["db", command]);
        assert!(said.code == Some(1) && said.err.contains("there is no store at"), "{}", said.err);
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "it made something");
    }
}

#[tokio::test]
async fn entries_wait_in_memory_while_there_is_room() {
    for (bytes, waiting) in [("0", "1"), ("1000000", "30")] {
        let dir = TempDir::new().unwrap();
        let mut relay = Process::start(dir.path(), &[("STORE__YOUNG_BYTES_MAX", bytes)]).await;
        let mut client = relay.connect().await;
        for event in notes(30) {
            client.store(&event).await;
        }
        relay.stop().await;
        assert_eq!(figure(&on(dir.path(), &["db", "info"]), "unsettled"), waiting, "{bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reads_beside_a_relay_that_runs() {
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[]).await;
    let mut client = relay.connect().await;
    let events = notes(60);
    for (stored, event) in events.iter().enumerate() {
        client.store(event).await;
        if stored % 20 == 19 {
            let path = dir.path().to_owned();
            let said = tokio::task::spawn_blocking(move || {
                (on(&path, &["db", "info"]), on(&path, &["db", "verify"]))
            });
            let (info, verified) = said.await.unwrap();
            assert_eq!(figure(&info, "events"), (stored + 1).to_string());
            assert_eq!(crate::harness::counted(&verified, "events"), stored as u64 + 1);
        }
    }
    client.finds(r#"{"limit":1}"#, &[&events[59]]).await;
    relay.stop().await;
}
