use chappe_testkit::{EventBuilder, Keys};
use tempfile::TempDir;

use super::notes;
use crate::harness::{chappe, counted, import, lines, on, run, said_on};

#[test]
fn it_says_what_it_would_do_and_does_it_when_told() {
    let dir = TempDir::new().unwrap();
    let events = notes(1_200);
    let profile = EventBuilder::new(0).sign(&Keys::from_seed(1));
    import(dir.path(), &lines(events.iter().chain([&profile])));
    let filter = r#"{"kinds":[1],"until":1700001099}"#;
    let said = on(dir.path(), &["db", "delete", "--filter", filter]);
    assert!(said.contains("1,100 events match; nothing was removed"), "{said}");
    assert_eq!(on(dir.path(), &["export"]).lines().count(), 1_201);
    let said = on(dir.path(), &["db", "delete", "--filter", filter, "--yes"]);
    assert!(said.contains("1,100 events removed"), "{said}");
    assert_eq!(on(dir.path(), &["export"]).lines().count(), 101);
    on(dir.path(), &["db", "verify"]);
    // They may come back.
    assert_eq!(counted(&import(dir.path(), &lines(&events)), "stored"), 1_100);
    on(dir.path(), &["db", "delete", "--filter", r#"{"kinds":[1],"limit":10}"#, "--yes", "--for-good"]);
    let report = import(dir.path(), &lines(&events));
    assert_eq!(
        (counted(&report, "stored"), counted(&report, "deleted by their authors")),
        (0, 10),
        "{report}"
    );
}

#[test]
fn it_needs_a_filter_and_a_store() {
    let dir = TempDir::new().unwrap();
    let said = said_on(dir.path(), &["db", "delete", "--filter", "{}", "--yes"]);
    assert!(said.code == Some(1) && said.err.contains("there is no store"), "{}", said.err);
    for wrong in [&["db", "delete"][..], &["db", "delete", "--filter", "{", "--yes"]] {
        assert_eq!(run(chappe(wrong)).code, Some(2), "{wrong:?}");
    }
}
