//! The file's `tests`.

use std::net::IpAddr;

use chappe_protocol::{Kind, PublicKey, TagsWriter};

use super::fields::Fields;
use super::notes::Notes;
use super::path::Path;
use super::values;
use crate::json::{Node, Value};
use crate::policy_test::{PolicyTest, Question, TrialEvent};
use crate::{Direction, Follows, KeySet, Verdict};

/// How many tests a file may have.
const TESTS_MAX: usize = 1_000;
/// The longest made-up content, in bytes.
const CONTENT_BYTES_MAX: i64 = 1 << 24;
/// The author of an event that names none and is brought by nobody: a key that nobody has.
const STRANGER: PublicKey = PublicKey::from_bytes([0xee; 32]);

/// Reads the list of tests.
pub(super) fn read(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Box<[PolicyTest]> {
    if let Value::List(tests) = &node.value
        && tests.len() > TESTS_MAX
    {
        notes.fault(node.place, path, format!("a policy has at most {TESTS_MAX} tests"));
        return Box::default();
    }
    values::list(node, path, notes, test).into()
}

fn test(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<PolicyTest> {
    let mut fields = Fields::of(node, path, notes);
    let name = fields.take("name").and_then(|node| values::text(node, &path.name("name"), notes));
    fields.take("description").and_then(|node| values::text(node, &path.name("description"), notes));
    let viewers = fields.take("as").map(|node| viewers(node, &path.name("as"), notes)).unwrap_or_default();
    let address = fields.take("ip").and_then(|node| address(node, &path.name("ip"), notes));
    let lists = fields.take("follows").map(|node| follow_lists(node, &path.name("follows"), notes));
    let question = question(&mut fields, &viewers, path, notes);
    let expect = expect(&mut fields, path, notes);
    let rule = fields.take("rule").and_then(|node| values::text(node, &path.name("rule"), notes));
    fields.finish(path, notes);
    Some(PolicyTest {
        line: node.place.line,
        name: name.unwrap_or_default().to_owned(),
        question: question?,
        viewers,
        address,
        follows: lists.unwrap_or_default(),
        expect: expect?,
        rule: rule.map(str::to_owned),
    })
}

/// One of a few words.
fn word<T: Copy>(node: &Node, path: &Path<'_>, words: [(&str, T); 2], notes: &mut Notes) -> Option<T> {
    let text = values::text(node, path, notes)?;
    let found = words.into_iter().find(|(word, _)| *word == text).map(|(_, meaning)| meaning);
    if found.is_none() {
        let [(one, _), (other, _)] = words;
        notes.fault(node.place, path, format!("neither {one:?} nor {other:?}"));
    }
    found
}

fn expect(fields: &mut Fields<'_>, path: &Path<'_>, notes: &mut Notes) -> Option<Verdict> {
    let path = path.name("expect");
    let Some(node) = fields.take("expect") else {
        notes.fault(fields.place, &path, "is missing: say \"allow\" or \"deny\"");
        return None;
    };
    word(node, &path, [("allow", Verdict::Allow), ("deny", Verdict::Deny)], notes)
}

/// `"anonymous"`, a key, or a list of keys.
fn viewers(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Vec<PublicKey> {
    if matches!(&node.value, Value::Text(text) if text == "anonymous") {
        return Vec::new();
    }
    if matches!(node.value, Value::List(_)) {
        return values::list(node, path, notes, values::key);
    }
    values::key(node, path, notes).into_iter().collect()
}

fn address(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<IpAddr> {
    let address = values::text(node, path, notes)?.parse().ok();
    if address.is_none() {
        notes.fault(node.place, path, "not an IP address");
    }
    address
}

fn follow_lists(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Follows {
    let members = Fields::of(node, path, notes).rest();
    let lists: Vec<(PublicKey, KeySet)> = members
        .into_iter()
        .filter_map(|member| {
            let path = path.name(&member.name);
            let root = values::key_of(&member.name);
            let root = root.map_err(|reason| notes.fault(member.place, &path, reason)).ok()?;
            Some((root, values::keys(&member.node, &path, notes)))
        })
        .collect();
    Follows::new(lists.into_iter())
}

fn question(
    fields: &mut Fields<'_>,
    viewers: &[PublicKey],
    path: &Path<'_>,
    notes: &mut Notes,
) -> Option<Question> {
    let (event_node, filter_node, access_node) =
        (fields.take("event"), fields.take("filter"), fields.take("access"));
    let directions = [("write", Direction::Write), ("read", Direction::Read)];
    let access = match access_node {
        Some(node) => Some((node, word(node, &path.name("access"), directions, notes)?)),
        None => None,
    };
    match (event_node, filter_node) {
        (Some(node), None) => {
            let author = viewers.first().copied().unwrap_or(STRANGER);
            let direction = access.map_or(Direction::Write, |(_, direction)| direction);
            Some(Question::Event(direction, event(node, author, &path.name("event"), notes)))
        }
        (None, Some(node)) => {
            if let Some((node, Direction::Write)) = access {
                notes.fault(node.place, &path.name("access"), "a filter can only be read");
            }
            Some(filter(node, &path.name("filter"), notes))
        }
        (Some(_), Some(_)) | (None, None) => {
            notes.fault(fields.place, path, "needs either an event or a filter");
            None
        }
    }
}

fn event(node: &Node, author: PublicKey, path: &Path<'_>, notes: &mut Notes) -> TrialEvent {
    let mut fields = Fields::of(node, path, notes);
    let kind = fields.take("kind").and_then(|node| values::kind(node, &path.name("kind"), notes));
    let pubkey = fields.take("pubkey").and_then(|node| values::key(node, &path.name("pubkey"), notes));
    let offset = fields.take("created_at_offset").and_then(|node| {
        let path = path.name("created_at_offset");
        values::number(node, &path, -1_700_000_000..=1_700_000_000, notes)
    });
    let content = fields.take("content");
    let made_up = fields.take("content_bytes");
    if let (Some(_), Some(node)) = (content, made_up) {
        notes.fault(node.place, &path.name("content_bytes"), "stands beside content: one of them is enough");
    }
    let content = content.and_then(|node| values::text(node, &path.name("content"), notes));
    let made_up = made_up.and_then(|node| {
        let bytes = values::number(node, &path.name("content_bytes"), 0..=CONTENT_BYTES_MAX, notes)?;
        usize::try_from(bytes).ok()
    });
    let content_bytes = content.map(str::len).or(made_up).unwrap_or_default();
    let content_json = content.map_or(content_bytes, |content| json_bytes(content) - 2);
    let mut packed_tags = Vec::new();
    let tags_json = match fields.take("tags") {
        Some(node) => tags(node, &path.name("tags"), &mut packed_tags, notes),
        None => 2,
    };
    fields.finish(path, notes);
    TrialEvent {
        kind: kind.unwrap_or(Kind(1)),
        pubkey: pubkey.unwrap_or(author),
        created_at: TrialEvent::time(offset.unwrap_or_default()),
        packed_tags,
        json_bytes: tags_json + content_json,
        content_bytes,
    }
}

/// Packs the tags, and says how long they are as JSON.
fn tags(node: &Node, path: &Path<'_>, packed: &mut Vec<u8>, notes: &mut Notes) -> usize {
    let mut writer = TagsWriter::new(packed);
    let tags = values::list(node, path, notes, |node, path, notes| {
        let strings = values::list(node, path, notes, values::text);
        if !writer.tag(&strings) {
            notes.fault(node.place, path, "too many strings for one tag");
        }
        Some(brackets(strings.into_iter().map(json_bytes)))
    });
    brackets(tags.into_iter())
}

/// The length of a JSON list with items of these lengths.
fn brackets(items: impl ExactSizeIterator<Item = usize>) -> usize {
    2 + items.len().saturating_sub(1) + items.sum::<usize>()
}

/// The length of a text in JSON, with its quotes.
fn json_bytes(text: &str) -> usize {
    let escaped = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

fn filter(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Question {
    let mut fields = Fields::of(node, path, notes);
    let kinds_node = fields.take("kinds");
    let kinds = kinds_node.map(|node| values::kinds(node, &path.name("kinds"), notes));
    if let Some(node) = kinds_node.filter(|_| kinds.as_ref().is_some_and(|kinds| kinds.is_empty())) {
        notes.fault(node.place, &path.name("kinds"), "asks for nothing");
    }
    // A filter from real life may ask for more. Whether something can be seen at all is a matter of its kinds.
    for name in ["ids", "authors", "since", "until", "limit", "search"] {
        fields.take(name);
    }
    let others = fields.rest();
    for member in others.iter().filter(|member| !member.name.starts_with(['#', '&'])) {
        notes.fault(member.place, &path.name(&member.name), "not a field of a filter");
    }
    Question::Filter(kinds)
}
