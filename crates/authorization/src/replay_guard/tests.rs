use super::*;

fn id(number: u8) -> EventId {
    EventId::from_bytes([number; 32])
}

#[test]
fn an_event_is_used_once_as_long_as_it_could_be_used_again() {
    let guard = ReplayGuard::new(10);
    let spend = |number, last, now| guard.spend(id(number), Timestamp(last), Timestamp(now));
    let table = [
        (1, 160, 100, Use::First),
        (1, 160, 100, Use::Again),
        (1, 160, 160, Use::Again),
        (2, 160, 100, Use::First),
        (1, 160, 161, Use::First),
    ];
    for (number, last, now, expected) in table {
        assert_eq!(spend(number, last, now), expected, "{number} at {now}");
    }
}

#[test]
fn a_full_guard_lets_nobody_in_and_forgets_nothing_too_early() {
    let guard = ReplayGuard::new(3);
    let spend = |number, last, now| guard.spend(id(number), Timestamp(last), Timestamp(now));
    assert_eq!([1, 2, 3].map(|number| spend(number, 100 + u64::from(number), 50)), [Use::First; 3]);
    assert_eq!(spend(4, 200, 50), Use::NoRoom);
    assert_eq!(spend(4, 200, 101), Use::NoRoom, "the first can still be used in its last second");
    assert_eq!([1, 2, 3].map(|number| spend(number, 200, 101)), [Use::Again; 3]);
    assert_eq!(spend(4, 200, 102), Use::First, "one has gone");
    assert_eq!(spend(5, 200, 102), Use::NoRoom);
    assert_eq!(ReplayGuard::new(0).spend(id(1), Timestamp(9), Timestamp(9)), Use::NoRoom);
}
