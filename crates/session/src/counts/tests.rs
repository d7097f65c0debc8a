use std::time::Duration;

use chappe_processing::{Failure, Rejection};

use super::*;

/// Counters are found by the numbers of the values, and named by the lists.
#[test]
fn lists_are_in_the_order_of_their_values() {
    assert!(Message::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    assert!(Accepted::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    assert!(Limit::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    assert!(Request::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    assert!(Sent::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    assert!(Prefix::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
}

#[test]
fn each_outcome_counts_once_as_what_is_answered() {
    let outcomes = [
        (Outcome::Stored, Ok(Accepted::Stored)),
        (Outcome::Duplicate, Ok(Accepted::Duplicate)),
        (Outcome::Superseded, Err(Prefix::Duplicate)),
        (Outcome::Deleted, Err(Prefix::Blocked)),
        (Outcome::Heard, Ok(Accepted::Heard)),
        (Outcome::Unheard, Ok(Accepted::Unheard)),
        (Outcome::Rejected(Rejection::new("pow: more")), Err(Prefix::Pow)),
        (Outcome::Shadowed, Ok(Accepted::Shadowed)),
        (Outcome::Failed(Failure::Full), Err(Prefix::Error)),
    ];
    for (outcome, expected) in outcomes {
        let counts = Counts::new(Stopwatch::standing(), Spans::default());
        assert_eq!(counts.answer(outcome.clone()).is_ok(), expected.is_ok(), "{outcome:?}");
        let Snapshot { accepted, refused, .. } = counts.snapshot();
        for (word, count) in accepted {
            assert_eq!(count, u64::from(expected == Ok(word)), "{outcome:?}, {word:?}");
        }
        for (prefix, count) in refused {
            assert_eq!(count, u64::from(expected == Err(prefix)), "{outcome:?}, {prefix:?}");
        }
    }
}

#[test]
fn requests_have_a_histogram_each() {
    let counts = Counts::new(Stopwatch::standing(), Spans::default());
    counts.answering(Request::Count).observe(Duration::from_secs(1));
    let [(req, none), (count, one)] = counts.snapshot().answering;
    assert_eq!((req, none.count(), count, one.count()), (Request::Req, 0, Request::Count, 1));
}
