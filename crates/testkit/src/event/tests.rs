use secp256k1::{XOnlyPublicKey, schnorr};

use super::*;
use crate::EventBuilder;

/// Whether the id is the event's own, and the signature its author's over that id.
fn judge(event: &TestEvent) -> (bool, bool) {
    let unsigned = Unsigned {
        pubkey: event.pubkey,
        created_at: event.created_at,
        kind: event.kind,
        tags: event.tags.clone(),
        content: event.content.clone(),
    };
    let own =
        [IdControls::Escaped, IdControls::Verbatim].map(|controls| unsigned.id(controls)).contains(&event.id);
    let key = XOnlyPublicKey::from_byte_array(*event.pubkey.as_bytes());
    let sig = schnorr::Signature::from_byte_array(*event.sig.as_bytes());
    (own, key.is_ok_and(|key| key.verify(event.id.as_bytes(), &sig).is_ok()))
}

#[test]
fn a_published_event_has_the_id_that_others_computed() {
    // The example of NIP-13.
    let unsigned = Unsigned {
        pubkey: PublicKey::from_hex(b"a48380f4cfcc1ad5378294fcac36439770f9c878dd880ffa94bb74ea54a6f243")
            .unwrap(),
        created_at: 1_651_794_653,
        kind: 1,
        tags: vec![["nonce", "776797", "20"].map(str::to_owned).to_vec()],
        content: "It's just me mining my own business".to_owned(),
    };
    let id = EventId::from_hex(b"000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358").unwrap();
    assert_eq!(unsigned.id(IdControls::Escaped), id);
}

#[test]
fn each_wrong_variant_is_wrong_in_one_way() {
    let (alice, bob) = (Keys::from_seed(1), Keys::from_seed(2));
    let good = EventBuilder::new(1).content("hi \u{1}").sign(&alice);
    let verbatim = EventBuilder::new(1).content("hi \u{1}").id_over_verbatim_controls().sign(&alice);
    assert_ne!(good.id(), verbatim.id());
    let table = [
        ("good", good.clone(), (true, true)),
        ("verbatim", verbatim, (true, true)),
        ("wrong id", good.clone().with_wrong_id(&alice), (false, true)),
        ("wrong sig", good.clone().with_wrong_sig(), (true, false)),
        ("sig by another", good.clone().with_sig_by(&bob), (true, false)),
        ("other author", good.clone().with_author(bob.public()), (true, false)),
        ("other text", good.with_content("ho"), (false, true)),
    ];
    for (name, event, expected) in table {
        assert_eq!(judge(&event), expected, "{name}");
    }
}

#[test]
fn mined_events_have_the_work_they_say() {
    let event = EventBuilder::new(1).mined(9).sign(&Keys::from_seed(1));
    let [first, second, ..] = *event.id().as_bytes();
    assert_eq!((first, second & 0x80), (0, 0));
    assert_eq!(event.tags()[0][2], "9");
    assert_eq!(judge(&event), (true, true));
}

#[test]
fn tags_are_packed_in_order() {
    let event =
        EventBuilder::new(1).tag(&["e", "x", "y"]).tag::<&str>(&[]).tag(&["-"]).sign(&Keys::from_seed(1));
    let packed: Vec<Vec<_>> = event.head().tags.iter().map(|tag| tag.strings().collect()).collect();
    assert_eq!(packed, [vec![b"e".as_slice(), b"x", b"y"], vec![], vec![b"-".as_slice()]]);
    assert_eq!(event.tag_values("e").collect::<Vec<_>>(), ["x"]);
}

#[test]
fn json_keeps_the_order_and_the_escapes_of_the_wire() {
    let event = EventBuilder::new(1)
        .created_at(7)
        .tag(&["t", "a\"b"])
        .content("\n\u{1}\u{7f}é")
        .sign(&Keys::from_seed(1));
    let (id, pubkey, sig) = (event.id(), event.pubkey(), event.event().sig);
    let expected = format!(
        r#"{{"id":"{id}","pubkey":"{pubkey}","created_at":7,"kind":1,"tags":[["t","a\"b"]],"content":"\n\u0001{}é","sig":"{sig}"}}"#,
        '\u{7f}'
    );
    assert_eq!(event.json(), expected);
    assert_eq!(event.message(), format!(r#"["EVENT",{expected}]"#));
    assert_eq!(event.delivery("s\"1"), format!(r#"["EVENT","s\"1",{expected}]"#));
}

#[test]
fn an_event_is_read_back_from_its_json() {
    let event = EventBuilder::new(30_023)
        .tag(&["d", "x"])
        .tag(&["empty"])
        .content("\u{1}\"\u{e9}")
        .sign(&Keys::from_seed(1));
    let json: Value = serde_json::from_str(&event.json()).unwrap();
    assert_eq!(TestEvent::from_json(&json), event);
}
