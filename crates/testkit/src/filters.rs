//! Questions about a corpus.

use chappe_protocol::{Filter, Kind, PublicKey, TagFilter, TagMode, Timestamp};
use serde_json::{Map, Value, json};

use crate::{Corpus, Keys, Rng, TestEvent};

/// A filter about this corpus, as a decoder would hand it on (lists sorted, no doubles).
///
/// Every field comes up, alone and with others: values that are there and some that are not, `#x` and `&x`, windows
/// that begin or end exactly at an event, limits from 0 to huge, now and then an empty list or an impossible window.
pub fn random_filter(rng: &mut Rng, corpus: &Corpus) -> Filter {
    let mut filter = Filter::default();
    // Most of the values come from one event, else no filter with several fields would ever match.
    let about = rng.pick(&corpus.events);
    if rng.percent(8) {
        filter.ids = Some(list(rng, 5, about.id(), |rng| rng.pick(&corpus.events).id()));
    }
    if rng.percent(40) {
        filter.authors = Some(list(rng, 12, about.pubkey(), |rng| {
            if rng.percent(10) { stranger(rng) } else { rng.pick(&corpus.keys).public() }
        }));
    }
    if rng.percent(45) {
        filter.kinds = Some(list(rng, 4, Kind(about.kind()), |rng| {
            Kind(if rng.percent(10) { 7777 } else { rng.pick(&corpus.events).kind() })
        }));
    }
    if rng.percent(40) {
        add_tag_filter(rng, corpus, about, &mut filter);
        if rng.percent(30) {
            add_tag_filter(rng, corpus, about, &mut filter);
        }
    }
    add_window(rng, corpus, about, &mut filter);
    if rng.percent(60) {
        filter.limit = Some(*rng.pick(&[0, 1, 1, 2, 5, 10, 20, 50, 100, 500, 1_000_000]));
    }
    filter.normalize();
    filter
}

/// What one REQ asks: one filter, sometimes up to four.
pub fn random_filters(rng: &mut Rng, corpus: &Corpus) -> Vec<Filter> {
    let count = *rng.pick(&[1, 1, 1, 2, 3, 4]);
    (0..count).map(|_| random_filter(rng, corpus)).collect()
}

/// The filter as a client would write it.
#[must_use]
pub fn filter_json(filter: &Filter) -> String {
    fn hex<T: ToString>(list: &[T]) -> Value {
        list.iter().map(ToString::to_string).collect()
    }
    let mut object = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    put("ids", filter.ids.as_deref().map(hex));
    put("authors", filter.authors.as_deref().map(hex));
    put("kinds", filter.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.0).collect()));
    for tag in &filter.tags {
        let sign = match tag.mode {
            TagMode::Any => '#',
            TagMode::All => '&',
        };
        let values = tag.values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        put(&format!("{sign}{}", char::from(tag.letter)), Some(values));
    }
    put("since", filter.since.map(|since| json!(since.0)));
    put("until", filter.until.map(|until| json!(until.0)));
    put("limit", filter.limit.map(|limit| json!(limit)));
    Value::Object(object).to_string()
}

/// `["REQ","subscription",{...},...]`
#[must_use]
pub fn req_message(subscription: &str, filters: &[Filter]) -> String {
    let filters: Vec<_> = filters.iter().map(filter_json).collect();
    format!(r#"["REQ",{},{}]"#, json!(subscription), filters.join(","))
}

/// The first value, perhaps, and some others. Rarely none at all.
fn list<T>(rng: &mut Rng, most: usize, first: T, mut other: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    if rng.percent(3) {
        return Vec::new();
    }
    let others = if rng.percent(50) { 0 } else { rng.below(most) };
    let mut values: Vec<_> = (0..others).map(|_| other(rng)).collect();
    if values.is_empty() || rng.percent(80) {
        values.push(first);
    }
    values
}

fn stranger(rng: &mut Rng) -> PublicKey {
    Keys::from_seed(rng.bits()).public()
}

/// Adds a tag filter, unless the letter and mode are already there: a JSON object holds each key once.
fn add_tag_filter(rng: &mut Rng, corpus: &Corpus, about: &TestEvent, filter: &mut Filter) {
    let askable = |event: &TestEvent| -> Vec<(u8, String)> {
        let pairs = event.tags().iter().filter_map(|tag| match &tag[..] {
            [name, value, ..] if askable(name, value) => Some((name.as_bytes()[0], value.clone())),
            _ => None,
        });
        pairs.collect()
    };
    let mut present = askable(about);
    if present.is_empty() || rng.percent(20) {
        present = askable(rng.pick(&corpus.events));
    }
    if present.is_empty() {
        present.push((b't', "nostr".to_owned()));
    }
    let letter = rng.pick(&present).0;
    let mode = if rng.percent(25) { TagMode::All } else { TagMode::Any };
    if filter.tags.iter().any(|tag| (tag.letter, tag.mode) == (letter, mode)) {
        return;
    }
    let mut own: Vec<_> =
        present.into_iter().filter(|(name, _)| *name == letter).map(|(_, value)| value).collect();
    let first = rng.pick(&own).clone();
    let mut values = list(rng, 4, first, |rng| {
        let other = askable(rng.pick(&corpus.events)).into_iter().find(|(name, _)| *name == letter);
        other.map_or_else(|| stranger(rng).to_string(), |(_, value)| value)
    });
    if mode == TagMode::All && rng.percent(70) {
        rng.shuffle(&mut own);
        own.truncate(3);
        values = own;
    }
    filter.tags.push(TagFilter {
        letter,
        mode,
        values: values.into_iter().map(|value| value.into_bytes().into()).collect(),
    });
}

/// Whether a filter may name this tag: a single letter, and for `e` and `p` 64 lowercase hex characters (NIP-01).
fn askable(name: &str, value: &str) -> bool {
    let letter = name.len() == 1 && name.as_bytes()[0].is_ascii_alphabetic();
    let hex = value.len() == 64 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    letter && (hex || (name != "e" && name != "p"))
}

fn add_window(rng: &mut Rng, corpus: &Corpus, about: &TestEvent, filter: &mut Filter) {
    let around = |rng: &mut Rng| match rng.below(3) {
        0 => about.created_at(),
        1 => rng.pick(&corpus.events).created_at() + rng.within(0..3) - 1,
        _ => Corpus::START + rng.within(0..Corpus::SECONDS),
    };
    if rng.percent(25) {
        filter.since = Some(Timestamp(around(rng)));
    }
    if rng.percent(25) {
        filter.until = Some(Timestamp(around(rng)));
    }
    // Mostly the right way round.
    if filter.since > filter.until && filter.until.is_some() && !rng.percent(20) {
        (filter.since, filter.until) = (filter.until, filter.since);
    }
}

#[cfg(test)]
mod tests;
