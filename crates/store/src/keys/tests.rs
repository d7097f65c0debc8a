use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Signature, Tags, TagsWriter, Timestamp};

use super::{COMMON_KINDS, Position, RecordKeys, append_value};
use crate::record::Record;
use crate::tables::Index;

const ID: [u8; 32] = [0x11; 32];
const PUBKEY: [u8; 32] = [0x22; 32];
/// 258, inverted.
const TIME: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFD];
const LONG: &str = "a text of more than forty-eight bytes is replaced by its hash";
/// Its SHA-256, by `sha256sum`.
const LONG_HASH: &str = "fd42e9b9e02cba5e2b7950ca5bd22c121acdc0668c9be7ae5be868b89dbb0726";

fn value(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    append_value(&mut out, text.as_bytes());
    out
}

fn keys(kind: u16, tags: &[&[&str]]) -> Vec<(Index, Vec<u8>)> {
    let mut packed = Vec::new();
    let mut writer = TagsWriter::new(&mut packed);
    assert!(tags.iter().all(|tag| writer.tag(tag)));
    let head = EventHead {
        id: EventId::from_bytes(ID),
        pubkey: PublicKey::from_bytes(PUBKEY),
        created_at: Timestamp(258),
        kind: Kind(kind),
        tags: Tags::from_packed(&packed),
    };
    let event = Event { head, content: "", sig: Signature::from_bytes([0; 64]) };
    let mut keys = RecordKeys::default();
    keys.fill(&Record::new(&event, b"{}").view());
    keys.iter().map(|(index, key)| (index, key.to_vec())).collect()
}

/// The drawing in docs/storage.md, byte by byte.
#[test]
fn the_layouts_are_the_ones_drawn() {
    let kind = [0x75, 0x31];
    let tags: &[&[&str]] = &[&["t", "ab"], &["expiration", "259"], &["d", "x"], &["t", "ab", "again"]];
    let expected = [
        (Index::Id, ID.to_vec()),
        (Index::Time, [TIME.as_slice(), &ID].concat()),
        (Index::Author, [&PUBKEY, TIME.as_slice(), &ID].concat()),
        (Index::AuthorKind, [PUBKEY.as_slice(), &kind, &TIME, &ID].concat()),
        (Index::Kind, [kind.as_slice(), &TIME, &ID].concat()),
        (Index::Tag, [b"d\x01x".as_slice(), &TIME, &ID].concat()),
        (Index::Tag, [b"t\x02ab".as_slice(), &TIME, &ID].concat()),
        (Index::TagKind, [b"d\x01x".as_slice(), &kind, &TIME, &ID].concat()),
        (Index::TagKind, [b"t\x02ab".as_slice(), &kind, &TIME, &ID].concat()),
        (Index::Expiration, [[0, 0, 0, 0, 0, 0, 1, 3].as_slice(), &ID].concat()),
        (Index::Head, [PUBKEY.as_slice(), &kind, b"\x01x"].concat()),
    ];
    assert_eq!(keys(0x7531, tags), expected);
}

/// The list is part of the layout, as what it does is.
#[test]
fn tags_of_common_kinds_are_found_by_kind_alone() {
    assert_eq!(COMMON_KINDS.map(|Kind(kind)| kind), [1, 3, 6, 7, 1059, 9735]);
    for kind in (0..=u16::MAX).step_by(7).chain([1, 3, 6, 7, 1059, 9735, 1111]) {
        let keys = keys(kind, &[&["t", "ab"]]);
        let entries = |of| keys.iter().filter(|&&(index, _)| index == of).count();
        let is_common = COMMON_KINDS.contains(&Kind(kind));
        assert_eq!((entries(Index::Tag), entries(Index::TagKind)), (usize::from(!is_common), 1), "{kind}");
    }
}

#[test]
fn an_ordinary_event_has_five_entries_and_no_key_is_too_long_for_lmdb() {
    assert_eq!(keys(1, &[]).len(), 5);
    let long = "x".repeat(100_000);
    let hex = "ab".repeat(32);
    let plain = "y".repeat(48);
    let tags: &[&[&str]] = &[&["a", &long], &["e", &hex], &["t", &plain], &["d", &long]];
    let longest = keys(30_000, tags).into_iter().map(|(_, key)| key.len()).max();
    assert_eq!(longest, Some(1 + 49 + 2 + 40), "letter, value, kind, position");
}

#[test]
fn a_value_stands_for_itself_its_hex_or_its_hash() {
    let hex = "0123456789abcdef".repeat(4);
    let bytes = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF].repeat(4);
    assert_eq!(value(""), [0]);
    assert_eq!(value("nostr"), b"\x05nostr");
    assert_eq!(value(&"y".repeat(48)), [b"0".as_slice(), "y".repeat(48).as_bytes()].concat());
    assert_eq!(value(&hex), [[0xF0].as_slice(), &bytes].concat());
    assert_eq!(
        value(LONG),
        [[0xF1].as_slice(), EventId::from_hex(LONG_HASH.as_bytes()).unwrap().as_bytes()].concat()
    );
    // Only lowercase hex can be given back from its bytes.
    assert_eq!(value(&hex.to_uppercase())[0], 0xF1);
}

#[test]
fn no_value_is_the_start_of_another() {
    let texts = [
        "",
        "a",
        "ab",
        "b",
        &"a".repeat(47),
        &"a".repeat(48),
        &"a".repeat(49),
        &"a".repeat(64),
        &"0".repeat(64),
    ];
    for a in texts {
        for b in texts.into_iter().filter(|&b| b != a) {
            assert!(!value(b).starts_with(&value(a)), "{a:?} and {b:?}");
        }
    }
}

#[test]
fn positions_sort_newest_first_then_by_id() {
    let at = |time, id| Position::new(Timestamp(time), [id; 32]);
    let sorted = [at(u64::MAX, 9), at(300, 0), at(258, 0), at(258, 1), at(258, 0xFF), at(257, 0), at(0, 0)];
    assert!(sorted.is_sorted());
    assert_eq!(
        (Position::first_at(Timestamp(258)), Position::last_at(Timestamp(258))),
        (sorted[2], sorted[4])
    );
    assert_eq!(Position::of_key(&[b"prefix".as_slice(), sorted[3].as_bytes()].concat()), Some(sorted[3]));
    assert_eq!(Position::of_key(&[0; 39]), None);
}
