//! Events that come from other relays: strfry's export and nostr-rs-relay's database.

mod nostr_rs_relay;
mod strfry;

use chappe_testkit::Corpus;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{import, lines, on, seed};

/// A store of random events, and all of them, newest first, as it exports them.
fn store() -> (TempDir, Vec<Value>) {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&Corpus::eventful(seed(), 2_000, 20).events));
    let events = parsed(&on(dir.path(), &["export"]));
    assert!(events.len() > 500, "{}", events.len());
    (dir, events)
}

fn parsed(exported: &str) -> Vec<Value> {
    exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
