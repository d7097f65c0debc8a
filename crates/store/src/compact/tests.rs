use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use chappe_testkit::{EventBuilder, Keys};

use super::COPY_FILE;
use crate::tests::support::{NOW, OPTIONS, TestStore};
use crate::{BuildError, OpenError, Reader};

#[test]
fn the_file_gets_smaller_and_holds_the_same() {
    let test = TestStore::new();
    let note = |n: u64| EventBuilder::new(1).created_at(NOW.0 - n).content("x".repeat(4_000));
    let events: Vec<_> = (0..600).map(|n| note(n).sign(&Keys::from_seed(n % 2))).collect();
    events.chunks(100).for_each(|batch| drop(test.put_all(batch)));
    test.put(&EventBuilder::new(62).created_at(NOW.0).sign(&Keys::from_seed(1)));
    let ids = test.ids();
    assert!(matches!(OPTIONS.compact(test.dir.path()), Err(BuildError::Open(OpenError::InUse(_)))));
    let TestStore { store, dir, .. } = test;
    drop(store);
    // As one leaves it that was killed.
    fs::write(dir.path().join(COPY_FILE), "half a copy").unwrap();
    let (before, after) = OPTIONS.compact(dir.path()).unwrap();
    assert!(after < before * 2 / 3, "{before}, {after}");
    assert_eq!(fs::metadata(dir.path().join("data.mdb")).unwrap().len(), after);
    let reader = Reader::open(dir.path(), &OPTIONS).unwrap();
    assert!(matches!(OPTIONS.compact(dir.path()), Err(BuildError::Open(OpenError::InUse(_)))));
    drop(reader);
    fs::write(dir.path().join(COPY_FILE), "half a copy").unwrap();
    let test = TestStore::open(dir, &OPTIONS);
    assert!(!test.dir.path().join(COPY_FILE).exists(), "what was left behind is removed");
    assert_eq!(test.ids(), ids);
    test.assert_sound();
    test.put(&note(1_000).sign(&Keys::from_seed(0)));
    test.reopened().assert_sound();
}

#[test]
fn the_new_file_is_for_whom_the_old_one_was() {
    let TestStore { store, dir, .. } = TestStore::new();
    drop(store);
    let file = dir.path().join("data.mdb");
    let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600, "as it is made");
    // A umask of any sort leaves more, or less.
    for chosen in [0o600, 0o640, 0o660] {
        fs::set_permissions(&file, Permissions::from_mode(chosen)).unwrap();
        OPTIONS.compact(dir.path()).unwrap();
        assert_eq!(mode(), chosen);
    }
}

#[test]
fn there_has_to_be_a_store() {
    let dir = tempfile::TempDir::new().unwrap();
    assert!(matches!(OPTIONS.compact(dir.path()), Err(BuildError::Open(OpenError::NoStore(_)))));
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing was made");
}
