//! Any bytes as an event.

use std::sync::LazyLock;

use chappe_codec::{Controls, Scratch, append_event, append_preimage, decode_event, has_bare_controls};
use chappe_protocol::{Event, Timestamp};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Invalid, Rules, Verifier};
use serde_json::Value;

use crate::is_json;

static SIGNER: LazyLock<Keys> = LazyLock::new(|| Keys::from_seed(1));
static VERIFIER: LazyLock<Verifier> = LazyLock::new(Verifier::new);

/// What decodes is JSON; its canonical form says the same and is its own canonical form; judging it never panics; and
/// signed by somebody it is an event that verifies.
pub fn event(bytes: &[u8]) {
    let mut scratch = Scratch::new();
    let Ok(event) = decode_event(bytes, &mut scratch) else { return };
    assert!(is_json(bytes), "accepted what is no JSON");
    canonical_form_is_stable(&event);
    preimages_differ_by_controls_only(&event);
    let now = Timestamp(event.head.created_at.0.saturating_sub(1));
    for rules in [Rules::default(), Rules::auth(), Rules::import()] {
        // Nearly always no; that there is an answer is what counts.
        let _ = VERIFIER.verify(event, &rules, now, &mut Vec::new());
    }
    signed_it_verifies(&event, now);
}

fn canonical_form_is_stable(event: &Event<'_>) {
    let mut canonical = Vec::new();
    append_event(&mut canonical, event);
    let mut scratch = Scratch::new();
    let again = decode_event(&canonical, &mut scratch).expect("our own writing is well formed");
    assert_eq!(again, *event);
    let mut twice = Vec::new();
    append_event(&mut twice, &again);
    assert_eq!(twice, canonical);
    let value: Value = serde_json::from_slice(&canonical).expect("the canonical form is JSON");
    assert_eq!(value["content"].as_str(), Some(event.content));
    assert_eq!(value["created_at"].as_u64(), Some(event.head.created_at.0));
    assert_eq!(value["tags"].as_array().map(Vec::len), Some(event.head.tags.iter().count()));
}

fn preimages_differ_by_controls_only(event: &Event<'_>) {
    let preimage = |controls| {
        let mut out = Vec::new();
        append_preimage(&mut out, event, controls);
        out
    };
    let (escaped, verbatim) = (preimage(Controls::Escaped), preimage(Controls::Verbatim));
    assert!(is_json(&escaped), "only the letter of NIP-01 leaves JSON");
    assert_eq!(escaped != verbatim, has_bare_controls(event));
}

fn signed_it_verifies(event: &Event<'_>, now: Timestamp) {
    let unsigned = || {
        let builder = EventBuilder::new(event.head.kind.0).created_at(event.head.created_at.0);
        event.head.tags.iter().fold(builder.content(event.content), |builder, tag| {
            let strings: Vec<_> = tag.strings().map(String::from_utf8_lossy).collect();
            builder.tag(&strings)
        })
    };
    verifies(&unsigned().sign(&SIGNER), now);
    verifies(&unsigned().id_over_verbatim_controls().sign(&SIGNER), now);
}

fn verifies(signed: &TestEvent, now: Timestamp) {
    let json = signed.json();
    let mut scratch = Scratch::new();
    let decoded = decode_event(json.as_bytes(), &mut scratch).expect("serde_json's writing is well formed");
    assert_eq!(decoded, signed.event());
    match VERIFIER.verify(decoded, &Rules::import(), now, &mut Vec::new()) {
        Ok(verified) => assert_eq!(verified.event(), signed.event()),
        // A rule may forbid what is in it; its id and signature are right.
        Err(invalid) => assert!(
            !matches!(invalid, Invalid::WrongId | Invalid::WrongSignature | Invalid::NoSuchKey),
            "{invalid:?} said of {json}"
        ),
    }
}
