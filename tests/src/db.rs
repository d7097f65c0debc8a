//! `chappe db`: the store, looked at and kept in order, beside a relay that runs and without one.

mod backup;
mod compact;
mod delete;
mod info;
mod migrate;
mod repair;
mod verify;

use std::path::Path;
use std::process::Command;

use chappe_store::{Options, Store};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

/// Notes of some authors, each with a tag, newest last.
fn notes(count: u64) -> Vec<TestEvent> {
    let note =
        |n: u64| EventBuilder::new(1).created_at(1_700_000_000 + n).content(format!("note number {n}"));
    (0..count).map(|n| note(n).tag(&["t", "x"]).sign(&Keys::from_seed(n % 5))).collect()
}

/// Puts all index entries but those of the last events into their tables, as a store does in time.
fn settle(dir: &Path) {
    let options =
        Options { map_bytes: 1 << 30, map_reserve_bytes: 1 << 20, young_bytes_max: 0, ..Options::default() };
    drop(Store::open(dir, &options).unwrap());
}

/// A file system of its own in memory, of a size that can be filled. To mount it needs root.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let disk = Self(TempDir::new().unwrap());
        disk.do_on("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        disk
    }

    fn grow(&self, size: &str) {
        self.do_on("mount", &["-o", &format!("remount,size={size}")]);
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn do_on(&self, command: &str, arguments: &[&str]) {
        let done = Command::new(command).args(arguments).arg(self.path()).status().unwrap();
        assert!(done.success(), "{command} needs root");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.do_on("umount", &["-l"]);
    }
}
