use std::collections::BTreeSet;

use chappe_protocol::{EventId, Filter, Kind, PublicKey, TagFilter, TagMode};

use super::{ALL_VALUES_MAX, PAIRS_MAX, Plan, Source, ways};
use crate::keys::{self, Prefix};
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

/// Which ways there are, and the first one's index.
#[track_caller]
fn check(filter: &Filter, expected: &[(Plan, usize)], index: Index) {
    let ways = ways(filter);
    assert_eq!(ways.iter().map(|way| (way.plan, way.ranges)).collect::<Vec<_>>(), expected);
    for way in &ways {
        let sources: BTreeSet<_> = way.sources(filter).collect();
        assert_eq!(sources.len(), way.ranges, "{:?}", way.plan);
    }
    for source in ways[0].sources(filter) {
        assert!(matches!(source, Source::Range(found, _) if found == index), "{source:?}");
    }
}

const TIME: (Plan, usize) = (Plan::Time, 1);

#[test]
fn there_is_a_way_for_each_condition_that_an_index_knows() {
    let any = |letter, values: &[&str]| vec![tag(letter, TagMode::Any, values)];
    let none = Filter::default;
    check(&none(), &[TIME], Index::Time);
    check(&Filter { kinds: kinds(3), ..none() }, &[(Plan::Kinds, 3), TIME], Index::Kind);
    check(&Filter { authors: authors(4), ..none() }, &[(Plan::Authors, 4), TIME], Index::Author);
    let all = [(Plan::Authors, 12), (Plan::Kinds, 3), TIME];
    check(&Filter { authors: authors(4), kinds: kinds(3), ..none() }, &all, Index::AuthorKind);
    check(&Filter { tags: any(b't', &["a", "b"]), ..none() }, &[(Plan::Tags(b't'), 2), TIME], Index::Tag);
    let all = [(Plan::Tags(b't'), 6), (Plan::Kinds, 3), TIME];
    check(&Filter { tags: any(b't', &["a", "b"]), kinds: kinds(3), ..none() }, &all, Index::TagKind);
    // One of the values finds all events that have all of them: each is a way.
    let tags = vec![tag(b'e', TagMode::Any, &["b", "c"]), tag(b't', TagMode::All, &["a", "b", "c"])];
    let each = (Plan::Tags(b't'), 1);
    let all = [(Plan::Tags(b'e'), 2), each, each, each, (Plan::Authors, 5), TIME];
    check(&Filter { tags, authors: authors(5), ..none() }, &all, Index::Tag);
    let many: Vec<_> = (0..40).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(
        ways(&Filter { tags: vec![tag(b't', TagMode::All, &many)], ..none() }).len(),
        ALL_VALUES_MAX + 1
    );
}

#[test]
fn too_many_pairs_with_kinds_leave_the_kinds_to_the_records() {
    let none = Filter::default;
    let all = |authors| [(Plan::Authors, authors), (Plan::Kinds, 2), TIME];
    let filter = Filter { authors: authors(PAIRS_MAX / 2), kinds: kinds(2), ..none() };
    check(&filter, &all(PAIRS_MAX), Index::AuthorKind);
    let filter = Filter { authors: authors(PAIRS_MAX / 2 + 1), kinds: kinds(2), ..none() };
    check(&filter, &all(PAIRS_MAX / 2 + 1), Index::Author);
    check(&Filter { kinds: kinds(1_000), ..none() }, &[(Plan::Kinds, 1_000), TIME], Index::Kind);
    check(&Filter { kinds: kinds(1_001), ..none() }, &[TIME], Index::Time);
}

#[test]
fn ids_are_looked_up_whatever_else_is_asked() {
    let ids = vec![EventId::from_bytes([1; 32]), EventId::from_bytes([2; 32])];
    let filter = Filter { ids: Some(ids.clone()), authors: authors(1), kinds: kinds(1), ..Filter::default() };
    let ways = ways(&filter);
    assert_eq!(ways.len(), 1);
    assert_eq!(ways[0].sources(&filter).collect::<Vec<_>>(), [Source::Id(ids[0]), Source::Id(ids[1])]);
}

#[test]
fn a_range_holds_one_value_only() {
    let filter = Filter { tags: vec![tag(b't', TagMode::Any, &["a"])], kinds: kinds(1), ..Filter::default() };
    let prefix = keys::with_kind(keys::tag_prefix(b't', b"a"), Kind(0));
    let sources: Vec<_> = ways(&filter)[0].sources(&filter).collect();
    assert_eq!(sources, [Source::Range(Index::TagKind, Prefix::new(&[&prefix]))]);
}
