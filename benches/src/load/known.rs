//! Events that the generator knows, and what a relay should make of them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use chappe_protocol::{
    Address, EventHead, EventId, Filter, Kind, KindClass, PublicKey, Tags, TagsWriter, Timestamp,
};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::failure::Failure;
use crate::options::Source;

/// An event, ready to be sent and to be compared with filters.
#[derive(Debug)]
pub(crate) struct Known {
    id: EventId,
    pubkey: PublicKey,
    created_at: Timestamp,
    kind: Kind,
    packed_tags: Vec<u8>,
    /// The message that publishes it.
    pub(crate) message: Utf8Bytes,
}

/// What is read of a line; content and signature are the relay's business.
#[derive(Deserialize)]
struct Line {
    id: String,
    pubkey: String,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
}

/// Kinds that relays show to the people involved only (NIP-04, NIP-17, NIP-59), and the generator signs in as nobody.
const PRIVATE_KINDS: [u16; 6] = [4, 13, 14, 15, 1059, 1060];

impl Known {
    pub(crate) fn from_json(json: &str) -> Result<Self, Failure> {
        let wrong = |error: String| Failure::new(format!("not an event: {error}: {json:.100}"));
        let line: Line = serde_json::from_str(json).map_err(|error| wrong(error.to_string()))?;
        let hex = |error: chappe_protocol::HexError| wrong(error.to_string());
        let mut packed_tags = Vec::new();
        let mut writer = TagsWriter::new(&mut packed_tags);
        if !line.tags.iter().all(|tag| writer.tag(tag)) {
            return Err(wrong("a tag is too large".to_owned()));
        }
        let kind = Kind(line.kind);
        if kind == Kind::DELETION || kind == Kind::VANISH {
            return Err(wrong("what deletions leave depends on the order of arrival".to_owned()));
        }
        Ok(Self {
            id: EventId::from_hex(line.id.as_bytes()).map_err(hex)?,
            pubkey: PublicKey::from_hex(line.pubkey.as_bytes()).map_err(hex)?,
            created_at: Timestamp(line.created_at),
            kind,
            packed_tags,
            message: format!(r#"["EVENT",{json}]"#).into(),
        })
    }

    pub(crate) fn head(&self) -> EventHead<'_> {
        EventHead {
            id: self.id,
            pubkey: self.pubkey,
            created_at: self.created_at,
            kind: self.kind,
            tags: Tags::from_packed(&self.packed_tags),
        }
    }

    fn is_kept_and_shown(&self) -> bool {
        self.kind.class() != KindClass::Ephemeral
            && self.head().expiration().is_none()
            && !PRIVATE_KINDS.contains(&self.kind.0)
    }
}

/// The events that a run is about: those of the file, else a corpus made anew.
pub(crate) fn gather(source: &Source) -> Result<Vec<Known>, Failure> {
    match &source.file {
        Some(path) => read(path),
        None => source.corpus.plan().events().map(|event| Known::from_json(&event.json())).collect(),
    }
}

fn read(path: &Path) -> Result<Vec<Known>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let lines = BufReader::new(File::open(path).map_err(failed)?).lines();
    lines
        .filter(|line| line.as_ref().map_or(true, |line| !line.is_empty()))
        .map(|line| Known::from_json(&line.map_err(failed)?))
        .collect()
}

/// What a relay that was given these events shows to everybody, in the order of an answer: newest first, equal times
/// by lowest id, and of each address the newest version alone (NIP-01).
///
/// Events that expire are left out, because it depends on the time of day.
pub(crate) fn shown<'a>(events: impl IntoIterator<Item = &'a Known>) -> Vec<&'a Known> {
    let mut sorted: Vec<&Known> = events.into_iter().filter(|event| event.is_kept_and_shown()).collect();
    sorted.sort_unstable_by(|one, other| other.created_at.cmp(&one.created_at).then(one.id.cmp(&other.id)));
    let mut newest: HashMap<Address<'_>, EventId> = HashMap::new();
    // In this order the first of an address is the one that stays.
    sorted.retain(|event| {
        event.head().address().is_none_or(|address| *newest.entry(address).or_insert(event.id) == event.id)
    });
    sorted
}

/// The ids that answer a filter, out of what is [`shown`].
pub(crate) fn answer_to(filter: &Filter, shown: &[&Known]) -> Vec<EventId> {
    let limit = filter.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    shown.iter().filter(|event| filter.matches(&event.head())).take(limit).map(|event| event.id).collect()
}

#[cfg(test)]
mod tests {
    use chappe_testkit::{EventBuilder, Keys, TestEvent};

    use super::*;

    fn known(event: &TestEvent) -> Known {
        Known::from_json(&event.json()).unwrap()
    }

    #[test]
    fn an_event_is_read_as_it_was_made() {
        let event =
            EventBuilder::new(1).tag(&["t", "a\"b"]).tag(&["p"]).content("x\n").sign(&Keys::from_seed(1));
        assert_eq!(known(&event).head(), event.head());
        assert_eq!(known(&event).message.as_str(), event.message());
        assert!(Known::from_json("{}").is_err());
        assert!(Known::from_json(&EventBuilder::new(5).sign(&Keys::from_seed(1)).json()).is_err());
    }

    #[test]
    fn only_the_newest_of_an_address_is_shown_and_nothing_private_or_passing() {
        let [one, other] = [1, 2].map(Keys::from_seed);
        let make = |kind: u16, created_at: u64, d: &str, keys: &Keys| {
            known(&EventBuilder::new(kind).created_at(created_at).tag(&["d", d]).content(d).sign(keys))
        };
        let events = [
            make(1, 50, "", &one),
            make(0, 10, "", &one),
            make(0, 30, "", &one),
            make(0, 20, "", &one),
            make(0, 20, "", &other),
            make(30_023, 5, "a", &one),
            make(30_023, 6, "a", &one),
            make(30_023, 5, "b", &one),
            make(1_059, 60, "", &one),
            make(20_001, 60, "", &one),
            known(&EventBuilder::new(1).tag(&["expiration", "9"]).sign(&one)),
        ];
        let times = |events: &[&Known]| events.iter().map(|event| event.created_at.0).collect::<Vec<_>>();
        assert_eq!(times(&shown(&events)), [50, 30, 20, 6, 5]);
        // The lowest id of the same second stays.
        let rivals = [make(0, 7, "x", &one), make(0, 7, "y", &one)];
        assert_eq!(shown(&rivals)[0].id, rivals[0].id.min(rivals[1].id));
        let two = Filter { limit: Some(2), ..Filter::default() };
        assert_eq!(answer_to(&two, &shown(&events)), [events[0].id, events[2].id]);
    }
}
