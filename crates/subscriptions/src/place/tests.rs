use super::*;
use chappe_protocol::Timestamp;

fn values(texts: &[&str]) -> Vec<Box<[u8]>> {
    texts.iter().map(|text| text.as_bytes().into()).collect()
}

fn tag(letter: u8, mode: TagMode, texts: &[&str]) -> TagFilter {
    TagFilter { letter, mode, values: values(texts) }
}

fn full() -> Filter {
    Filter {
        ids: Some(vec![EventId::from_bytes([1; 32])]),
        authors: Some(vec![PublicKey::from_bytes([2; 32])]),
        kinds: Some(vec![Kind(1)]),
        tags: vec![tag(b't', TagMode::Any, &["a", "b"]), tag(b'e', TagMode::All, &["x", "y"])],
        since: Some(Timestamp(3)),
        until: Some(Timestamp(4)),
        limit: Some(5),
    }
}

#[test]
fn the_most_selective_condition_is_the_place() {
    let mut filter = full();
    assert!(matches!(Place::of(&filter), Some(Place::Ids(_))));
    filter.ids = None;
    let one_of_all = values(&["x"]);
    assert_eq!(Place::of(&filter), Some(Place::Tag { number: 1, letter: b'e', values: &one_of_all }));
    filter.tags.pop();
    assert!(matches!(Place::of(&filter), Some(Place::Tag { number: 0, letter: b't', values: [_, _] })));
    filter.tags.pop();
    assert!(matches!(Place::of(&filter), Some(Place::Authors(_))));
    filter.authors = None;
    assert!(matches!(Place::of(&filter), Some(Place::Kinds(_))));
    filter.kinds = None;
    assert_eq!(Place::of(&filter), Some(Place::Rest));
}

#[test]
fn a_filter_that_can_never_match_has_no_place() {
    assert_eq!(Place::of(&Filter { authors: Some(vec![]), ..full() }), None);
    assert_eq!(Place::of(&Filter { since: Some(Timestamp(9)), ..full() }), None);
}

#[test]
fn only_what_the_way_has_proven_is_dropped() {
    let filter = full();
    let left = |place: Place<'_>| place.left_of(&filter);
    let all = Filter { limit: None, ..full() };
    assert_eq!(left(Place::Rest), all);
    assert_eq!(left(Place::of(&filter).unwrap()), Filter { ids: None, ..all.clone() });
    assert_eq!(left(Place::Authors(&[])), Filter { authors: None, ..all.clone() });
    assert_eq!(left(Place::Kinds(&[])), Filter { kinds: None, ..all.clone() });
    let [any, both] = [all.tags[0].clone(), all.tags[1].clone()];
    let place = |number| Place::Tag { number, letter: b't', values: &[] };
    assert_eq!(left(place(0)), Filter { tags: vec![both.clone()], ..all.clone() });
    assert_eq!(left(place(1)), Filter { tags: vec![any, both], ..all }, "one value of two proves nothing");
}

#[test]
fn a_kind_set_never_misses_a_kind_and_tells_the_common_ones_apart() {
    for kind in (0..=u16::MAX).map(Kind) {
        let set = KindSet::of(&Filter { kinds: Some(vec![kind, Kind(1)]), ..Filter::default() });
        assert!(set.may_have(kind) && set.may_have(Kind(1)));
        assert!(KindSet::of(&Filter::default()).may_have(kind));
    }
    let notes = KindSet::of(&Filter { kinds: Some(vec![Kind(1), Kind(6)]), ..Filter::default() });
    for other in [0, 3, 5, 7, 1059, 9735, 10002, 30023].map(Kind) {
        assert!(!notes.may_have(other), "{other}");
    }
}
