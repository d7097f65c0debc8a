use std::os::unix::fs::PermissionsExt;

use super::files::write_secret;
use super::*;

#[test]
fn pauses_double_up_to_half_a_day() {
    let seconds: Vec<_> = (1..=12).map(|failures| pause(failures).as_secs()).collect();
    assert_eq!(seconds, [60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 30_720, 43_200, 43_200]);
    assert_eq!(pause(u32::MAX), PAUSE_MAX);
}

#[test]
fn each_authority_has_a_folder() {
    assert_eq!(folder_name("https://acme.example/directory"), "acme.example_directory");
    assert_eq!(folder_name("https://[::1]:1/../x"), "___1__1_.._x");
}

#[test]
fn secrets_are_for_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme/key.pem");
    // What an earlier attempt left behind, open to all.
    std::fs::create_dir(dir.path().join("acme")).unwrap();
    std::fs::write(file.with_extension("new"), "old").unwrap();
    for text in ["first", "second"] {
        write_secret(&file, text).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(dir.path().join("acme")).unwrap().count(), 1);
}
