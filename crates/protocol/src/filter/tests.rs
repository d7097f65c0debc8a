use super::*;
use crate::{Tags, TagsWriter};

fn matches(mut filter: Filter) -> bool {
    let mut packed = Vec::new();
    let mut writer = TagsWriter::new(&mut packed);
    assert!(writer.tag(&["t", "a"]) && writer.tag(&["t", "b"]) && writer.tag(&["e", "x"]));
    filter.normalize();
    filter.matches(&EventHead {
        id: EventId::from_bytes([1; 32]),
        pubkey: PublicKey::from_bytes([2; 32]),
        created_at: Timestamp(100),
        kind: Kind(1),
        tags: Tags::from_packed(&packed),
    })
}

fn tag(letter: u8, mode: TagMode, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| value.as_bytes().into()).collect();
    Filter { tags: vec![TagFilter { letter, mode, values }], ..Filter::default() }
}

#[test]
fn an_empty_filter_matches_everything_and_an_empty_list_nothing() {
    assert!(matches(Filter::default()));
    for never in [
        Filter { ids: Some(vec![]), ..Filter::default() },
        Filter { authors: Some(vec![]), ..Filter::default() },
        Filter { kinds: Some(vec![]), ..Filter::default() },
        tag(b't', TagMode::Any, &[]),
        tag(b't', TagMode::All, &[]),
        Filter { since: Some(Timestamp(2)), until: Some(Timestamp(1)), ..Filter::default() },
    ] {
        assert!(never.is_never(), "{never:?}");
        assert!(!matches(never));
    }
}

#[test]
fn both_ends_of_the_time_range_belong_to_it() {
    let between = |since, until| Filter {
        since: Some(Timestamp(since)),
        until: Some(Timestamp(until)),
        ..Filter::default()
    };
    assert!(matches(between(100, 100)));
    assert!(!matches(between(101, 200)));
    assert!(!matches(between(0, 99)));
}

#[test]
fn lists_need_one_and_tags_mode_says_how_many() {
    assert!(matches(Filter { kinds: Some(vec![Kind(7), Kind(1), Kind(7)]), ..Filter::default() }));
    assert!(!matches(Filter { kinds: Some(vec![Kind(7)]), ..Filter::default() }));
    assert!(matches(tag(b't', TagMode::Any, &["z", "a"])));
    assert!(!matches(tag(b't', TagMode::Any, &["x"])));
    assert!(matches(tag(b't', TagMode::All, &["b", "a"])));
    assert!(!matches(tag(b't', TagMode::All, &["b", "z"])));
    assert!(!matches(tag(b'T', TagMode::Any, &["a"])));
}

#[test]
fn all_of_many_values_are_looked_for() {
    for count in [1_u32, 63, 64, 65, 300] {
        let names: Vec<String> = (0..count).map(|n| format!("value {n}")).collect();
        let mut packed = Vec::new();
        let mut writer = TagsWriter::new(&mut packed);
        for name in &names {
            assert!(writer.tag(&["t", name]) && writer.tag(&["t", name]) && writer.tag(&["u", "other"]));
        }
        let head = EventHead {
            id: EventId::from_bytes([1; 32]),
            pubkey: PublicKey::from_bytes([2; 32]),
            created_at: Timestamp(100),
            kind: Kind(1),
            tags: Tags::from_packed(&packed),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (extra, expected) in [(None, true), (Some("other"), false)] {
            let values: Vec<&str> = names.iter().copied().chain(extra).collect();
            let mut filter = tag(b't', TagMode::All, &values);
            filter.normalize();
            assert_eq!(filter.matches(&head), expected, "{count} values, and {extra:?}");
        }
    }
}

#[test]
fn a_value_that_is_needed_is_not_also_a_choice() {
    let both = |any: &[&str], all: &[&str]| {
        let tags = [tag(b't', TagMode::All, all), tag(b't', TagMode::Any, any)];
        let mut filter =
            Filter { tags: tags.into_iter().flat_map(|filter| filter.tags).collect(), ..Filter::default() };
        filter.normalize();
        filter
    };
    assert!(matches(both(&["a", "b"], &["a"])), "b is there");
    assert!(!matches(both(&["a", "z"], &["a"])), "z is not");
    assert!(matches(both(&["a"], &["a"])), "nothing is left to choose");
    assert_eq!(both(&["a"], &["b", "a"]), both(&[], &["a", "b"]).without_choice());
    assert!(both(&[], &["a"]).is_never(), "an empty list still matches nothing");
}

impl Filter {
    fn without_choice(mut self) -> Self {
        self.tags.retain(|tag| tag.mode == TagMode::All);
        self
    }
}
