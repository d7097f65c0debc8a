//! `store.disk_free_bytes_min`: events are turned away before the disk is full, and taken again after.

use std::fs;
use std::path::Path;
use std::process::Command;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use super::{get, logs};
use crate::harness::{Client, Process, chappe, lines, on, run};
use crate::metrics::{Scrape, start_with};

const REFUSED: &str = "error: the relay's disk is nearly full, it was not stored";
/// More than any disk has.
const TOO_MUCH: &str = "1152921504606846976";

fn note(n: u64, bytes: usize) -> TestEvent {
    let content = format!("{n} {}", "x".repeat(bytes));
    EventBuilder::new(1).created_at(1_700_000_000 + n).content(content).sign(&Keys::from_seed(1))
}

/// The same on any disk: more is to stay free than there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_on_a_low_disk_serves_and_takes_nothing() {
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[]).await;
    relay.connect().await.store(&note(1, 10)).await;
    relay.stop().await;
    assert!(!relay.log().contains("disk"), "{}", relay.log());

    let mut relay = Process::start(dir.path(), &[("STORE__DISK_FREE_BYTES_MIN", TOO_MUCH)]).await;
    let mut client = relay.connect().await;
    for n in 2..5 {
        assert_eq!(client.publish(&note(n, 10)).await, (false, REFUSED.to_owned()));
    }
    client.finds("{}", &[&note(1, 10)]).await;
    // What is not stored passes.
    assert!(client.publish(&EventBuilder::new(20_000).sign(&Keys::from_seed(1))).await.0);
    logs(&relay, "events are refused: the disk is nearly full", 1).await;
    relay.stop().await;
    // Three events and two looks at it later, it is still said once, and by nobody else.
    assert_eq!(relay.log().matches("refused").count(), 1, "{}", relay.log());
}

#[tokio::test]
async fn a_low_disk_is_to_be_seen() {
    let relay = start_with(|config| config.store.disk_free_bytes_min = TOO_MUCH.parse().unwrap()).await;
    for address in [relay.address(), relay.metrics_address().unwrap()] {
        assert_eq!(get(&address, "/readyz").await, (503, "the disk is nearly full\n".to_owned()));
        assert_eq!(get(&address, "/healthz").await.0, 200);
    }
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get("chappe_store_disk_low"), 1.0);
    assert_eq!(scrape.get("chappe_store_disk_free_min_bytes"), TOO_MUCH.parse::<f64>().unwrap());
    assert!(scrape.get("chappe_store_disk_free_bytes") > 0.0);
    let relay = start_with(|config| config.store.disk_free_bytes_min = 0).await;
    assert_eq!(Scrape::of(&relay).await.get("chappe_store_disk_low"), 0.0);
}

#[test]
fn commands_say_that_the_disk_is_low() {
    let dir = TempDir::new().unwrap();
    let low = |arguments: &[&str]| {
        let mut command = chappe(&[&["--data-dir", dir.path().to_str().unwrap()], arguments].concat());
        command.env("CHAPPE_STORE__DISK_FREE_BYTES_MIN", TOO_MUCH);
        run(command)
    };
    let file = dir.path().join("events.jsonl");
    fs::write(&file, lines(&[note(1, 10)])).unwrap();
    let import = ["import", file.to_str().unwrap()];
    let said = low(&import);
    assert!(said.code == Some(1) && said.err.contains("store.disk_free_bytes_min"), "{}", said.err);
    on(dir.path(), &import);
    let said = low(&["db", "info"]);
    assert!(said.out.contains("that are to stay free: events are refused"), "{}{}", said.out, said.err);
    assert!(on(dir.path(), &["db", "info"]).contains("events are refused below 256.0 MiB"));
}

/// A file system of its own, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    const BYTES: u64 = 32 << 20;

    fn mount() -> Self {
        let dir = TempDir::new().unwrap();
        let size = format!("size={}", Self::BYTES);
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).status();
        assert!(mounted.unwrap().success(), "mounting needs root");
        Self(dir)
    }

    fn free_bytes(&self) -> u64 {
        let said = Command::new("df").args(["-B1", "--output=avail"]).arg(self.0.path()).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        said.lines().nth(1).unwrap().trim().parse().unwrap()
    }

    /// Something else that takes room.
    fn fill(&self, name: &str, bytes: usize) {
        fs::write(self.0.path().join(name), vec![1; bytes]).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Publishes until it is refused, and gives what was taken.
async fn fill(client: &mut Client, from: u64) -> Vec<TestEvent> {
    let mut stored = Vec::new();
    loop {
        let event = note(from + stored.len() as u64, 60_000);
        match client.publish(&event).await {
            (true, _) => stored.push(event),
            (false, text) => {
                assert_eq!(text, REFUSED);
                return stored;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "mounts a file system, which needs root"]
async fn events_are_refused_before_the_disk_is_full_and_taken_again_after() {
    const MIN: u64 = 8 << 20;
    let disk = SmallDisk::mount();
    disk.fill("old logs", 4 << 20);
    let data: &Path = &disk.0.path().join("data");
    let min = MIN.to_string();
    let mut relay = Process::start(data, &[("STORE__DISK_FREE_BYTES_MIN", &min)]).await;
    let mut client = relay.connect().await;
    let mut stored = fill(&mut client, 0).await;
    // What one commit takes, and no more.
    let free = disk.free_bytes();
    assert!(free > MIN - (1 << 20) && free < MIN + MIN / 8, "{free}");
    logs(&relay, "events are refused: the disk is nearly full", 1).await;
    // Others fill it to the end. What is stored is served.
    disk.fill("others", usize::try_from(disk.free_bytes()).unwrap() - 4096);
    assert_eq!(client.publish(&note(9_999, 10)).await, (false, REFUSED.to_owned()));
    assert_eq!(client.query(r#"{"limit":1000}"#).await.0.len(), stored.len());
    // Some room is not enough: not for a single event.
    fs::remove_file(disk.0.path().join("others")).unwrap();
    assert_eq!(client.publish(&note(9_999, 10)).await, (false, REFUSED.to_owned()));
    fs::remove_file(disk.0.path().join("old logs")).unwrap();
    logs(&relay, "the disk has room again: events are taken", 1).await;
    stored.extend(fill(&mut client, 1_000).await);
    assert!(stored.last().unwrap().created_at() > 1_700_001_000, "some came after there was room");
    logs(&relay, "events are refused: the disk is nearly full", 2).await;
    assert_eq!(client.query(r#"{"limit":1000}"#).await.0.len(), stored.len());
    relay.stop().await;
    on(data, &["db", "verify"]);
    let exported = on(data, &["export"]);
    assert!(stored.iter().all(|event| exported.contains(event.json().as_str())));
}
