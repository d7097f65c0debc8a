use super::*;
use chappe_protocol::TagFilter;

fn filter(letter: u8, mode: TagMode, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| value.as_bytes().into()).collect();
    Filter { tags: vec![TagFilter { letter, mode, values }], ..Filter::default() }
}

/// A key of `byte`s, but for the ones named.
fn key(byte: u8, others: &[(usize, u8)]) -> PublicKey {
    let mut bytes = [byte; 32];
    for &(place, other) in others {
        bytes[place] = other;
    }
    PublicKey::from_bytes(bytes)
}

#[test]
fn only_one_condition_with_one_value_is_eligible() {
    let one = filter(b'e', TagMode::Any, &["x"]);
    assert!(HyperLogLog::for_filters(std::slice::from_ref(&one)).is_some());
    let mut two_tags = one.clone();
    two_tags.tags.extend(filter(b'p', TagMode::Any, &["y"]).tags);
    for ineligible in [
        vec![],
        vec![one.clone(), one],
        vec![two_tags],
        vec![Filter::default()],
        vec![filter(b'e', TagMode::Any, &["x", "y"])],
        vec![filter(b'e', TagMode::All, &["x"])],
    ] {
        assert_eq!(HyperLogLog::for_filters(&ineligible), None, "{ineligible:?}");
    }
}

#[test]
fn the_offset_is_the_33rd_hex_digit_plus_eight() {
    let hex = format!("{}c{}", "0".repeat(32), "0".repeat(31));
    assert_eq!(offset(hex.as_bytes()), 8 + 12);
    assert_eq!(offset(format!("30023:{hex}:a:b").as_bytes()), 8 + 12);
    // printf nostr | sha256sum | cut -c33
    assert_eq!(offset(b"nostr"), 8 + 4);
}

#[test]
fn a_register_keeps_the_longest_run_of_zeros_plus_one() {
    let hex = "0".repeat(64);
    let mut count = HyperLogLog::for_filters(&[filter(b'p', TagMode::Any, &[&hex])]).unwrap();
    count.add(&key(0xff, &[(8, 3), (9, 0b0001_0000)]));
    assert_eq!(count.registers()[3], 4);
    count.add(&key(0xff, &[(8, 3), (9, 0b0100_0000)]));
    assert_eq!(count.registers()[3], 4, "a shorter run changes nothing");
    count.add(&key(0xff, &[(8, 3), (9, 0), (10, 1)]));
    assert_eq!(count.registers()[3], 16);
    count.add(&key(0, &[]));
    assert_eq!(count.registers()[0], 185, "23 bytes of zeros");
    assert_eq!(count.registers().iter().filter(|&&register| register > 0).count(), 2);
}
