use chappe_protocol::{Kind, TagFilter, Timestamp};
use chappe_testkit::Keys;

use super::*;

#[test]
fn a_filter_is_told_in_few_words() {
    let author = Keys::from_seed(1).public();
    let tag = |mode, values: &[&str]| TagFilter {
        letter: b't',
        mode,
        values: values.iter().map(|value| value.as_bytes().into()).collect(),
    };
    let filter = Filter {
        authors: Some(vec![author]),
        kinds: Some((1..=9).map(Kind).collect()),
        tags: vec![tag(TagMode::Any, &["a\nb"]), tag(TagMode::All, &["x", "y"])],
        since: Some(Timestamp(5)),
        limit: Some(7),
        ..Filter::default()
    };
    let expected =
        format!(r#"{{ authors {author} kinds 1 2 3 and 6 more #t "a\nb" &t "x" "y" since 5 limit 7 }}"#);
    assert_eq!(Asked(&filter).to_string(), expected);
    assert_eq!(Asked(&Filter::default()).to_string(), "{ }");
    let long = Filter { tags: vec![tag(TagMode::Any, &["x".repeat(10_000).as_str()])], ..Filter::default() };
    assert!(Asked(&long).to_string().len() < 100);
}
