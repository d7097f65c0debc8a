use super::*;
use crate::meters::counters::day_of;
use crate::testing::key;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn groups() -> [AddressGroup; 2] {
    ["192.0.2.1", "2001:db8:1:2::1"].map(|text| text.parse::<std::net::IpAddr>().unwrap().into())
}

/// Something of each sort, and something of each that no longer counts.
fn meters() -> Meters {
    let meters = Meters::new();
    let take = Charge::Take;
    let today = Daily { day: day_of(NOW), events: 7 };
    let old = Daily { day: day_of(NOW) - 1, events: 7 };
    let ban = Ban { until: NOW.0 + 5, hours: 2, hours_max: 168 };
    let over = Ban { until: 5, hours: 2, hours_max: 168 };
    meters.days_by_key.change(take, key(1), 9, NOW, |daily| *daily = today);
    meters.days_by_key.change(take, key(2), 9, NOW, |daily| *daily = old);
    let [one, other] = groups();
    meters.days_by_address.change(take, one, 9, NOW, |daily| *daily = today);
    meters.days_by_address.change(take, other, 9, NOW, |daily| *daily = today);
    meters.bans.change(take, one, 9, NOW, |kept| *kept = over);
    meters.bans.change(take, other, 9, NOW, |kept| *kept = ban);
    meters
}

#[test]
fn what_counts_for_long_survives() {
    let before = meters();
    let bytes = before.snapshot(NOW);
    let after = Meters::new();
    after.restore(&bytes, 9, NOW).unwrap();
    let [one, other] = groups();
    assert_eq!(after.days_by_key.get(&key(1)), before.days_by_key.get(&key(1)));
    assert_eq!(after.days_by_address.get(&one), before.days_by_address.get(&one));
    assert_eq!(after.days_by_address.get(&other), before.days_by_address.get(&other));
    assert_eq!(after.bans.get(&other), before.bans.get(&other));
    assert_eq!((after.days_by_key.len(), after.bans.len()), (1, 1), "what is over is left out");
    assert_eq!(after.snapshot(NOW), bytes);
    assert_eq!(Meters::new().snapshot(NOW), [VERSION]);
}

#[test]
fn the_layout_is_the_one_that_is_drawn() {
    let meters = Meters::new();
    let [one, other] = groups();
    meters
        .days_by_address
        .change(Charge::Take, one, 9, NOW, |daily| *daily = Daily { day: 0x4d_d6, events: 7 });
    meters
        .bans
        .change(Charge::Take, other, 9, NOW, |ban| *ban = Ban { until: 1 << 33, hours: 2, hours_max: 168 });
    let day = [2, 4, 192, 0, 2, 1, 0, 0, 0x4d, 0xd6, 0, 0, 0, 7];
    let ban = [3, 6, 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 168];
    let expected: Vec<u8> = [1].into_iter().chain(day).chain(ban).collect();
    assert_eq!(meters.snapshot(Timestamp(0)), expected);
}

#[test]
fn other_bytes_are_refused() {
    let whole = meters().snapshot(NOW);
    let good: Vec<usize> =
        (0..=whole.len()).filter(|&length| Meters::new().restore(&whole[..length], 9, NOW).is_ok()).collect();
    assert_eq!(good.len(), 5, "only where an entry ends: {good:?}");
    for bytes in [&[][..], &[0], &[2], &[1, 0], &[1, 9], &[1, 2, 5]] {
        assert_eq!(Meters::new().restore(bytes, 9, NOW), Err(MetersSnapshotError), "{bytes:?}");
    }
}

#[test]
fn a_smaller_table_takes_what_fits() {
    let after = Meters::new();
    after.restore(&meters().snapshot(NOW), 1, NOW).unwrap();
    assert_eq!((after.days_by_address.len(), after.bans.len()), (1, 1));
}
