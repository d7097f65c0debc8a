use std::fs;

use tempfile::TempDir;

use super::{notes, settle};
use crate::harness::{counted, import, lines, on, said_on};

/// Makes it a store of the first layout: that had all its entries in the tables, as this one has, and said so.
fn make_first_layout(dir: &TempDir) {
    let place = dir.path().join("data.mdb");
    let mut file = fs::read(&place).unwrap();
    let value = [&b"schema"[..], &2_u64.to_be_bytes()].concat();
    let found: Vec<_> = (0..file.len() - value.len()).filter(|&at| file[at..].starts_with(&value)).collect();
    assert!(!found.is_empty());
    found.into_iter().for_each(|at| file[at + value.len() - 1] = 1);
    fs::write(place, file).unwrap();
}

#[test]
fn a_store_of_the_first_layout_is_brought_up_to_date() {
    let dir = TempDir::new().unwrap();
    let events = notes(60);
    import(dir.path(), &lines(&events));
    settle(dir.path());
    // The last ones are still in memory only.
    on(dir.path(), &["db", "delete", "--filter", r#"{"limit":10}"#, "--yes"]);
    let exported = on(dir.path(), &["export"]);
    assert!(on(dir.path(), &["db", "migrate"]).contains("already"));
    make_first_layout(&dir);
    let said = said_on(dir.path(), &["db", "verify"]);
    assert!(said.code == Some(1) && said.err.contains("chappe db migrate"), "{}", said.err);
    assert!(on(dir.path(), &["db", "migrate"]).contains("had layout 1 and has layout 2 now"));
    assert_eq!(counted(&on(dir.path(), &["db", "verify"]), "events"), 50);
    assert_eq!(on(dir.path(), &["export"]), exported);
    let said = said_on(TempDir::new().unwrap().path(), &["db", "migrate"]);
    assert!(said.code == Some(1) && said.err.contains("there is no store"), "{}", said.err);
}
