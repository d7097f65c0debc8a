use std::fs;

use tempfile::TempDir;

use super::{LIBRARY, WRITING, to_read, to_write};
use crate::open_error::OpenError;

const OTHER: &str = if cfg!(target_env = "musl") { "glibc" } else { "musl" };

#[test]
fn who_reads_has_the_library_of_who_writes() {
    let dir = TempDir::new().unwrap();
    let writing = to_write(dir.path()).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join(WRITING)).unwrap(), LIBRARY);
    to_read(dir.path()).unwrap();
    fs::write(dir.path().join(WRITING), OTHER).unwrap();
    let refused = to_read(dir.path()).unwrap_err();
    assert!(matches!(refused, OpenError::OtherLibrary { library: OTHER, own: LIBRARY, .. }), "{refused}");
    let words = format!("{} is in use by a program that is linked with {OTHER}", dir.path().display());
    assert!(refused.to_string().starts_with(&words), "{refused}");
    // What an earlier version left, or nobody at all.
    for text in ["", "something else", "\u{1F600}\u{1F600}\u{1F600}"] {
        fs::write(dir.path().join(WRITING), text).unwrap();
        to_read(dir.path()).unwrap();
    }
    drop(writing);
}

#[test]
fn a_library_of_the_past_does_not_matter() {
    let dir = TempDir::new().unwrap();
    drop(to_write(dir.path()).unwrap());
    fs::write(dir.path().join(WRITING), OTHER).unwrap();
    to_read(dir.path()).unwrap();
    let _writing = to_write(dir.path()).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join(WRITING)).unwrap(), LIBRARY);
    to_read(dir.path()).unwrap();
}
