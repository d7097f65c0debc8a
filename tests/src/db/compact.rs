use std::fs;
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{Corpus, EventBuilder, Keys, Rng};
use tempfile::TempDir;

use super::{SmallDisk, settle};
use crate::harness::{Process, chappe, counted, import, lines, on, run, said_on, seed};

/// A store from which much was deleted.
fn holey() -> TempDir {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&Corpus::plain(seed(), 3_000, 10).events));
    settle(dir.path());
    let vanish = |n: u64| {
        EventBuilder::new(62)
            .tag(&["relay", "ALL_RELAYS"])
            .created_at(1_800_000_000)
            .sign(&Keys::from_seed(n))
    };
    let author = Keys::from_seed(77);
    let large = |n: u64| EventBuilder::new(1).created_at(n).content("x".repeat(20_000)).sign(&author);
    import(dir.path(), &lines(&(0..600).map(large).collect::<Vec<_>>()));
    import(dir.path(), &lines([&vanish(77)]));
    dir
}

#[test]
fn the_file_gets_smaller_and_the_store_stays_the_same() {
    let dir = holey();
    let exported = on(dir.path(), &["export"]);
    let size = || fs::metadata(dir.path().join("data.mdb")).unwrap().len();
    let before = size();
    assert!(on(dir.path(), &["db", "compact"]).contains(" before, "));
    assert!(size() < before * 2 / 3, "{before}, {}", size());
    assert_eq!(on(dir.path(), &["export"]), exported);
    on(dir.path(), &["db", "verify"]);
}

#[test]
fn a_compaction_that_is_killed_leaves_a_working_store() {
    let dir = holey();
    let (exported, mut rng) = (on(dir.path(), &["export"]), Rng::new(seed()));
    for _ in 0..20 {
        let mut compact = chappe(&["--data-dir", dir.path().to_str().unwrap(), "db", "compact"]);
        let mut child = compact.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(rng.within(0..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        on(dir.path(), &["db", "verify"]);
        assert_eq!(on(dir.path(), &["export"]), exported);
        assert!(!dir.path().join("data.mdb.compact").exists(), "opening removes what was left");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_away_from_a_store_that_is_open() {
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[]).await;
    let said = tokio::task::block_in_place(|| said_on(dir.path(), &["db", "compact"]));
    assert!(said.code == Some(1) && said.err.contains("in use"), "{}", said.err);
    relay.stop().await;
}

#[test]
#[ignore = "mounts a file system, which needs root"]
fn a_disk_without_room_for_both_keeps_what_there_was() {
    let disk = SmallDisk::new("12m");
    let large =
        |n: u64| EventBuilder::new(1).created_at(n).content("x".repeat(20_000)).sign(&Keys::from_seed(1));
    let events: Vec<_> = (0..350).map(large).collect();
    let file = TempDir::new().unwrap();
    let file = file.path().join("events.jsonl");
    fs::write(&file, lines(&events)).unwrap();
    let mut import = chappe(&["--data-dir", disk.path().to_str().unwrap(), "import", file.to_str().unwrap()]);
    // To the last byte.
    import.env("CHAPPE_STORE__DISK_FREE_BYTES_MIN", "0");
    assert_eq!(counted(&run(import).out, "stored"), 350);
    let exported = on(disk.path(), &["export"]);
    let said = said_on(disk.path(), &["db", "compact"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(!disk.path().join("data.mdb.compact").exists());
    assert_eq!(on(disk.path(), &["export"]), exported);
    // Nor is there room for a repair, which leaves nothing of its own.
    assert_eq!(said_on(disk.path(), &["db", "repair"]).code, Some(1));
    assert!(!disk.path().join("repairing").exists() && !disk.path().join("data.mdb.damaged").exists());
    assert_eq!(on(disk.path(), &["export"]), exported);
    // Nor is there room for a backup, and none is left half made.
    let set = disk.path().join("set");
    let said = said_on(disk.path(), &["db", "backup", set.to_str().unwrap()]);
    let is_whole = said.code == Some(0);
    assert_eq!(set.join("0001").exists(), is_whole, "{}", said.err);
    assert!(!set.join("0001.part").exists());
}
