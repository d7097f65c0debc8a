//! Any bytes as a filter.

use std::sync::LazyLock;

use chappe_codec::decode_filter;
use chappe_protocol::Filter;
use chappe_testkit::{Corpus, filter_json, naive};

use crate::is_json;

/// A small world to ask about. The seeds name some of its ids, keys and tags.
static CORPUS: LazyLock<Corpus> = LazyLock::new(|| Corpus::plain(1, 64, 8));

/// What decodes is JSON and normalized, and written down again decodes to the same; it matches what the oracle says it
/// matches; and a filter that says it can never match does not.
pub fn filter(bytes: &[u8]) {
    let Ok(filter) = decode_filter(bytes) else { return };
    assert!(is_json(bytes), "accepted what is no JSON");
    let mut normalized = filter.clone();
    normalized.normalize();
    assert_eq!(normalized, filter, "decoders hand out normalized filters");
    let again = decode_filter(filter_json(&filter).as_bytes()).expect("the testkit's writing is well formed");
    assert_eq!(sorted(again), sorted(filter.clone()));
    for event in &CORPUS.events {
        let matches = filter.matches(&event.head());
        assert_eq!(matches, naive::matches(&filter, event), "{filter:?} on {}", event.json());
        assert!(!(matches && filter.is_never()), "{filter:?} matches {}", event.json());
    }
}

/// With its tag conditions in one order; whoever writes a filter chooses his own.
pub(crate) fn sorted(mut filter: Filter) -> Filter {
    filter.tags.sort_by_key(|tag| (tag.letter, tag.mode as u8));
    filter
}
