use super::*;

const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn commits_that_follow_each_other_are_told_together_for_so_long() {
    let mut pacer = Pacer::default();
    for _ in 0..3 {
        let paces: Vec<_> = (0..5).map(|_| pacer.pace(HELD_FROM, milliseconds(2))).collect();
        assert_eq!(paces, [Pace::Later; 5], "0 to 8 ms, and 2 more until the next");
        assert_eq!(
            pacer.pace(HELD_FROM, milliseconds(2)),
            Pace::AtOnce,
            "there would be no time for another"
        );
    }
}

#[test]
fn who_is_held_back_waits_for_small_commits_too() {
    let mut pacer = Pacer::default();
    assert_eq!(pacer.pace(HELD_FROM - 1, milliseconds(1)), Pace::AtOnce);
    assert_eq!(pacer.pace(HELD_FROM, milliseconds(1)), Pace::Later);
    for events in [1, 0] {
        assert_eq!(pacer.pace(events, milliseconds(1)), Pace::Later);
    }
}

#[test]
fn a_slow_store_and_a_pause_hold_nobody_back() {
    let mut pacer = Pacer::default();
    for passed in [HELD_MAX + milliseconds(1), milliseconds(60_000), Duration::MAX] {
        assert_eq!(pacer.pace(1_000, passed), Pace::AtOnce);
        assert_eq!(pacer.patience(), None);
    }
    assert_eq!(pacer.pace(1_000, milliseconds(1)), Pace::Later);
    assert_eq!(pacer.pace(1_000, Duration::MAX), Pace::AtOnce, "and whoever is, no longer");
}

#[test]
fn nobody_is_waited_for_once_all_are_let_go() {
    let mut pacer = Pacer::default();
    assert_eq!(pacer.patience(), None);
    assert_eq!(pacer.pace(HELD_FROM, milliseconds(6)), Pace::Later);
    assert_eq!(pacer.patience(), Some(REST));
    pacer.let_go();
    assert_eq!(pacer.patience(), None);
    assert_eq!(pacer.pace(HELD_FROM, milliseconds(6)), Pace::Later, "from the beginning");
}
