use chappe_protocol::{EventId, Filter, Kind, PublicKey, TagFilter, TagMode};

use super::{PAIRS_MAX, Source, sources};
use crate::keys;
use crate::tables::Index;

fn authors(count: usize) -> Option<Vec<PublicKey>> {
    let key = |n: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        PublicKey::from_bytes(bytes)
    };
    Some((0..count).map(key).collect())
}

fn kinds(count: u16) -> Option<Vec<Kind>> {
    Some((0..count).map(Kind).collect())
}

fn tag(letter: u8, mode: TagMode, values: &[&str]) -> TagFilter {
    TagFilter { letter, mode, values: values.iter().map(|value| value.as_bytes().into()).collect() }
}

/// Which index is read, and in how many ranges.
#[track_caller]
fn check(filter: &Filter, index: Index, ranges: usize) {
    let sources = sources(filter);
    assert_eq!(sources.len(), ranges);
    for source in sources {
        assert!(matches!(source, Source::Entries(found, _) if found == index), "{source:?}");
    }
}

#[test]
fn the_narrowest_index_is_read() {
    let any = |letter, values: &[&str]| vec![tag(letter, TagMode::Any, values)];
    let none = Filter::default;
    check(&none(), Index::Time, 1);
    check(&Filter { kinds: kinds(3), ..none() }, Index::Kind, 3);
    check(&Filter { authors: authors(4), ..none() }, Index::Author, 4);
    check(&Filter { authors: authors(4), kinds: kinds(3), ..none() }, Index::AuthorKind, 12);
    check(&Filter { tags: any(b't', &["a", "b"]), ..none() }, Index::Tag, 2);
    check(&Filter { tags: any(b't', &["a", "b"]), kinds: kinds(3), ..none() }, Index::TagKind, 6);
    // What one tag refers to is rarer than what one author writes, and that is rarer than a word.
    check(&Filter { tags: any(b'e', &["a"]), authors: authors(1), ..none() }, Index::Tag, 1);
    check(&Filter { tags: any(b't', &["a"]), authors: authors(1), ..none() }, Index::Author, 1);
    check(&Filter { tags: any(b't', &["a"]), authors: authors(50), ..none() }, Index::Tag, 1);
    let two = vec![tag(b't', TagMode::Any, &["a"]), tag(b'e', TagMode::Any, &["b", "c"])];
    check(&Filter { tags: two, ..none() }, Index::Tag, 2);
    // One of the values finds all events that have all of them.
    check(&Filter { tags: vec![tag(b't', TagMode::All, &["a", "b", "c"])], ..none() }, Index::Tag, 1);
}

#[test]
fn too_many_pairs_with_kinds_leave_the_kinds_to_the_records() {
    let none = Filter::default;
    check(&Filter { authors: authors(PAIRS_MAX), kinds: kinds(1), ..none() }, Index::AuthorKind, PAIRS_MAX);
    check(
        &Filter { authors: authors(PAIRS_MAX / 2 + 1), kinds: kinds(2), ..none() },
        Index::Author,
        PAIRS_MAX / 2 + 1,
    );
    check(&Filter { kinds: kinds(1_000), ..none() }, Index::Kind, 1_000);
    check(&Filter { kinds: kinds(1_001), ..none() }, Index::Time, 1);
}

#[test]
fn ids_are_looked_up_whatever_else_is_asked() {
    let ids = vec![EventId::from_bytes([1; 32]), EventId::from_bytes([2; 32])];
    let filter = Filter { ids: Some(ids.clone()), authors: authors(1), kinds: kinds(1), ..Filter::default() };
    assert_eq!(sources(&filter), [Source::Id(ids[0]), Source::Id(ids[1])]);
}

#[test]
fn a_range_holds_one_value_only() {
    let filter = Filter { tags: vec![tag(b't', TagMode::Any, &["a"])], kinds: kinds(1), ..Filter::default() };
    let prefix = keys::with_kind(keys::tag_prefix(b't', b"a"), Kind(0));
    assert_eq!(sources(&filter), [Source::Entries(Index::TagKind, prefix.into())]);
}
