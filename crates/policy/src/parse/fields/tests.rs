use super::*;

#[test]
fn distance_counts_changed_added_and_missing_letters() {
    let table = [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("abc", "abc", 0),
        ("write_allow", "write_alow", 1),
        ("read_deny", "read_denies", 3),
        ("abc", "xyz", 3),
    ];
    for (one, other, letters) in table {
        assert_eq!(distance(one, other), letters, "{one} {other}");
        assert_eq!(distance(other, one), letters, "{other} {one}");
    }
    assert_eq!(distance("write_allow", &"x".repeat(41)), usize::MAX);
}
