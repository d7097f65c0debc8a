//! Opening a store, and being refused.

use std::fs;

use tempfile::TempDir;

use super::support::{NOW, OPTIONS, TestStore};
use crate::write::Writer;
use crate::{OpenError, Options, Query, Store};

#[track_caller]
fn refusal(opened: Result<Store, OpenError>) -> String {
    opened.expect_err("refused").to_string()
}

#[test]
fn a_directory_is_open_once() {
    let test = TestStore::new();
    let text = refusal(Store::open(test.dir.path(), &OPTIONS));
    assert!(text.ends_with("is in use: another process has this store open"), "{text}");
    test.reopened().assert_sound();
}

#[test]
fn directories_are_made() {
    let dir = TempDir::new().unwrap();
    let deep = dir.path().join("a/b/c");
    drop(Store::open(&deep, &OPTIONS).unwrap());
    assert!(deep.join("data.mdb").exists());
}

#[test]
fn a_newer_layout_is_refused_in_clear_words_and_left_alone() {
    let TestStore { store, dir, .. } = TestStore::new();
    let mut writer = Writer::begin(&store, NOW).unwrap();
    writer.tables.meta.put(&mut writer.txn, "schema", &5).unwrap();
    writer.commit().unwrap();
    drop(store);
    let before = fs::read(dir.path().join("data.mdb")).unwrap();
    let text = refusal(Store::open(dir.path(), &OPTIONS));
    assert!(text.contains("written by a newer version"), "{text}");
    assert!(text.contains("layout 5, this version knows up to 4"), "{text}");
    assert!(fs::read(dir.path().join("data.mdb")).unwrap() == before);
}

#[test]
fn a_map_that_the_system_refuses_names_the_knob() {
    let dir = TempDir::new().unwrap();
    // As much as there are addresses for programs on x86-64 and AArch64, of which some are taken.
    let text = refusal(Store::open(dir.path(), &Options { map_bytes: 1 << 48, ..OPTIONS }));
    assert!(text.contains("lower store.map_bytes"), "{text}");
    drop(Store::open(dir.path(), &OPTIONS).unwrap());
}

#[test]
fn the_default_map_opens_and_takes_no_disk() {
    let test = TestStore::with(&Options::default());
    assert_eq!(test.store.usage().unwrap().map_bytes, 1 << 40);
    assert!(fs::metadata(test.dir.path().join("data.mdb")).unwrap().len() < 1 << 20);
}

#[test]
fn the_reserve_must_leave_something_of_the_map() {
    let dir = TempDir::new().unwrap();
    for map_reserve_bytes in [1 << 20, 1 << 21] {
        let text =
            refusal(Store::open(dir.path(), &Options { map_bytes: 1 << 20, map_reserve_bytes, ..OPTIONS }));
        assert!(text.contains("store.map_reserve_bytes"), "{text}");
        assert!(text.contains("must be smaller than store.map_bytes (1048576)"), "{text}");
    }
}

#[test]
fn what_is_no_store_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "hello").unwrap();
    assert!(matches!(Store::open(&file, &OPTIONS), Err(OpenError::Io(path, _)) if path == file));
    fs::write(dir.path().join("data.mdb"), [7; 100_000]).unwrap();
    let text = refusal(Store::open(dir.path(), &OPTIONS));
    assert!(text.contains("cannot be opened as a store"), "{text}");
}

#[test]
fn a_store_is_shared_between_threads_and_a_query_moves_between_them() {
    fn is_shared<T: Send + Sync>() {}
    fn is_moved<T: Send>() {}
    is_shared::<Store>();
    is_moved::<Query>();
}
