use super::version_in;

#[test]
fn a_version_is_read_from_the_lock_file() {
    let lock = "[[package]]\nname = \"gungraun-macros\"\nversion = \"0.9.0\"\n\n\
        [[package]]\nname = \"gungraun\"\nversion = \"0.20.0\"\n";
    assert_eq!(version_in(lock, "gungraun").as_deref(), Some("0.20.0"));
    assert_eq!(version_in(lock, "heed"), None);
}
