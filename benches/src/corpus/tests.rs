use super::*;

const PLAN: Plan = Plan { seed: 1, events: 4_000, authors: 300, newest: 1_760_000_000 };

#[test]
fn sizes_are_those_of_a_public_relay() {
    let mut sizes: Vec<usize> = PLAN.events().iter().map(|event| event.json().len()).collect();
    sizes.sort_unstable();
    let (median, mean) = (sizes[sizes.len() / 2], sizes.iter().sum::<usize>() / sizes.len());
    assert!((550..=650).contains(&median), "median {median}");
    assert!((900..=1_150).contains(&mean), "mean {mean}");
}

#[test]
fn a_plan_gives_the_same_events_again_in_order_of_time() {
    let few = Plan { events: 200, ..PLAN };
    let events = few.events();
    assert_eq!(events, few.events());
    assert_ne!(events, Plan { seed: 2, ..few }.events());
    assert!(events.is_sorted_by_key(TestEvent::created_at));
    assert_eq!(events.last().map(TestEvent::created_at), Some(few.newest));
}

#[test]
fn people_talk_to_each_other() {
    let events = PLAN.events();
    let root = |event: &TestEvent| event.tag_values("e").next().map(str::to_owned);
    let mut threads: Vec<_> = events.iter().filter_map(root).collect();
    threads.sort_unstable();
    let longest = threads.chunk_by(|one, other| one == other).map(<[_]>::len).max();
    assert!(longest > Some(20), "{longest:?}");
}
