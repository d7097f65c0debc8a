use std::collections::BTreeSet;

use chappe_protocol::{EventId, Filter, Kind, PublicKey, TagFilter, TagMode};

use super::{ALL_VALUES_MAX, PAIRS_MAX, Plan, Source, Way, ways};
use crate::keys::{self, COMMON_KINDS, Prefix};
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

fn sources(way: &Way, filter: &Filter) -> Vec<Source> {
    (0..way.ranges).map(|number| way.source(filter, number).unwrap()).collect()
}

/// Which ways there are, and the first one's index. Whatever is sampled of a way are sources of it, each once.
#[track_caller]
fn check(filter: &Filter, expected: &[(Plan, usize)], index: Index) {
    let first = check_ways(filter, expected);
    for source in sources(&first, filter) {
        assert!(matches!(source, Source::Range(found, _) if found == index), "{source:?}");
    }
}

#[track_caller]
fn check_ways(filter: &Filter, expected: &[(Plan, usize)]) -> Way {
    let ways = ways(filter);
    assert_eq!(ways.iter().map(|way| (way.plan, way.ranges)).collect::<Vec<_>>(), expected);
    for way in &ways {
        assert_eq!(sources(way, filter).into_iter().collect::<BTreeSet<_>>().len(), way.ranges, "{way:?}");
        for count in 1..=way.ranges.min(8) {
            let sampled: BTreeSet<_> = (0..count).map(|number| way.sample(number, count)).collect();
            assert!(sampled.len() == count && sampled.iter().all(|&number| number < way.ranges), "{way:?}");
        }
    }
    ways[0].clone()
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
    let all = [(Plan::Tags(b't'), 6), (Plan::Kinds, 3), TIME];
    check(&Filter { tags: any(b't', &["a", "b"]), kinds: kinds(3), ..none() }, &all, Index::TagKind);
    // One of the values finds all events that have all of them: each is a way.
    let tags = vec![tag(b'e', TagMode::Any, &["b", "c"]), tag(b't', TagMode::All, &["a", "b", "c"])];
    let filter = Filter { tags, kinds: kinds(2), authors: authors(5), ..none() };
    let each = (Plan::Tags(b't'), 2);
    let all = [(Plan::Tags(b'e'), 4), each, each, each, (Plan::Authors, 10), (Plan::Kinds, 2), TIME];
    check(&filter, &all, Index::TagKind);
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
fn a_tag_of_any_kind_is_looked_for_among_each_common_kind_and_all_others() {
    let range = |index, value: &[u8], kind: Option<u16>| {
        let tag = keys::tag_prefix(b't', value);
        let kind = kind.map(u16::to_be_bytes);
        Source::Range(index, Prefix::new(&[&tag, kind.as_ref().map_or(&[], |kind| kind.as_slice())]))
    };
    let tags = vec![tag(b't', TagMode::Any, &["a", "b"])];
    let filter = Filter { tags: tags.clone(), ..Filter::default() };
    let way = check_ways(&filter, &[(Plan::Tags(b't'), 14), TIME]);
    let of = |value: &'static [u8]| {
        let common = COMMON_KINDS.map(|Kind(kind)| range(Index::TagKind, value, Some(kind)));
        std::iter::once(range(Index::Tag, value, None)).chain(common)
    };
    assert_eq!(sources(&way, &filter), of(b"a").chain(of(b"b")).collect::<Vec<_>>());
    // Of several values the samples are of every kind.
    let sampled: BTreeSet<_> = (0..7).map(|number| way.sample(number, 7) % 7).collect();
    assert_eq!(sampled.len(), 7);

    // So many kinds that each has no range of its own: those that are not asked for have none either.
    let kinds: Vec<_> = (2..1_002).map(Kind).collect();
    let filter = Filter { tags, kinds: Some(kinds), ..Filter::default() };
    let way = check_ways(&filter, &[(Plan::Tags(b't'), 8), (Plan::Kinds, 1_000), TIME]);
    let of = |value: &'static [u8]| {
        let common = [3, 6, 7].map(|kind| range(Index::TagKind, value, Some(kind)));
        std::iter::once(range(Index::Tag, value, None)).chain(common)
    };
    assert_eq!(sources(&way, &filter), of(b"a").chain(of(b"b")).collect::<Vec<_>>());

    // All ways that have a value are ways to all events that have it.
    let filter = Filter { tags: vec![tag(b't', TagMode::All, &["a", "b"])], ..Filter::default() };
    check_ways(&filter, &[(Plan::Tags(b't'), 7), (Plan::Tags(b't'), 7), TIME]);
}

#[test]
fn kinds_have_ranges_of_their_own_where_others_would_be_as_many() {
    let many: Vec<_> = (0..PAIRS_MAX).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let tags = vec![tag(b't', TagMode::Any, &many)];
    let filter = |kinds: &[u16]| {
        let kinds = Some(kinds.iter().copied().map(Kind).collect());
        Filter { tags: tags.clone(), kinds, ..Filter::default() }
    };
    let all = |each, kinds| [(Plan::Tags(b't'), each * PAIRS_MAX), (Plan::Kinds, kinds), TIME];
    check(&filter(&[1]), &all(1, 1), Index::TagKind);
    check(&filter(&[1, 6, 7]), &all(3, 3), Index::TagKind);
    check(&filter(&[1, 1111]), &all(2, 2), Index::TagKind);
    check_ways(&filter(&[1, 1111, 30_023]), &all(2, 3));
    check(&filter(&[1111, 30_023]), &all(1, 2), Index::Tag);
    let authors_and_kind = Filter { authors: authors(PAIRS_MAX + 1), kinds: kinds(1), ..Filter::default() };
    check(&authors_and_kind, &[(Plan::Authors, PAIRS_MAX + 1), (Plan::Kinds, 1), TIME], Index::AuthorKind);
}

#[test]
fn ids_are_looked_up_whatever_else_is_asked() {
    let ids = vec![EventId::from_bytes([1; 32]), EventId::from_bytes([2; 32])];
    let filter = Filter { ids: Some(ids.clone()), authors: authors(1), kinds: kinds(1), ..Filter::default() };
    let ways = ways(&filter);
    assert_eq!(ways.len(), 1);
    assert_eq!(sources(&ways[0], &filter), [Source::Id(ids[0]), Source::Id(ids[1])]);
}

#[test]
fn a_range_holds_one_value_only() {
    let filter = Filter { tags: vec![tag(b't', TagMode::Any, &["a"])], kinds: kinds(1), ..Filter::default() };
    let prefix = keys::with_kind(keys::tag_prefix(b't', b"a"), Kind(0));
    assert_eq!(sources(&ways(&filter)[0], &filter), [Source::Range(Index::TagKind, Prefix::new(&[&prefix]))]);
}
