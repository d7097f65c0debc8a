use super::*;

const PLAN: Plan = Plan { seed: 1, events: 4_000, authors: 300, newest: 1_760_000_000 };

#[test]
fn sizes_are_those_of_a_public_relay() {
    let mut sizes: Vec<usize> = PLAN.events().map(|event| event.json().len()).collect();
    sizes.sort_unstable();
    let (median, mean) = (sizes[sizes.len() / 2], sizes.iter().sum::<usize>() / sizes.len());
    assert!((550..=650).contains(&median), "median {median}");
    assert!((900..=1_150).contains(&mean), "mean {mean}");
}

#[test]
fn a_plan_gives_the_same_events_again_in_order_of_time() {
    let few = Plan { events: 200, ..PLAN };
    let events: Vec<_> = few.events().collect();
    assert!(few.events().eq(events.iter().cloned()));
    assert!(Plan { seed: 2, ..few }.events().ne(events.iter().cloned()));
    assert!(events.is_sorted_by_key(TestEvent::created_at));
    assert_eq!(events.last().map(TestEvent::created_at), Some(few.newest));
}

#[test]
fn people_talk_to_each_other() {
    let root = |event: &TestEvent| event.tag_values("e").next().map(str::to_owned);
    let mut threads: Vec<_> = PLAN.events().filter_map(|event| root(&event)).collect();
    threads.sort_unstable();
    let longest = threads.chunk_by(|one, other| one == other).map(<[_]>::len).max();
    assert!(longest > Some(20), "{longest:?}");
}

/// Figures of one day are held against those of another: the events behind them must not change unnoticed.
#[test]
fn a_long_stream_is_the_same_as_ever() {
    let last = Plan { events: 12_000, ..PLAN }.events().last();
    assert_eq!(
        last.map(|event| event.id().to_string()).as_deref(),
        Some("f6bfbe50bbb354a44583ce6e3024c2055671eae2bcd62ff1206ec8fac9a08874")
    );
}
