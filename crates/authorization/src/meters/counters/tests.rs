use super::*;

const DAY: u64 = 86_400;

#[test]
fn a_bucket_gives_so_many_in_a_minute_and_as_many_at_once() {
    // Rate, the seconds at which one is taken, how many of these are given.
    let burst = |count| vec![0; count];
    let table: [(u32, Vec<u64>, usize); 8] = [
        (1, burst(5), 1),
        (60, burst(100), 60),
        (60, (0..200).collect(), 200),
        (6, (0..200).step_by(10).collect(), 20),
        (6, (0..200).step_by(5).collect(), 25),
        (2, vec![0, 0, 29, 30, 30, 60, 60], 4),
        (2, vec![100, 100, 100, 0, 50, 130], 3),
        (u32::MAX, burst(1_000), 1_000),
    ];
    for (per_minute, seconds, given) in table {
        let mut bucket = Bucket::default();
        let start = 1_000;
        let taken = seconds.iter().filter(|&&at| bucket.take(per_minute, Timestamp(start + at))).count();
        assert_eq!(taken, given, "{per_minute} a minute at {seconds:?}");
    }
}

#[test]
fn a_bucket_weighs_what_is_missing_in_it() {
    let mut bucket = Bucket::default();
    assert_eq!(bucket.weight(Timestamp(0)), 0);
    assert!(bucket.take(6, Timestamp(100)) && bucket.take(6, Timestamp(100)));
    let weights = [100, 105, 120, 1_000].map(|now| bucket.weight(Timestamp(now)));
    assert_eq!(weights, [120, 90, 0, 0]);
}

#[test]
fn a_lower_rate_holds_at_once() {
    let mut bucket = Bucket::default();
    assert!((0..10).all(|_| bucket.take(10, Timestamp(0))));
    assert!(!bucket.take(2, Timestamp(10)));
    assert!(bucket.take(2, Timestamp(1_000)));
}

#[test]
fn a_day_counts_from_midnight() {
    let mut daily = Daily::default();
    let table = [
        (5 * DAY, 0),
        (5 * DAY + 1, 1),
        (6 * DAY - 1, 2),
        (6 * DAY, 0),
        // A clock that is set back gives nothing away.
        (5 * DAY, 1),
        (6 * DAY, 2),
    ];
    for (now, before) in table {
        assert_eq!(daily.add(Timestamp(now)), before, "at {now}");
    }
    assert_eq!([6 * DAY, 7 * DAY].map(|now| daily.weight(Timestamp(now))), [3, 0]);
    let mut full = Daily { day: 0, events: u32::MAX };
    assert_eq!((full.add(Timestamp(0)), full.events), (u32::MAX, u32::MAX));
}

#[test]
fn steps_fade_by_half() {
    let mut steps = Steps::default();
    let table =
        [(1_000, 1), (1_000, 2), (1_299, 3), (1_300, 2), (1_599, 3), (1_600, 2), (100_000, 1), (90_000, 2)];
    for (now, expected) in table {
        assert_eq!(steps.add(Timestamp(now)), expected, "at {now}");
    }
    assert_eq!(steps.weight(Timestamp(u64::MAX)), 0);
}

#[test]
fn a_ban_doubles_until_it_is_forgotten() {
    let mut ban = Ban::default();
    let hours = |hours: u64| Timestamp(hours * 3_600);
    let table = [
        // At which hour, until which hour: 1, 2, 4, 5 (the most) and again; and a first one 5 hours after the end.
        (10, 11),
        (11, 13),
        (17, 21),
        (21, 26),
        (30, 35),
        (40, 41),
        (45, 47),
    ];
    for (from, until) in table {
        assert_eq!(ban.extend(1, 5, hours(from)), hours(until), "at {from}");
        assert_eq!(ban.end(Timestamp(hours(until).0 - 1)), Some(hours(until)), "at {from}");
        assert_eq!(ban.end(hours(until)), None, "at {from}");
    }
    assert!(ban.weight(hours(46)) > ban.weight(hours(48)) && ban.weight(hours(48)) > 0);
    assert_eq!(ban.weight(hours(52)), 0);
    assert_eq!(Ban::default().extend(0, 0, hours(1)), hours(2), "an hour at least");
    assert_eq!(Ban::default().extend(9, 3, hours(1)), hours(4), "the longest counts");
    assert_eq!(Ban::default().extend(1, u32::MAX, Timestamp(u64::MAX)), Timestamp(u64::MAX));
}
