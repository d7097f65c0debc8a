use std::fmt::Debug;

use chappe_authorization::AddressRange;
use chappe_protocol::{EventId, Kind, PublicKey, Timestamp};

use super::{Name, Packed, Place, unpack_all};

/// Golden bytes: what was written once has to be read for ever.
#[track_caller]
fn check<T: Packed + PartialEq + Debug>(value: &T, bytes: &[u8]) {
    let mut out = Vec::new();
    value.pack(&mut out);
    assert_eq!(out, bytes, "{value:?}");
    assert_eq!(unpack_all::<T>(bytes).as_ref(), Some(value));
    let longer = [bytes, &[0xee]].concat();
    let mut rest = longer.as_slice();
    if T::unpack(&mut rest).as_ref() == Some(value) {
        assert_eq!(rest, [0xee], "what is behind it stays");
        assert_eq!(unpack_all::<T>(&longer), None);
    }
}

#[test]
fn values_lie_as_drawn() {
    check(&7_u8, &[7]);
    check(&0x0102_u16, &[2, 1]);
    check(&0x0102_0304_u32, &[4, 3, 2, 1]);
    check(&Timestamp(1), &[1, 0, 0, 0, 0, 0, 0, 0]);
    check(&-1_i64, &[0xff; 8]);
    check(&Kind(0x0102), &[1, 2]);
    check(&Place(0x0102), &[0, 0, 0, 0, 0, 0, 1, 2]);
    check(&PublicKey::from_bytes([5; 32]), &[5; 32]);
    check(&EventId::from_bytes([6; 32]), &[6; 32]);
    check(&"hé".to_owned(), &[3, 0, b'h', 0xc3, 0xa9]);
    check(&None::<u8>, &[0]);
    check(&Some(9_u8), &[1, 9]);
    check(&vec![1_u8, 2], &[2, 0, 1, 2]);
    check(&Name("ab/c".to_owned()), b"ab/c");
    check(&"192.0.2.0/24".parse::<AddressRange>().unwrap(), b"192.0.2.0/24");
    check(&"2001:db8::1".parse::<AddressRange>().unwrap(), b"2001:db8::1");
}

#[test]
fn bytes_that_end_too_early_are_nothing() {
    assert_eq!(unpack_all::<u64>(&[0; 7]), None);
    assert_eq!(unpack_all::<String>(&[3, 0, b'a', b'b']), None);
    assert_eq!(unpack_all::<String>(&[1, 0, 0xff]), None, "not UTF-8");
    assert_eq!(unpack_all::<Option<u8>>(&[2, 0]), None);
    assert_eq!(unpack_all::<Vec<u16>>(&[2, 0, 1, 2, 3]), None);
    assert_eq!(unpack_all::<AddressRange>(b"nowhere"), None);
}

#[test]
fn a_text_that_is_too_long_is_cut_at_a_character() {
    let long = "é".repeat(40_000);
    let mut out = Vec::new();
    long.pack(&mut out);
    let read = unpack_all::<String>(&out).unwrap();
    assert_eq!(read.len(), 65_534);
    assert!(long.starts_with(&read));
}
