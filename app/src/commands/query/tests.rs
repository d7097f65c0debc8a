use chappe_protocol::Kind;
use chappe_store::{Options, Placement, Record, Write as StoreWrite};
use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::*;

fn told(filter: Filter, plan: Option<Plan>, output: Output) -> String {
    let events: Vec<_> = (0..50).map(note).collect();
    let directory = tempfile::tempdir().unwrap();
    let options = Options { map_bytes: 64 << 20, map_reserve_bytes: 1 << 20, ..Options::default() };
    let store = Store::open(directory.path(), &options).unwrap();
    let records: Vec<_> =
        events.iter().map(|event| Record::new(&event.event(), event.json().as_bytes())).collect();
    let writes: Vec<_> =
        records.iter().map(|record| StoreWrite { record, placement: Placement::Regular }).collect();
    store.write(&writes, Timestamp(0)).unwrap();
    let mut out = Vec::new();
    answer(&store, (filter, plan), Timestamp(500), output, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn note(at: u64) -> TestEvent {
    EventBuilder::new(1).created_at(at).sign(&Keys::from_seed(at % 2))
}

#[test]
fn events_come_newest_first_up_to_the_limit_by_any_plan() {
    let filter = Filter { kinds: Some(vec![Kind(1)]), limit: Some(2), ..Filter::default() };
    let expected = format!("{}\n{}\n", note(49).json(), note(48).json());
    for plan in [None, Some(Plan::Time), Some(Plan::Kinds), Some(Plan::Authors)] {
        assert_eq!(told(filter.clone(), plan, Output::Events), expected);
    }
}

#[test]
fn an_explanation_tells_the_ways_and_what_was_read() {
    let authors = Some(vec![Keys::from_seed(1).public()]);
    let filter = Filter { authors, limit: Some(3), ..Filter::default() };
    let text = told(filter.clone(), None, Output::Explanation);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for line in ["by authors 1 ranges not estimated taken", "events found 3"] {
        assert!(text.lines().any(|told| words(told) == words(line)), "{line:?} is missing from:\n{text}");
    }
    assert!(text.contains("by time") && text.contains("not taken"), "{text}");
    // By time the others' notes are passed over.
    let by_time = told(filter, Some(Plan::Time), Output::Explanation);
    assert!(by_time.lines().any(|line| words(line) == words("index entries passed over 3")), "{by_time}");
    let never = Filter { kinds: Some(Vec::new()), ..Filter::default() };
    assert!(told(never, None, Output::Explanation).starts_with("nothing can match"));
}
