use chappe_protocol::PublicKey;
use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent, auth_event};

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn verify(event: &TestEvent) -> Result<(), Invalid> {
    let verified = Verifier::new().verify(event.event(), &Rules::import(), NOW, &mut Vec::new())?;
    assert_eq!(verified.event(), event.event());
    assert_eq!(verified.head(), event.head());
    Ok(())
}

#[test]
fn a_world_of_real_events_is_valid() {
    for event in Corpus::plain(1, 500, 20).events {
        assert_eq!(verify(&event), Ok(()), "{}", event.json());
    }
}

#[test]
fn no_kind_escapes_the_id_or_the_signature() {
    let (alice, bob) = (Keys::from_seed(1), Keys::from_seed(2));
    let off_curve = PublicKey::from_bytes([0xff; 32]);
    let builders = [0, 1, 3, 5, 62, 1059, 10_002, 20_000, 24_133, 29_999, 30_023, 40_000, u16::MAX]
        .map(EventBuilder::new)
        .into_iter()
        .chain([auth_event("wss://relay.example.com", "challenge", NOW.0)]);
    for builder in builders {
        let good = builder.content("text").sign(&alice);
        let table = [
            ("good", good.clone(), Ok(())),
            // Signed by the author all right, but over an id that somebody made up.
            ("wrong id", good.clone().with_wrong_id(&alice), Err(Invalid::WrongId)),
            ("other content", good.clone().with_content("other"), Err(Invalid::WrongId)),
            ("wrong signature", good.clone().with_wrong_sig(), Err(Invalid::WrongSignature)),
            ("another's signature", good.clone().with_sig_by(&bob), Err(Invalid::WrongSignature)),
            ("another's name", good.clone().with_author(bob.public()), Err(Invalid::WrongSignature)),
            ("no such key", good.clone().with_author(off_curve), Err(Invalid::NoSuchKey)),
        ];
        for (name, event, expected) in table {
            assert_eq!(verify(&event), expected, "{name}, kind {}", good.kind());
        }
    }
}

#[test]
fn ids_over_both_forms_of_control_characters_are_accepted() {
    let alice = Keys::from_seed(1);
    let texts = ["\u{0}\u{1}\u{1f}", "\u{8}\t\n\u{c}\r\"\\", "\u{7f}\u{80}\u{2028}é😀", "", "\\u0001"];
    for text in texts {
        let builder = EventBuilder::new(1).content(text).tag(&["t", text]).tag(&[text]);
        let escaped = builder.clone().sign(&alice);
        let verbatim = builder.id_over_verbatim_controls().sign(&alice);
        for event in [escaped, verbatim] {
            assert_eq!(verify(&event), Ok(()), "{text:?}");
            assert_eq!(verify(&event.with_content("\u{2}")), Err(Invalid::WrongId), "{text:?}");
        }
    }
}

#[test]
fn a_published_event_is_valid() {
    // The example of NIP-13: nothing of it comes from our own hand.
    let json = br#"{"id":"000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358",
        "pubkey":"a48380f4cfcc1ad5378294fcac36439770f9c878dd880ffa94bb74ea54a6f243","created_at":1651794653,"kind":1,
        "tags":[["nonce","776797","20"]],"content":"It's just me mining my own business","sig":
        "284622fc0a3f4f1303455d5175f7ba962a3300d136085b9566801bc2e0699de0c7e31e44c81fb40ad9049173742e904713c3594a1da0fc5d2382a25c11aba977"}"#;
    let mut scratch = chappe_codec::Scratch::new();
    let event = chappe_codec::decode_event(json, &mut scratch).unwrap();
    let rules = Rules { pow_bits_min: 20, ..Rules::default() };
    assert!(Verifier::new().verify(event, &rules, NOW, &mut Vec::new()).is_ok());
    let rules = Rules { pow_bits_min: 21, ..Rules::default() };
    let refused = Verifier::new().verify(event, &rules, NOW, &mut Vec::new());
    assert_eq!(refused, Err(Invalid::WorkNotCommitted { bits_min: 21 }));
}

#[test]
fn what_lay_in_the_buffer_does_not_matter() {
    let event = EventBuilder::new(1).content("text").sign(&Keys::from_seed(1));
    let mut buffer = b"left over".to_vec();
    for _ in 0..2 {
        assert!(Verifier::new().verify(event.event(), &Rules::import(), NOW, &mut buffer).is_ok());
    }
}

#[test]
fn cheap_faults_are_found_before_dear_ones() {
    let alice = Keys::from_seed(1);
    let expired = EventBuilder::new(1).tag(&["expiration", "1"]).sign(&alice);
    assert_eq!(verify(&expired.with_wrong_id(&alice)), Err(Invalid::Expired));
    let good = EventBuilder::new(1).sign(&alice);
    assert_eq!(verify(&good.with_content("other").with_wrong_sig()), Err(Invalid::WrongId));
}

#[test]
fn every_group_of_rules_is_asked() {
    let alice = Keys::from_seed(1);
    let protected = EventBuilder::new(1).tag(&["-"]).sign(&alice).json();
    let table = [
        ("size", EventBuilder::new(1).tag(&["t"]).tag(&["t"]), Invalid::TooManyTags { tags_max: 1 }),
        ("time", EventBuilder::new(1).created_at(NOW.0 + 901), Invalid::TooFarAhead { seconds_max: 900 }),
        ("work", EventBuilder::new(1), Invalid::WorkNotCommitted { bits_min: 1 }),
        ("repost", EventBuilder::new(6).content(protected).mined(1), Invalid::EmbedsProtected),
    ];
    let rules = Rules { tags_max: 1, pow_bits_min: 1, ..Rules::default() };
    for (name, builder, expected) in table {
        let event = builder.sign(&alice);
        let refused = Verifier::new().verify(event.event(), &rules, NOW, &mut Vec::new());
        assert_eq!(refused, Err(expected), "{name}");
    }
}

#[test]
fn looks_for_authors_are_counted() {
    let verifier = Verifier::new();
    let authors = [1, 2, 1, 1].map(|seed| EventBuilder::new(1).sign(&Keys::from_seed(seed)));
    for event in &authors {
        verifier.verify(event.event(), &Rules::import(), NOW, &mut Vec::new()).unwrap();
    }
    assert_eq!(verifier.key_lookups(), KeyLookups { hits: 2, misses: 2 });
}
