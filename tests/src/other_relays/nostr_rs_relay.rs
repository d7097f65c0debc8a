//! nostr-rs-relay keeps an event in a row, its JSON in `content`; rows that it does not show any more are `hidden`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use rusqlite::{Connection, params};
use serde_json::Value;
use tempfile::TempDir;

use super::store;
use crate::harness::{chappe, counted, on, said_on, seed};

/// What version 18 of its layout is, but for indexes and tables that have nothing to do with events.
const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA auto_vacuum = FULL;
    PRAGMA application_id = 1654008667;
    PRAGMA user_version = 18;
    CREATE TABLE event (
        id INTEGER PRIMARY KEY, event_hash BLOB NOT NULL, first_seen INTEGER NOT NULL, created_at INTEGER NOT NULL,
        expires_at INTEGER, author BLOB NOT NULL, delegated_by BLOB, kind INTEGER NOT NULL, hidden INTEGER,
        content TEXT NOT NULL);
    CREATE UNIQUE INDEX event_hash_index ON event(event_hash);
    CREATE INDEX created_at_index ON event(created_at);
    CREATE TABLE tag (
        id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL, name TEXT, value TEXT, value_hex BLOB,
        created_at INTEGER NOT NULL, kind INTEGER NOT NULL,
        FOREIGN KEY(event_id) REFERENCES event(id) ON UPDATE CASCADE ON DELETE CASCADE);";

/// An event as that relay writes it.
fn content(event: &Value) -> String {
    let names = ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"];
    let fields: Vec<_> = names.map(|name| format!("\"{name}\":{}", event[name])).into();
    format!("{{{}}}", fields.join(","))
}

fn value(event: &TestEvent) -> Value {
    serde_json::from_str(&event.json()).unwrap()
}

fn put(database: &Connection, event: &Value, is_hidden: bool) {
    let insert = "INSERT INTO event (event_hash, created_at, kind, author, content, first_seen, hidden)
        VALUES (unhex(?1), ?2, ?3, unhex(?4), ?5, 1700000000, ?6)";
    let text = |name: &str| event[name].as_str().unwrap();
    let number = |name: &str| event[name].as_i64().unwrap();
    let row =
        params![text("id"), number("created_at"), number("kind"), text("pubkey"), content(event), is_hidden];
    database.execute(insert, row).unwrap();
}

fn made(dir: &Path) -> (Connection, PathBuf) {
    let file = dir.join("nostr.db");
    let database = Connection::open(&file).unwrap();
    database.execute_batch(TABLES).unwrap();
    (database, file)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn its_database_gives_the_same_relay_and_is_left_alone() {
    let ((dir, mut events), theirs) = (store(), TempDir::new().unwrap());
    Rng::new(seed()).shuffle(&mut events);
    let (database, file) = made(theirs.path());
    database.execute_batch("BEGIN").unwrap();
    events.iter().for_each(|event| put(&database, event, false));
    database.execute_batch("COMMIT").unwrap();
    drop(database);
    let before = (fs::read(&file).unwrap(), names(theirs.path()));
    let new = TempDir::new().unwrap();
    let report = on(new.path(), &["import", file.to_str().unwrap()]);
    assert_eq!(counted(&report, "rows read"), events.len() as u64, "{report}");
    assert_eq!(on(new.path(), &["export"]), on(dir.path(), &["export"]));
    on(new.path(), &["db", "verify"]);
    assert_eq!((fs::read(&file).unwrap(), names(theirs.path())), before);
}

#[test]
fn every_row_is_in_one_count() {
    let (theirs, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (database, file) = made(theirs.path());
    let keys = Keys::from_seed(1);
    let note = |at: u64| EventBuilder::new(1).created_at(1_700_000_000 + at);
    let (kept, deleted) = (note(1).sign(&keys), note(2).content("gone").sign(&keys));
    let deletion = EventBuilder::new(5).created_at(1_700_000_009).tag(&["e", &deleted.id().to_string()]);
    put(&database, &value(&kept), false);
    put(&database, &value(&deleted), true);
    put(&database, &value(&deletion.sign(&keys)), false);
    put(&database, &value(&note(4).sign(&keys).with_wrong_sig()), false);
    put(&database, &value(&note(5).tag(&["expiration", "1700000100"]).sign(&keys)), false);
    put(&database, &value(&note(6).sign(&keys)), false);
    database.execute("UPDATE event SET content = 'no event' WHERE id = 6", []).unwrap();
    drop(database);
    let report = on(dir.path(), &["import", file.to_str().unwrap()]);
    let counts =
        ["rows read", "stored", "hidden there, not taken", "refused"].map(|name| counted(&report, name));
    assert_eq!(counts, [6, 2, 1, 3], "{report}");
    for told in ["(row 4)", "(row 5)", "(row 6)"] {
        assert!(report.contains(told), "{told} in:\n{report}");
    }
    // What was deleted there is not taken here, either.
    let exported = on(dir.path(), &["export"]);
    assert!(exported.contains(&kept.json()) && !exported.contains("gone"), "{exported}");
    let report = on(dir.path(), &["import", file.to_str().unwrap()]);
    assert_eq!(counted(&report, "duplicates"), 2, "{report}");
}

#[test]
fn what_is_only_in_its_log_is_read_too_while_it_runs() {
    let (theirs, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (database, file) = made(theirs.path());
    database.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let note = |n: u64| value(&EventBuilder::new(1).created_at(1_700_000_000 + n).sign(&Keys::from_seed(n)));
    (0..50).for_each(|n| put(&database, &note(n), false));
    assert!(fs::metadata(theirs.path().join("nostr.db-wal")).unwrap().len() > 50_000);
    assert_eq!(counted(&on(dir.path(), &["import", file.to_str().unwrap()]), "stored"), 50);
    // It goes on.
    put(&database, &note(50), false);
    assert_eq!(counted(&on(dir.path(), &["import", file.to_str().unwrap()]), "stored"), 1);
    drop(database);
    assert_eq!(names(theirs.path()), ["nostr.db"]);
}

#[test]
fn a_database_of_an_early_version_has_nothing_hidden() {
    let (theirs, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (database, file) = made(theirs.path());
    put(&database, &value(&EventBuilder::new(1).created_at(1_700_000_000).sign(&Keys::from_seed(1))), true);
    database.execute_batch("ALTER TABLE event DROP COLUMN hidden").unwrap();
    drop(database);
    assert_eq!(counted(&on(dir.path(), &["import", file.to_str().unwrap()]), "stored"), 1);
}

#[test]
fn what_is_no_such_database_is_refused_in_words() {
    let (theirs, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let refused = |file: &Path, words: &str| {
        let said = said_on(dir.path(), &["import", file.to_str().unwrap()]);
        assert!(said.code == Some(1) && said.err.contains(words), "{words} in: {}", said.err);
    };
    let other = theirs.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE event (id INTEGER PRIMARY KEY, name TEXT)")
        .unwrap();
    refused(&other, "none of nostr-rs-relay");
    let (database, file) = made(theirs.path());
    drop(database);
    let packed = theirs.path().join("nostr.db.gz");
    let mut packer =
        flate2::write::GzEncoder::new(fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    packer.write_all(&fs::read(&file).unwrap()).unwrap();
    packer.finish().unwrap();
    refused(&packed, "neither packed nor piped");
    let mut piped = chappe(&["--data-dir", dir.path().to_str().unwrap(), "import"]);
    let piped = piped.stdin(fs::File::open(&file).unwrap()).stdout(Stdio::null()).output().unwrap();
    assert!(
        piped.status.code() == Some(1) && String::from_utf8_lossy(&piped.stderr).contains("neither packed")
    );
    assert!(!dir.path().join("data.mdb").exists(), "nothing was made");
}

#[test]
fn what_comes_before_a_damaged_place_is_kept() {
    let (theirs, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (database, file) = made(theirs.path());
    database.execute_batch("BEGIN").unwrap();
    let note =
        |n: u64| value(&EventBuilder::new(1).created_at(1_700_000_000 + n).sign(&Keys::from_seed(n % 5)));
    (0..2_000).for_each(|n| put(&database, &note(n), false));
    database.execute_batch("COMMIT").unwrap();
    drop(database);
    let mut bytes = fs::read(&file).unwrap();
    let last = note(1_900)["id"].as_str().unwrap().to_owned();
    let at = bytes.windows(last.len()).position(|window| window == last.as_bytes()).unwrap();
    bytes[at / 4096 * 4096..][..4096].fill(0);
    fs::write(&file, bytes).unwrap();
    let said = said_on(dir.path(), &["import", file.to_str().unwrap()]);
    assert!(said.code == Some(1) && said.err.contains("malformed"), "{}", said.err);
    let stored = counted(&said.out, "stored");
    assert!((1_000..1_900).contains(&stored), "{}", said.out);
    assert_eq!(on(dir.path(), &["export"]).lines().count() as u64, stored);
}
