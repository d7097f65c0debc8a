use std::fs;

use tempfile::TempDir;

use super::*;

#[test]
fn any_name_of_a_file_will_do() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a b%3f?mode=rw#c\u{e9}.db");
    let made = Connection::open(dir.path().join("plain")).unwrap();
    made.execute_batch("CREATE TABLE event (id INTEGER PRIMARY KEY, content TEXT)").unwrap();
    made.execute_batch("INSERT INTO event (content) VALUES ('x')").unwrap();
    drop(made);
    fs::rename(dir.path().join("plain"), &file).unwrap();
    assert!(is_database(&file).unwrap());
    assert_eq!(Database::open(&file).unwrap().rows, 1);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was made beside it");
}

#[test]
fn other_files_are_no_databases() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    for content in ["", "SQLite", "{\"id\":\"SQLite format 3\\u0000\"}"] {
        fs::write(&file, content).unwrap();
        assert!(!is_database(&file).unwrap());
    }
    assert!(!is_database(dir.path()).unwrap() && !is_database(&dir.path().join("none")).unwrap());
}

#[test]
fn a_long_event_and_one_that_is_no_text_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("nostr.db");
    let made = Connection::open(&file).unwrap();
    made.execute_batch("CREATE TABLE event (id INTEGER PRIMARY KEY, content)").unwrap();
    made.execute("INSERT INTO event VALUES (3, zeroblob(?1)), (5, 7), (9, 'x')", [LINE_BYTES_MAX as i64 + 1])
        .unwrap();
    drop(made);
    let mut seen = Vec::new();
    let each = |row: Row<'_>| {
        seen.push((row.number, row.json.map(<[u8]>::to_vec), row.is_hidden));
        Ok(())
    };
    Database::open(&file).unwrap().each(each).unwrap();
    let text = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(seen, [(3, None, false), (5, text(""), false), (9, text("x"), false)]);
}
