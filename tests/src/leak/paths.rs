//! The ways in which somebody may get to know of stored events. A new way is a new [`Path`] in [`PATHS`], and every
//! viewer of every world asks by it, too.
//!
//! Live delivery and export are no answers to questions: [`super::world`] compares them.

use chappe_protocol::{EventId, Filter, Kind, TagFilter, TagMode};
use chappe_testkit::naive::access::Answered;
use chappe_testkit::naive::{self, Limits};
use chappe_testkit::{Corpus, Rng, TestEvent, filter_json, random_filters};
use serde_json::Value;

use super::people::Person;
use super::{Tally, add};
use crate::harness::Client;

/// Small, so that both are met often.
pub const LIMITS: Limits = Limits { default: 40, max: 60 };

/// One way to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// REQ, up to EOSE.
    Stored,
    /// COUNT.
    Counted,
    /// The HyperLogLog of a COUNT (NIP-45).
    Estimated,
}

/// All of them.
pub const PATHS: [Path; 3] = [Path::Stored, Path::Counted, Path::Estimated];

/// What a question is compared with.
pub struct Expected<'a> {
    pub answered: Answered,
    /// Whether, if it is answered and matches something else, that is hidden.
    pub visible: Vec<&'a TestEvent>,
    /// All stored events that match, seen or not.
    pub hidden: Vec<&'a TestEvent>,
}

impl Path {
    /// A question that makes sense on this path.
    pub fn question(self, rng: &mut Rng, corpus: &Corpus, viewer: &Person) -> Vec<Filter> {
        match self {
            Self::Stored | Self::Counted => filters(rng, corpus, viewer),
            Self::Estimated => vec![estimable(rng, corpus, viewer)],
        }
    }

    /// The message that asks, by this name.
    pub fn message(self, name: &str, filters: &[Filter]) -> String {
        let filters: Vec<_> = filters.iter().map(filter_json).collect();
        let verb = match self {
            Self::Stored => "REQ",
            Self::Counted | Self::Estimated => "COUNT",
        };
        format!(r#"["{verb}","{name}",{}]"#, filters.join(","))
    }

    /// Hears the answer and compares it. `about` tells where a failure is.
    pub async fn check(
        self,
        client: &mut Client,
        (name, filters): (&str, &[Filter]),
        expected: &Expected<'_>,
        tally: &Tally,
        about: &str,
    ) {
        let about = format!("{self:?} {} {about}", self.message(name, filters));
        let mut events = Vec::new();
        let last = loop {
            let heard = client.hear().await;
            assert_eq!(heard[1], name, "{heard} for {about}");
            if heard[0] != "EVENT" {
                break heard;
            }
            events.push(heard[2].clone());
        };
        add(&tally.questions, 1);
        if last[0] == "CLOSED" {
            assert_eq!(events.len(), 0, "{last} for {about}");
            check_closed(&last, expected.answered, &about);
            add(&tally.closed, 1);
            return;
        }
        assert!(!matches!(expected.answered, Answered::Closed(_)), "{last}, not closed, for {about}");
        let hidden: Vec<_> = expected.hidden.iter().map(|event| event.json()).collect();
        let about = format!("hidden {hidden:?}, {about}");
        add(&tally.shown, expected.visible.len());
        add(&tally.hidden, expected.hidden.len());
        match self {
            Self::Stored => check_stored(&events, &last, filters, &expected.visible, &about),
            Self::Counted => check_count(&last, &expected.visible, &about),
            Self::Estimated => {
                check_count(&last, &expected.visible, &about);
                let registers = estimate(&filters[0], &expected.visible);
                assert_eq!(last[2]["hll"], registers, "hll for {about}");
                add(&tally.estimated, 1);
            }
        }
    }
}

fn check_closed(closed: &Value, answered: Answered, about: &str) {
    let text = closed[2].as_str().unwrap();
    let prefixes = match answered {
        Answered::Yes => panic!("{closed} for {about}"),
        Answered::Closed(prefix) => vec![prefix],
        Answered::Perhaps => vec!["auth-required: ", "restricted: ", "blocked: "],
    };
    assert!(
        prefixes.iter().any(|prefix| text.starts_with(prefix)),
        "{closed}, not {prefixes:?}, for {about}"
    );
}

fn check_stored(events: &[Value], eose: &Value, filters: &[Filter], visible: &[&TestEvent], about: &str) {
    let expected = naive::query(visible.iter().copied(), filters, LIMITS);
    let expected: Vec<_> = expected.iter().map(EventId::to_string).collect();
    let may_be_seen = |event: &&Value| visible.iter().any(|seen| event["id"] == seen.id().to_string());
    let extra: Vec<_> = events.iter().filter(|event| !may_be_seen(event)).collect();
    assert!(extra.is_empty(), "LEAK: {extra:?} for {about}");
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected, "for {about}");
    assert_eq!(eose[0], "EOSE", "{eose} for {about}");
    // NIP-67: what is hidden is not hinted at either.
    match eose[2][0].as_str() {
        Some("finish") => assert_eq!(ids.len(), visible.len(), "{eose} for {about}"),
        Some("more") => assert!(ids.len() < visible.len(), "{eose} for {about}"),
        _ => {}
    }
}

fn check_count(counted: &Value, visible: &[&TestEvent], about: &str) {
    assert_eq!(counted[0], "COUNT", "{counted} for {about}");
    let ids: Vec<_> = visible.iter().map(|event| event.id()).collect();
    assert_eq!(counted[2]["count"], ids.len(), "{counted}, not {ids:?}, for {about}");
}

/// NIP-45's registers of the authors, step by step as it is written there.
fn estimate(filter: &Filter, visible: &[&TestEvent]) -> String {
    let digit = char::from(filter.tags[0].values[0][32]).to_digit(16).unwrap();
    let offset = 8 + usize::try_from(digit).unwrap();
    let mut registers = [0_u32; 256];
    for event in visible {
        let pubkey = event.pubkey();
        let bytes = pubkey.as_bytes();
        let bits: String = bytes[offset + 1..].iter().map(|byte| format!("{byte:08b}")).collect();
        let zeros = bits.find('1').unwrap_or(bits.len());
        let register = &mut registers[usize::from(bytes[offset])];
        *register = (*register).max(u32::try_from(zeros).unwrap() + 1);
    }
    registers.iter().map(|register| format!("{register:02x}")).collect()
}

/// Questions of clients, and those that would be answered wrongly if a rewrite or a shortcut were.
pub fn filters(rng: &mut Rng, corpus: &Corpus, viewer: &Person) -> Vec<Filter> {
    let about = rng.pick(&corpus.events);
    let kind = Kind(about.kind());
    let mut filter = Filter::default();
    match rng.below(10) {
        0 => {}
        1 => filter.kinds = Some(vec![kind]),
        2 => filter.ids = Some(vec![about.id()]),
        3 => filter.authors = Some(vec![about.pubkey()]),
        4 => {
            filter.kinds = Some(vec![kind, Kind(4), Kind(1059), Kind(24_133)]);
            filter.limit = Some(rng.within(1..20));
        }
        5 => {
            let author = || about.pubkey().to_string();
            filter.tags = vec![to(viewer.hex.first().cloned().unwrap_or_else(author))];
        }
        6 => {
            let also = Filter { kinds: Some(vec![Kind(4), Kind(1059)]), ..Filter::default() };
            let exempt = Filter { kinds: Some(vec![Kind(24_133), Kind(13_194)]), ..Filter::default() };
            return vec![Filter { kinds: Some(vec![kind]), ..filter }, also, exempt];
        }
        _ => return random_filters(rng, corpus),
    }
    filter.normalize();
    vec![filter]
}

fn to(hex: String) -> TagFilter {
    TagFilter { letter: b'p', mode: TagMode::Any, values: vec![hex.into_bytes().into()] }
}

/// One filter with one tag condition of one value, which is hex.
fn estimable(rng: &mut Rng, corpus: &Corpus, viewer: &Person) -> Filter {
    let is_hex = |value: &str| EventId::from_hex(value.as_bytes()).is_ok();
    let askable = |event: &TestEvent| {
        ["p", "e"].iter().find_map(|name| {
            let value = event.tag_values(name).find(|value| is_hex(value))?.to_owned();
            Some((name.as_bytes()[0], value))
        })
    };
    let mut found = None;
    for _ in 0..20 {
        found = found.or_else(|| askable(rng.pick(&corpus.events)));
    }
    let (letter, value) = match (viewer.hex.first(), found) {
        (Some(own), _) if rng.percent(30) => (b'p', own.clone()),
        (_, Some(found)) => found,
        _ => (b'p', corpus.keys[0].hex()),
    };
    let tag = TagFilter { letter, mode: TagMode::Any, values: vec![value.into_bytes().into()] };
    let mut filter = Filter { tags: vec![tag], ..Filter::default() };
    if rng.percent(30) {
        filter.kinds = Some(vec![Kind(1), Kind(7), Kind(1059)]);
    }
    filter.normalize();
    filter
}
