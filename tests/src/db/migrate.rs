use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, Rng};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Process, chappe, counted, import, on, said_on, seed};

/// The layouts that there were. Of the last program with each a store is kept (tests/data/stores/README.md).
const EARLIER: [u64; 2] = [1, 2];

/// What is kept of it.
fn kept(layout: u64, name: &str) -> Vec<u8> {
    let file = format!("layout-{layout}.{name}.gz");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/stores").join(file);
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn put_file(layout: u64, dir: &Path) {
    fs::write(dir.join("data.mdb"), kept(layout, "mdb")).unwrap();
}

/// All that it held is there, and what was deleted or replaced stays away.
fn assert_same(layout: u64, dir: &Path) {
    let exported = kept(layout, "exported.jsonl");
    assert_eq!(on(dir, &["export"]).as_bytes(), exported);
    assert!(on(dir, &["db", "verify"]).contains("0  faults"));
    let report = import(dir, std::str::from_utf8(&kept(layout, "imported.jsonl")).unwrap());
    assert!(counted(&report, "stored") == 0 && counted(&report, "deleted by their authors") > 20, "{report}");
    assert_eq!(on(dir, &["export"]).as_bytes(), exported);
}

#[test]
fn a_store_of_an_earlier_layout_is_brought_up_to_date() {
    for layout in EARLIER {
        let dir = TempDir::new().unwrap();
        put_file(layout, dir.path());
        for command in ["info", "verify"] {
            let said = said_on(dir.path(), &["db", command]);
            assert!(said.code == Some(1) && said.err.contains("chappe db migrate"), "{}", said.err);
        }
        let said = on(dir.path(), &["db", "migrate"]);
        assert!(said.contains(&format!("had layout {layout} and has layout 3 now")), "{said}");
        assert_same(layout, dir.path());
        assert!(on(dir.path(), &["db", "migrate"]).contains("already"));
    }
    let said = said_on(TempDir::new().unwrap().path(), &["db", "migrate"]);
    assert!(said.code == Some(1) && said.err.contains("there is no store"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relay_brings_it_up_to_date_when_it_starts() {
    for layout in EARLIER {
        let dir = TempDir::new().unwrap();
        put_file(layout, dir.path());
        let mut relay = Process::start(dir.path(), &[]).await;
        let event =
            EventBuilder::new(1).created_at(1_700_000_000).content("a new one").sign(&Keys::from_seed(98));
        relay.connect().await.store(&event).await;
        relay.stop().await;
        tokio::task::block_in_place(|| {
            let filter = format!(r#"{{"ids":["{}"]}}"#, event.id());
            on(dir.path(), &["db", "delete", "--filter", &filter, "--yes"]);
            assert_same(layout, dir.path());
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_without_kinds_are_answered_as_before() {
    for layout in EARLIER {
        let dir = TempDir::new().unwrap();
        put_file(layout, dir.path());
        let exported = String::from_utf8(kept(layout, "exported.jsonl")).unwrap();
        let events: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let tags_of = |event: &Value| -> BTreeSet<(String, String)> {
            let tags = event["tags"].as_array().unwrap().iter();
            let pair = |tag: &Value| Some((tag[0].as_str()?.to_owned(), tag[1].as_str()?.to_owned()));
            tags.filter_map(pair).filter(|(name, _)| name.len() == 1).collect()
        };
        // The relay shows private messages to those involved only.
        let is_public = |event: &&Value| ![4, 1059].contains(&event["kind"].as_u64().unwrap());
        let all: BTreeSet<_> = events.iter().filter(is_public).flat_map(tags_of).collect();
        let mut relay = Process::start(dir.path(), &[]).await;
        let mut client = relay.connect().await;
        let mut asked = 0;
        for (name, value) in all.into_iter().step_by(3) {
            let has_it = |event: &&Value| tags_of(event).contains(&(name.clone(), value.clone()));
            let expected =
                events.iter().filter(is_public).filter(has_it).map(|event| event["id"].as_str().unwrap());
            let asking = json!({ format!("#{name}"): [value] }).to_string();
            let (found, _) = client.query(&asking).await;
            let found: Vec<_> = found.iter().map(|event| event["id"].as_str().unwrap()).collect();
            assert_eq!(found, expected.collect::<Vec<_>>(), "{asking}");
            asked += 1;
        }
        assert!(asked > 30, "only {asked} were asked");
        relay.stop().await;
    }
}

#[test]
fn a_migration_that_is_killed_goes_on_where_it_was() {
    EARLIER.into_iter().for_each(check_killed);
}

fn check_killed(layout: u64) {
    let dir = TempDir::new().unwrap();
    put_file(layout, dir.path());
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
            assert_same(layout, dir.path());
            put_file(layout, dir.path());
            fs::remove_file(dir.path().join("lock.mdb")).unwrap();
        } else {
            assert!(said.err.contains(&format!("layout {layout}")), "{}", said.err);
            before += 1;
        }
    }
    assert!(before > 0, "every kill came too late");
    on(dir.path(), &["db", "migrate"]);
    assert_same(layout, dir.path());
}
