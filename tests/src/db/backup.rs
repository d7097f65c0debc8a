use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{Corpus, EventBuilder, Keys, Rng};
use tempfile::TempDir;

use super::{SmallDisk, notes};
use crate::harness::{Process, chappe, counted, import, lines, on, run, said_on, seed};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All files of a set of backups.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// A store of random events and two backups of it.
fn backed_up() -> (TempDir, TempDir) {
    let (dir, set) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let corpus = Corpus::eventful(seed(), 1_500, 20);
    let (first, second) = corpus.events.split_at(900);
    for half in [first, second] {
        import(dir.path(), &lines(half));
        on(dir.path(), &["db", "backup", text(set.path())]);
    }
    (dir, set)
}

fn blocking(dir: &Path, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| on(dir, arguments))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_runs_is_backed_up_and_restored() {
    let (dir, set, again) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut relay = Process::start(dir.path(), &[]).await;
    let mut client = relay.connect().await;
    let events = notes(30);
    for event in &events[..20] {
        client.store(event).await;
    }
    assert!(blocking(dir.path(), &["db", "backup", text(set.path())]).contains("20 new events of 20"));
    for event in &events[20..] {
        client.store(event).await;
    }
    let deletion = EventBuilder::new(5).tag(&["e", &events[3].id().to_string()]).sign(&Keys::from_seed(3));
    client.store(&deletion).await;
    assert!(blocking(dir.path(), &["db", "backup", text(set.path())]).contains("11 new events of 30"));
    relay.stop().await;
    assert!(on(again.path(), &["db", "restore", text(set.path())]).contains("30 events of 2 runs: restored"));
    let exported = on(dir.path(), &["export"]);
    assert_eq!(on(again.path(), &["export"]), exported);
    assert!(!exported.contains(&events[3].json()));
    assert_eq!(counted(&on(again.path(), &["db", "verify"]), "events"), 30);
    // What was deleted stays away, and the relay is the same to clients.
    assert_eq!(counted(&import(again.path(), &lines([&events[3]])), "deleted by their authors"), 1);
    let key = |dir: &TempDir| fs::read(dir.path().join("relay.key")).unwrap();
    assert_eq!(key(&again), key(&dir));
    let mut relay = Process::start(again.path(), &[]).await;
    relay.connect().await.finds(r#"{"kinds":[5]}"#, &[&deletion]).await;
    relay.stop().await;
}

#[test]
fn a_set_with_one_wrong_byte_is_refused_and_the_place_named() {
    let (_, set) = backed_up();
    on(set.path(), &["db", "restore", "--check", text(set.path())]);
    let (mut rng, files) = (Rng::new(seed()), files(set.path()));
    assert!(files.len() >= 6, "{files:?}");
    for round in 0..60 {
        let file = &files[round % files.len()];
        let sound = fs::read(file).unwrap();
        let mut bytes = sound.clone();
        let at = rng.below(bytes.len());
        bytes[at] ^= 1 << rng.below(8);
        fs::write(file, &bytes).unwrap();
        let target = TempDir::new().unwrap();
        let mut arguments = vec!["db", "restore", text(set.path())];
        if round % 3 > 0 {
            arguments.push("--check");
        }
        let said = said_on(target.path(), &arguments);
        assert_eq!(said.code, Some(1), "byte {at} of {}", file.display());
        let told = said.err.contains("damaged") && said.err.contains(text(file));
        assert!(told, "byte {at} of {}: {}", file.display(), said.err);
        assert!(!target.path().join("data.mdb").exists() && !target.path().join("restoring").exists());
        fs::write(file, &sound).unwrap();
    }
    on(set.path(), &["db", "restore", "--check", text(set.path())]);
}

#[test]
fn a_set_that_lacks_something_is_refused() {
    let (_, set) = backed_up();
    let refused = |words: &[&str]| {
        let said = said_on(TempDir::new().unwrap().path(), &["db", "restore", text(set.path())]);
        assert_eq!(said.code, Some(1), "{words:?}");
        words.iter().for_each(|word| assert!(said.err.contains(word), "{word} in: {}", said.err));
    };
    for file in files(set.path()) {
        let sound = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        refused(&[text(&file), "missing"]);
        fs::write(&file, &sound[..sound.len() / 2]).unwrap();
        refused(&[text(&file), "damaged"]);
        fs::write(&file, &sound).unwrap();
    }
    let (first, aside) = (set.path().join("0001"), set.path().join("aside"));
    fs::rename(&first, &aside).unwrap();
    refused(&[text(&first), "missing"]);
    fs::remove_dir_all(&aside).unwrap();
    fs::remove_dir_all(set.path().join("0002")).unwrap();
    refused(&["there is no backup"]);
}

#[test]
fn a_restore_that_is_killed_leaves_nothing_that_opens() {
    let (dir, set) = backed_up();
    let (exported, mut rng, mut unfinished) = (on(dir.path(), &["export"]), Rng::new(seed()), 0);
    let target = TempDir::new().unwrap();
    for turn in 0..200 {
        // Twenty turns are enough, unless the machine was never in time.
        if turn >= 20 && unfinished > 0 {
            break;
        }
        let mut restore = chappe(&["--data-dir", text(target.path()), "db", "restore", text(set.path())]);
        let mut child = restore.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // When it begins is the machine's business; from then on, sooner and later in turn.
        while !target.path().join("restoring").exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(rng.within(0..1_000 << (turn % 9))));
        child.kill().unwrap();
        child.wait().unwrap();
        if target.path().join("data.mdb").exists() {
            assert_eq!(on(target.path(), &["export"]), exported);
            fs::remove_file(target.path().join("data.mdb")).unwrap();
            fs::remove_file(target.path().join("lock.mdb")).unwrap();
        } else if target.path().join("restoring").exists() {
            let said = said_on(target.path(), &["export"]);
            assert!(said.code == Some(1) && said.err.contains("did not come to its end"), "{}", said.err);
            unfinished += 1;
        }
    }
    assert!(unfinished > 0, "no kill came in the middle");
    on(target.path(), &["db", "restore", text(set.path())]);
    assert_eq!(on(target.path(), &["export"]), exported);
    on(target.path(), &["db", "verify"]);
}

#[test]
fn a_backup_that_is_killed_spoils_nothing() {
    let (dir, set) = backed_up();
    let mut rng = Rng::new(seed());
    for _ in 0..10 {
        let mut backup = chappe(&["--data-dir", text(dir.path()), "db", "backup", text(set.path())]);
        let mut child = backup.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(rng.within(0..100_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        on(dir.path(), &["db", "restore", "--check", text(set.path())]);
    }
    on(dir.path(), &["db", "backup", text(set.path())]);
    let again = TempDir::new().unwrap();
    on(again.path(), &["db", "restore", text(set.path())]);
    assert_eq!(on(again.path(), &["export"]), on(dir.path(), &["export"]));
}

#[test]
fn stores_are_not_mixed_up_and_none_is_replaced() {
    let (dir, set) = backed_up();
    let said = said_on(dir.path(), &["db", "restore", text(set.path())]);
    assert!(said.code == Some(1) && said.err.contains("it would be replaced"), "{}", said.err);
    let other = TempDir::new().unwrap();
    import(other.path(), &lines(&notes(3_000)));
    let said = said_on(other.path(), &["db", "backup", text(set.path())]);
    assert!(said.code == Some(1) && said.err.contains("another store"), "{}", said.err);
    let said =
        run(chappe(&["db", "restore", "/no/such/set", "--data-dir", text(TempDir::new().unwrap().path())]));
    assert!(said.code == Some(1) && said.err.contains("there is no backup"), "{}", said.err);
}

#[test]
#[ignore = "mounts a file system, which needs root"]
fn a_restore_onto_a_full_disk_says_so_and_leaves_nothing() {
    let (dir, set) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let large =
        |n: u64| EventBuilder::new(1).created_at(n).content("x".repeat(20_000)).sign(&Keys::from_seed(1));
    import(dir.path(), &lines(&(0..350).map(large).collect::<Vec<_>>()));
    on(dir.path(), &["db", "backup", text(set.path())]);
    let disk = SmallDisk::new("4m");
    // With the room that is kept free, and to the last byte.
    for free in ["1000000", "0"] {
        let mut restore = chappe(&["--data-dir", text(disk.path()), "db", "restore", text(set.path())]);
        restore.env("CHAPPE_STORE__DISK_FREE_BYTES_MIN", free);
        let said = run(restore);
        assert!(said.code == Some(1) && said.err.contains("disk"), "{}", said.err);
        assert!(!disk.path().join("restoring").exists() && !disk.path().join("data.mdb").exists());
    }
    let said = said_on(disk.path(), &["export"]);
    assert!(said.code == Some(0) && said.out.is_empty(), "{} {}", said.out, said.err);
    disk.grow("64m");
    let again = disk.path().join("again");
    let mut restore = chappe(&["--data-dir", text(&again), "db", "restore", text(set.path())]);
    restore.env("CHAPPE_STORE__DISK_FREE_BYTES_MIN", "0");
    assert_eq!(run(restore).code, Some(0));
    assert_eq!(on(&again, &["export"]), on(dir.path(), &["export"]));
}
