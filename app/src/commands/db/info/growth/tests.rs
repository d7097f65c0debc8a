use super::*;

const TODAY: u64 = 20_000;

fn told(days: &[(u64, u64)], room: Room) -> String {
    let days: Tallies<u64> =
        days.iter().map(|&(day, events)| (day, Tally { events, bytes: events * 1_000 })).collect();
    let events = days.values().map(|tally| tally.events).sum();
    let all = Tally { events, bytes: events * 1_000 };
    growth(&days, all, room, Timestamp(TODAY * SECONDS_A_DAY + 5_000))
}

#[test]
fn a_days_share_and_how_long_it_lasts() {
    // Three times as much as the records themselves.
    let room = |left| Room { used: 3 * 1_000 * 1_024, left };
    // Today is not over, and older days do not count.
    let days = [(TODAY, 500), (TODAY - 1, 20), (TODAY - 30, 40), (TODAY - 31, 464)];
    let all = "2 events, 5.8 KiB a day in the last 30 days, by created_at: room for";
    assert_eq!(told(&days, room(600_000)), format!("{all} 100 days"));
    assert_eq!(told(&days, room(0)), format!("{all} 0 days"));
    assert_eq!(told(&days, room(1 << 40)), format!("{all} more than ten years"));
}

#[test]
fn a_young_store_is_told_of_by_the_days_that_it_has() {
    let room = Room { used: 1_000_000, left: 1_000_000 };
    assert!(told(&[(TODAY - 2, 600), (TODAY - 1, 400)], room).starts_with("500 events, "));
    for none in [&[][..], &[(TODAY, 7)], &[(TODAY - 100, 7)], &[(TODAY + 3, 7)]] {
        assert_eq!(told(none, room), "no events of the 30 days before today");
    }
}
