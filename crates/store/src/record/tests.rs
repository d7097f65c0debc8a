use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Signature, Tags, TagsWriter, Timestamp};

use super::{Record, RecordView};

fn packed(tags: &[&[&str]]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = TagsWriter::new(&mut packed);
    assert!(tags.iter().all(|tag| writer.tag(tag)));
    packed
}

fn event(packed: &[u8]) -> Event<'_> {
    Event {
        head: EventHead {
            id: EventId::from_bytes([0x11; 32]),
            pubkey: PublicKey::from_bytes([0x22; 32]),
            created_at: Timestamp(0x0102_0304_0506_0708),
            kind: Kind(0x7531),
            tags: Tags::from_packed(packed),
        },
        content: "not kept but in the JSON",
        sig: Signature::from_bytes([0x33; 64]),
    }
}

/// The drawing in docs/storage.md, byte by byte.
#[test]
fn the_layout_is_the_one_drawn() {
    let tags = packed(&[&["t", "ab", "cut off"], &["title", "not kept"], &["expiration", "258"], &["d"]]);
    let record = Record::new(&event(&tags), b"{}");
    let expected = [
        [0x11; 32].as_slice(),      // 0: id
        &[0x22; 32],                // 32: pubkey
        &[8, 7, 6, 5, 4, 3, 2, 1],  // 64: created_at
        &[2, 1, 0, 0, 0, 0, 0, 0],  // 72: expiration
        &[28, 0, 0, 0, 0, 0, 0, 0], // 80: bytes of the tags
        &[0x31, 0x75],              // 88: kind
        &[2, 0, 11, 0, 0, 0],       // 90: two strings, 11 bytes
        &[1, 0, 0, 0, b't', 2, 0, 0, 0, b'a', b'b'],
        &[1, 0, 5, 0, 0, 0], // one string, 5 bytes
        &[1, 0, 0, 0, b'd'],
        b"{}", // 118: wire form
    ];
    assert_eq!(record.as_bytes(), expected.concat());
}

#[test]
fn no_expiration_is_the_highest_number() {
    let record = Record::new(&event(&[]), b"{}");
    assert_eq!(record.as_bytes()[72..80], [0xFF; 8]);
    assert_eq!(record.view().expiration(), None);
    assert!(!record.view().is_expired(Timestamp(u64::MAX)));
}

#[test]
fn what_was_put_in_comes_out() {
    let tags =
        packed(&[&["e", "x"], &["-"], &["expiration", "9"], &["p", "y", "z"], &["1", "digit"], &["d"]]);
    let event = event(&tags);
    let record = Record::new(&event, b"[wire form]");
    let view = record.view();
    let kept = packed(&[&["e", "x"], &["p", "y"], &["d"]]);
    assert_eq!(view.head(), EventHead { tags: Tags::from_packed(&kept), ..event.head });
    assert_eq!(view.plain(), Some(b"[wire form]".as_slice()));
    let expired = [8, 9, 10].map(|now| view.is_expired(Timestamp(now)));
    assert_eq!((view.expiration(), expired), (Some(Timestamp(9)), [false, true, true]));
}

#[test]
fn bytes_that_end_too_early_are_no_record() {
    let tags = packed(&[&["e", "x"]]);
    let record = Record::new(&event(&tags), b"");
    let bytes = record.as_bytes();
    for end in 0..bytes.len() {
        assert!(RecordView::parse(&bytes[..end]).is_none(), "{end} bytes");
    }
    assert!(RecordView::parse(bytes).is_some());
}

#[test]
fn no_bytes_make_parsing_panic() {
    let tags = packed(&[&["e", "x"]]);
    let record = Record::new(&event(&tags), b"{}");
    for at in 0..record.as_bytes().len() {
        for byte in [0, 1, 0x7F, 0xFF] {
            let mut bytes = record.as_bytes().to_vec();
            bytes[at] = byte;
            if let Some(view) = RecordView::parse(&bytes) {
                // Reads every tag.
                let _ = (view.head().tags.indexed().count(), view.head().d_tag(), view.json(&mut Vec::new()));
            }
        }
    }
}
