use super::*;
use crate::TagsWriter;

fn with_head<R>(kind: u16, tags: &[&[&str]], look: impl FnOnce(&EventHead<'_>) -> R) -> R {
    let mut packed = Vec::new();
    let mut writer = TagsWriter::new(&mut packed);
    assert!(tags.iter().all(|tag| writer.tag(tag)));
    look(&EventHead {
        id: EventId::from_bytes([1; 32]),
        pubkey: PublicKey::from_bytes([2; 32]),
        created_at: Timestamp(100),
        kind: Kind(kind),
        tags: Tags::from_packed(&packed),
    })
}

#[test]
fn an_addressable_event_without_a_d_tag_has_the_empty_one() {
    with_head(30_000, &[], |head| assert_eq!(head.address().map(|a| a.d), Some(b"".as_slice())));
    with_head(30_000, &[&["d"]], |head| assert_eq!(head.address().map(|a| a.d), Some(b"".as_slice())));
    with_head(30_000, &[&["d", "x"], &["d", "y"]], |head| {
        assert_eq!(head.address().map(|a| a.d), Some(b"x".as_slice()));
    });
    with_head(0, &[&["d", "x"]], |head| assert_eq!(head.address().map(|a| a.d), Some(b"".as_slice())));
    with_head(1, &[&["d", "x"]], |head| assert_eq!(head.address(), None));
}

#[test]
fn an_event_is_gone_from_the_second_its_expiration_names() {
    with_head(1, &[&["expiration", "50"]], |head| {
        assert!(!head.is_expired(Timestamp(49)));
        assert!(head.is_expired(Timestamp(50)));
    });
    for broken in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
        with_head(1, &[&["expiration", broken]], |head| assert_eq!(head.expiration(), None, "{broken:?}"));
    }
}

#[test]
fn an_address_is_kind_pubkey_and_the_rest() {
    let hex = "02".repeat(32);
    let value = format!("30023:{hex}:a:b");
    let address = Address::from_tag_value(value.as_bytes()).unwrap();
    assert_eq!((address.kind, address.d), (Kind(30_023), b"a:b".as_slice()));
    for broken in
        [format!("30023:{hex}"), format!("+3:{hex}:"), format!("70000:{hex}:"), "1:zz:".into(), String::new()]
    {
        assert_eq!(Address::from_tag_value(broken.as_bytes()), None, "{broken}");
    }
}

#[test]
fn mentions_reads_p_tags_only() {
    let (me, tagged) = (PublicKey::from_bytes([7; 32]), "07".repeat(32));
    with_head(4, &[&["p", &tagged]], |head| assert!(head.mentions(&me)));
    with_head(4, &[&["P", &tagged], &["p"], &["e", &tagged]], |head| assert!(!head.mentions(&me)));
}

#[test]
fn protection_is_a_tag_by_name() {
    with_head(1, &[&["-"]], |head| assert!(head.is_protected()));
    with_head(1, &[&["t", "-"]], |head| assert!(!head.is_protected()));
}
