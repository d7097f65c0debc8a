use chappe_protocol::{Kind, TagFilter, Timestamp};

use super::*;
use crate::{EventBuilder, Keys};

fn note(seconds: u64, text: &str) -> EventBuilder {
    EventBuilder::new(1).created_at(seconds).content(text)
}

type Set<'a> = &'a dyn Fn(&mut Filter);

#[test]
fn a_filter_holds_each_field_against_the_event() {
    let (alice, bob) = (Keys::from_seed(1), Keys::from_seed(2));
    let event = note(100, "hi").sign(&alice);
    let table: [(Set, bool); 12] = [
        (&|_| (), true),
        (&|filter| filter.ids = Some(vec![event.id()]), true),
        (&|filter| filter.ids = Some(vec![]), false),
        (&|filter| filter.authors = Some(vec![bob.public(), alice.public()]), true),
        (&|filter| filter.authors = Some(vec![bob.public()]), false),
        (&|filter| filter.kinds = Some(vec![Kind(0), Kind(1)]), true),
        (&|filter| filter.kinds = Some(vec![Kind(0)]), false),
        (&|filter| filter.since = Some(Timestamp(100)), true),
        (&|filter| filter.since = Some(Timestamp(101)), false),
        (&|filter| filter.until = Some(Timestamp(100)), true),
        (&|filter| filter.until = Some(Timestamp(99)), false),
        (&|filter| filter.limit = Some(0), true),
    ];
    for (set, expected) in table {
        let mut filter = Filter::default();
        set(&mut filter);
        assert_eq!(matches(&filter, &event), expected, "{filter:?}");
    }
}

#[test]
fn tags_are_met_by_one_value_or_by_all() {
    use TagMode::{All, Any};
    let event = note(1, "").tag(&["t", "one"]).tag(&["t", "two", "three"]).sign(&Keys::from_seed(1));
    let table: [(char, TagMode, &[&str], bool); 7] = [
        ('t', Any, &["two", "nine"], true),
        ('t', Any, &["three"], false),
        ('T', Any, &["one"], false),
        ('t', Any, &[], false),
        ('t', All, &["one", "two"], true),
        ('t', All, &["one", "nine"], false),
        ('t', All, &[], false),
    ];
    for (letter, mode, values, expected) in table {
        let values = values.iter().map(|value| value.as_bytes().into()).collect();
        let tag = TagFilter { letter: u8::try_from(letter).unwrap(), mode, values };
        let filter = Filter { tags: vec![tag], ..Filter::default() };
        assert_eq!(matches(&filter, &event), expected, "{filter:?}");
    }
}

#[test]
fn an_answer_is_ordered_and_each_filter_limited() {
    let alice = Keys::from_seed(1);
    let mut events = vec![note(3, "c").sign(&alice), note(2, "a").sign(&alice), note(2, "b").sign(&alice)];
    events.push(EventBuilder::new(7).created_at(1).sign(&alice));
    let mut tied = [events[1].id(), events[2].id()];
    tied.sort();
    let newest = Filter { limit: Some(2), ..Filter::default() };
    let likes = Filter { kinds: Some(vec![Kind(7)]), limit: Some(9), ..Filter::default() };
    assert_eq!(query(&events, std::slice::from_ref(&newest), Limits::NONE), [events[0].id(), tied[0]]);
    let both = [newest, likes];
    assert_eq!(query(&events, &both, Limits::NONE), [events[0].id(), tied[0], events[3].id()]);
    assert_eq!(query(&events, &both, Limits { default: 9, max: 1 }), [events[0].id(), events[3].id()]);
    assert_eq!(query(&events, &[Filter::default()], Limits { default: 1, max: 9 }), [events[0].id()]);
    assert_eq!(count(&events, &both), 4);
}
