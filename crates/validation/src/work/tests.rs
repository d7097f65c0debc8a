use chappe_protocol::PublicKey;
use chappe_testkit::{EventBuilder, Keys};

use super::*;

type Strings<'a> = &'a [&'a [&'a str]];

fn id(start: &[u8]) -> EventId {
    let mut bytes = [0xff; 32];
    bytes[..start.len()].copy_from_slice(start);
    EventId::from_bytes(bytes)
}

#[test]
fn zero_bits_are_counted_to_the_first_one() {
    let table = [
        (id(&[0xff]), 0),
        (id(&[0x7f]), 1),
        (id(&[0x01]), 7),
        (id(&[0x00, 0x80]), 8),
        (id(&[0x00, 0x2f]), 10),
        (id(&[0x00, 0xff, 0x00]), 8),
        (id(&[0; 31]), 248),
        (id(&[0; 32]), 256),
    ];
    for (id, bits) in table {
        assert_eq!(leading_zero_bits(&id), bits, "{id}");
    }
}

#[test]
fn work_counts_as_far_as_it_was_committed_to() {
    let uncommitted = Err(Invalid::WorkNotCommitted { bits_min: 10 });
    let little = Err(Invalid::TooLittleWork { bits_min: 10 });
    let (nine, ten, eleven) = (id(&[0x00, 0x40]), id(&[0x00, 0x20]), id(&[0x00, 0x10]));
    let table: [(&str, EventId, Strings, Result<(), Invalid>); 13] = [
        ("below", nine, &[&["nonce", "1", "10"]], little),
        ("at", ten, &[&["nonce", "1", "10"]], Ok(())),
        ("above", eleven, &[&["nonce", "1", "10"]], Ok(())),
        ("promised more than done", nine, &[&["nonce", "1", "11"]], little),
        ("promised more, done enough", ten, &[&["nonce", "1", "11"]], Ok(())),
        ("lucky", eleven, &[&["nonce", "1", "9"]], uncommitted),
        ("no commitment", eleven, &[&["nonce", "1"]], uncommitted),
        ("no tag", eleven, &[], uncommitted),
        ("other tag", eleven, &[&["nonces", "1", "10"]], uncommitted),
        ("not a number", eleven, &[&["nonce", "1", "ten"]], uncommitted),
        ("empty", eleven, &[&["nonce", "1", ""]], uncommitted),
        ("negative", eleven, &[&["nonce", "1", "-10"]], uncommitted),
        ("the first tag counts", eleven, &[&["nonce", "1", "9"], &["nonce", "1", "10"]], uncommitted),
    ];
    for (name, id, tags, expected) in table {
        let event =
            tags.iter().fold(EventBuilder::new(1), |event, tag| event.tag(tag)).sign(&Keys::from_seed(1));
        let head = EventHead { id, pubkey: PublicKey::from_bytes([1; 32]), ..event.head() };
        assert_eq!(check(&head, 10), expected, "{name}");
        assert_eq!(check(&head, 0), Ok(()), "{name}, when none is asked for");
    }
}

#[test]
fn a_mined_event_passes() {
    let event = EventBuilder::new(1).mined(8).sign(&Keys::from_seed(1));
    assert_eq!(check(&event.head(), 8), Ok(()));
    assert_eq!(check(&event.head(), 9), Err(Invalid::WorkNotCommitted { bits_min: 9 }));
}
