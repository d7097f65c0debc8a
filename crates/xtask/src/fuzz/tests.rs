use super::coverage;

#[test]
fn coverage_is_read_from_a_status_line() {
    assert_eq!(coverage("#13\tINITED cov: 837 ft: 1610 corp: 12/10757b exec/s: 0 rss: 29Mb"), Some(837));
    assert_eq!(coverage("#2\tINITED exec/s: 0 rss: 29Mb"), None);
}
