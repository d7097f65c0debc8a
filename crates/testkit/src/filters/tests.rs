use super::*;
use crate::naive;

type Test<'a> = &'a dyn Fn(&Filter) -> bool;

#[test]
fn filters_are_of_every_sort_and_many_match() {
    let corpus = Corpus::plain(3, 1_000, 30);
    let mut rng = Rng::new(4);
    let filters: Vec<_> = (0..2_000).map(|_| random_filter(&mut rng, &corpus)).collect();
    let share = |test: Test| filters.iter().filter(|filter| test(filter)).count();
    let sorts: [(&str, Test); 9] = [
        ("ids", &|filter| filter.ids.is_some()),
        ("authors", &|filter| filter.authors.is_some()),
        ("kinds", &|filter| filter.kinds.is_some()),
        ("window", &|filter| filter.since.is_some() && filter.until.is_some()),
        ("never", &Filter::is_never),
        ("and tags", &|filter| {
            filter.tags.iter().any(|tag| tag.mode == TagMode::All && tag.values.len() > 1)
        }),
        ("two tags", &|filter| filter.tags.len() > 1),
        ("everything", &|filter| *filter == Filter { limit: filter.limit, ..Filter::default() }),
        ("all fields", &|filter| {
            filter.authors.is_some() && filter.kinds.is_some() && !filter.tags.is_empty()
        }),
    ];
    for (name, test) in sorts {
        assert!(share(test) >= 20, "{name}: {}", share(test));
    }
    let hits = share(&|filter| corpus.events.iter().any(|event| naive::matches(filter, event)));
    assert!((800..1_900).contains(&hits), "{hits} of 2,000 match something");
}

#[test]
fn the_json_is_what_a_client_would_write() {
    let tag = |letter, mode, values: &[&str]| TagFilter {
        letter,
        mode,
        values: values.iter().map(|value| value.as_bytes().into()).collect(),
    };
    let filter = Filter {
        kinds: Some(vec![Kind(1), Kind(7)]),
        tags: vec![tag(b't', TagMode::Any, &["a\"b"]), tag(b'T', TagMode::All, &[])],
        since: Some(Timestamp(5)),
        limit: Some(0),
        ..Filter::default()
    };
    assert_eq!(
        req_message("s\"1", &[filter, Filter::default()]),
        r##"["REQ","s\"1",{"#t":["a\"b"],"&T":[],"kinds":[1,7],"limit":0,"since":5},{}]"##
    );
}
