//! strfry writes an event a line, oldest first, its fields in the order of their names; with `--fried` a field of its own
//! stands last. It escapes what JSON demands, and the character 127.

use std::fs;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::Value;
use tempfile::TempDir;

use super::{parsed, store};
use crate::harness::{counted, on};

fn exported(event: &Value, fried: &str) -> String {
    let names = ["content", "created_at", "id", "kind", "pubkey", "sig", "tags"];
    let fields: Vec<_> = names.map(|name| format!("\"{name}\":{}", event[name])).into();
    format!("{{{}{fried}}}\n", fields.join(",").replace('\u{7f}', "\\u007f"))
}

#[test]
fn an_export_gives_the_same_relay() {
    let (dir, mut events) = store();
    events.reverse();
    for fried in ["", r#","fried":"00112233445566778899aabbccddeeff""#] {
        let file = dir.path().join("strfry.jsonl");
        fs::write(&file, events.iter().map(|event| exported(event, fried)).collect::<String>()).unwrap();
        let new = TempDir::new().unwrap();
        let report = on(new.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(counted(&report, "stored"), events.len() as u64, "{report}");
        assert_eq!(on(new.path(), &["export"]), on(dir.path(), &["export"]));
        on(new.path(), &["db", "verify"]);
        let report = on(new.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(counted(&report, "duplicates"), events.len() as u64, "{report}");
    }
}

#[test]
fn escapes_are_read_and_each_line_is_checked() {
    let keys = Keys::from_seed(1);
    let content = "a\u{7f}b / \"c\" \\ \n\r\t\u{8}\u{c} \u{1f5fc} \u{e9}";
    let event =
        EventBuilder::new(1).created_at(1_700_000_000).content(content).tag(&["t", "x\u{7f}/"]).sign(&keys);
    let forged = EventBuilder::new(1).created_at(1_700_000_001).sign(&keys).with_wrong_sig();
    let value = |event: &TestEvent| serde_json::from_str::<Value>(&event.json()).unwrap();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("strfry.jsonl");
    let text = exported(&value(&event), "");
    assert!(text.contains("a\\u007fb / "), "{text}");
    fs::write(&file, text + &exported(&value(&forged), "")).unwrap();
    let report = on(dir.path(), &["import", file.to_str().unwrap()]);
    assert_eq!((counted(&report, "stored"), counted(&report, "refused")), (1, 1), "{report}");
    assert!(report.contains("(line 2)"), "{report}");
    assert_eq!(parsed(&on(dir.path(), &["export"]))[0]["content"], content);
}
