use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, Rng};
use flate2::read::GzDecoder;
use tempfile::TempDir;

use crate::harness::{Process, chappe, counted, import, on, said_on, seed};

/// What is kept of a store that the last program with layout 1 wrote (tests/data/stores/README.md).
fn kept(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/stores").join(format!("layout-1.{name}.gz"));
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn put_file(dir: &Path) {
    fs::write(dir.join("data.mdb"), kept("mdb")).unwrap();
}

/// All that it held is there, and what was deleted or replaced stays away.
fn assert_same(dir: &Path) {
    let exported = kept("exported.jsonl");
    assert_eq!(on(dir, &["export"]).as_bytes(), exported);
    assert!(on(dir, &["db", "verify"]).contains("0  faults"));
    let report = import(dir, std::str::from_utf8(&kept("imported.jsonl")).unwrap());
    assert!(counted(&report, "stored") == 0 && counted(&report, "deleted by their authors") > 20, "{report}");
    assert_eq!(on(dir, &["export"]).as_bytes(), exported);
}

#[test]
fn a_store_of_the_first_layout_is_brought_up_to_date() {
    let dir = TempDir::new().unwrap();
    put_file(dir.path());
    for command in ["info", "verify"] {
        let said = said_on(dir.path(), &["db", command]);
        assert!(said.code == Some(1) && said.err.contains("chappe db migrate"), "{}", said.err);
    }
    assert!(on(dir.path(), &["db", "migrate"]).contains("had layout 1 and has layout 2 now"));
    assert_same(dir.path());
    assert!(on(dir.path(), &["db", "migrate"]).contains("already"));
    let said = said_on(TempDir::new().unwrap().path(), &["db", "migrate"]);
    assert!(said.code == Some(1) && said.err.contains("there is no store"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relay_brings_it_up_to_date_when_it_starts() {
    let dir = TempDir::new().unwrap();
    put_file(dir.path());
    let mut relay = Process::start(dir.path(), &[]).await;
    let event =
        EventBuilder::new(1).created_at(1_700_000_000).content("a new one").sign(&Keys::from_seed(98));
    relay.connect().await.store(&event).await;
    relay.stop().await;
    tokio::task::block_in_place(|| {
        on(dir.path(), &["db", "delete", "--filter", &format!(r#"{{"ids":["{}"]}}"#, event.id()), "--yes"]);
        assert_same(dir.path());
    });
}

#[test]
fn a_migration_that_is_killed_goes_on_where_it_was() {
    let dir = TempDir::new().unwrap();
    put_file(dir.path());
    let (mut rng, mut before) = (Rng::new(seed()), 0);
    for turn in 1..=30 {
        let mut migrate = chappe(&["--data-dir", dir.path().to_str().unwrap(), "db", "migrate"]);
        let mut child = migrate.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Sooner at first, later later.
        std::thread::sleep(Duration::from_micros(rng.within(0..2_000 * turn)));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = said_on(dir.path(), &["db", "verify"]);
        if said.code == Some(0) {
            // It was done, so the next one begins again.
            assert_same(dir.path());
            put_file(dir.path());
            fs::remove_file(dir.path().join("lock.mdb")).unwrap();
        } else {
            assert!(said.err.contains("layout 1"), "{}", said.err);
            before += 1;
        }
    }
    assert!(before > 0, "every kill came too late");
    on(dir.path(), &["db", "migrate"]);
    assert_same(dir.path());
}
