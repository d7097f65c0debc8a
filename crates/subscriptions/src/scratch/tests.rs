use super::*;

#[test]
fn each_thing_happens_once_a_round() {
    let mut scratch = MatchScratch::new();
    let lists = [List::default(), List::default()];
    for _ in 0..3 {
        scratch.begin(2);
        assert!(lists.iter().all(|list| scratch.walk(list)));
        assert!(!lists.iter().any(|list| scratch.walk(list)), "a repeated tag does not walk its list again");
        assert!(scratch.check(0) && scratch.check(1));
        assert!(!scratch.check(0) && !scratch.check(1));
        assert!(!scratch.is_visited(0));
        scratch.visit(0);
        assert!(scratch.is_visited(0) && !scratch.is_visited(1));
    }
    assert!(!scratch.check(2), "a slot beyond the index is never met");
}

#[test]
fn the_first_round_after_the_last_number_remembers_nothing() {
    let mut scratch = MatchScratch::new();
    scratch.begin(1);
    assert!(scratch.check(0));
    scratch.visit(0);
    scratch.round = u32::MAX;
    scratch.begin(1);
    assert!(!scratch.is_visited(0) && scratch.check(0));
}

#[test]
fn the_memory_of_a_large_index_is_given_back() {
    let mut scratch = MatchScratch::new();
    scratch.begin(10_000);
    scratch.begin(100);
    assert!(scratch.marks.capacity() < 1_000);
    scratch.begin(0);
    assert_eq!(scratch.marks.capacity(), 0);
}
