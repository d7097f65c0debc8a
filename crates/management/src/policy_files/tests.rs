use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{PolicyFileFault, read, replace};

#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_mode_and_its_links() {
    let dir = TempDir::new().unwrap();
    let (file, link) = (dir.path().join("policy.json"), dir.path().join("link.json"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    replace(&link, "new").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("policy.json");
    fs::write(&file, "old").unwrap();
    // Where the new file would be written there is a folder.
    fs::create_dir(dir.path().join("policy.json.new")).unwrap();
    let error = replace(&file, "new").unwrap_err();
    assert!(matches!(error.fault, PolicyFileFault::Io(_)));
    assert!(error.to_string().contains("policy.json"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
}

#[test]
fn what_is_left_of_a_crash_is_no_policy() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("policy.json");
    fs::write(&file, "{}").unwrap();
    fs::write(dir.path().join("policy.json.new"), "{\"default_pol").unwrap();
    assert_eq!(read(&file).unwrap().text, "{}");
    replace(&file, "{\"default_policy\": \"deny\"}").unwrap();
    assert!(!dir.path().join("policy.json.new").exists());
}

#[test]
fn files_that_are_none_are_errors() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("policy.json");
    assert!(matches!(read(&file).unwrap_err().fault, PolicyFileFault::Io(_)));
    assert!(matches!(read(dir.path()).unwrap_err().fault, PolicyFileFault::Io(_)));
    fs::write(&file, b"{\"description\": \"\xff\"}").unwrap();
    assert!(matches!(read(&file).unwrap_err().fault, PolicyFileFault::Io(_)), "not UTF-8");
    fs::write(&file, "{\"x\": 1}").unwrap();
    assert!(matches!(read(&file).unwrap_err().fault, PolicyFileFault::Content(_)));
    let long = fs::File::create(&file).unwrap();
    long.set_len((16 << 20) + 1).unwrap();
    assert!(matches!(read(&file).unwrap_err().fault, PolicyFileFault::TooLong));
}

#[test]
fn many_mistakes_are_named_up_to_twenty() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("policy.json");
    let unknown: Vec<String> = (0..25).map(|number| format!("\"x{number}\": 1")).collect();
    fs::write(&file, format!("{{{}}}", unknown.join(",\n"))).unwrap();
    let text = read(&file).unwrap_err().to_string();
    assert_eq!(text.lines().count(), 21, "{text}");
    assert!(text.contains("line 3, column"), "{text}");
    assert!(text.ends_with("and 5 more mistakes"), "{text}");
}
