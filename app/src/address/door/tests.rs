use super::*;

fn door(open_max: u32, a_minute: u32, addresses_max: usize) -> Arc<Door> {
    let rates = Rates {
        connections_per_address_max: open_max,
        connections_per_address_a_minute: a_minute,
        addresses_max,
        ..Rates::default()
    };
    Arc::new(Door::new(&rates, vec!["127.0.0.0/8".parse().unwrap()], Instant::now()))
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn open_connections_are_counted_by_address() {
    let door = door(2, 0, 10);
    let one = address("192.0.2.1");
    let passes = (door.enter(one).unwrap(), door.enter(one).unwrap());
    assert_eq!(door.enter(one).unwrap_err(), TooMany::Open(2));
    assert!(door.enter(address("192.0.2.2")).is_ok());
    drop(passes.0);
    assert!(door.enter(one).is_ok());
    drop(passes.1);
    assert!(door.open.lock().is_empty(), "an address without connections is not remembered");
}

#[test]
fn ipv6_counts_by_its_first_64_bits() {
    let door = door(1, 0, 10);
    let _pass = door.enter(address("2001:db8:0:1::1")).unwrap();
    assert!(door.enter(address("2001:db8:0:1:ffff::2")).is_err());
    assert!(door.enter(address("2001:db8:0:2::1")).is_ok());
    let _pass = door.enter(address("192.0.2.1")).unwrap();
    assert!(door.enter(address("::ffff:192.0.2.1")).is_err());
}

#[test]
fn trusted_and_unknown_addresses_are_not_limited() {
    let door = door(1, 1, 10);
    let now = Instant::now();
    for who in [address("127.0.0.1"), address("::ffff:127.1.2.3"), None] {
        let _passes = (door.enter(who).unwrap(), door.enter(who).unwrap());
        assert!((0..9).all(|_| door.knock(who, now).is_ok()));
    }
    assert!(door.open.lock().is_empty() && door.pace.lock().young.is_empty());
}

#[test]
fn bounds_of_zero_are_none() {
    let door = door(0, 0, 10);
    let one = address("192.0.2.1");
    let passes: Vec<_> = (0..1_000).map(|_| door.enter(one).unwrap()).collect();
    assert!((0..1_000).all(|_| door.knock(one, Instant::now()).is_ok()));
    drop(passes);
}

#[test]
fn pace_allows_a_minutes_worth_at_once_and_then_the_rate() {
    let door = door(0, 120, 1_000);
    let one = address("192.0.2.1");
    let start = Instant::now();
    assert!((0..120).all(|_| door.knock(one, start).is_ok()));
    assert_eq!(door.knock(one, start), Err(TooMany::AMinute { retry_seconds: 1 }));
    assert!(door.knock(address("192.0.2.2"), start).is_ok());
    let later = start + Duration::from_secs(5);
    let taken = (0..120).take_while(|_| door.knock(one, later).is_ok()).count();
    assert_eq!(taken, 10, "two a second");
    let much_later = later + Duration::from_secs(3_600);
    let taken = (0..500).take_while(|_| door.knock(one, much_later).is_ok()).count();
    assert_eq!(taken, 120, "never more than a minute's worth");
}

/// A generation may end at any time: what it knew still counts in the next one.
#[test]
fn pace_is_kept_over_generations() {
    let door = door(0, 60, 1_000);
    let one = address("192.0.2.1");
    let start = Instant::now();
    let mut taken = 0;
    for second in 0..300 {
        let now = start + Duration::from_secs(second);
        taken += (0..100).take_while(|_| door.knock(one, now).is_ok()).count();
    }
    assert_eq!(taken, 60 + 299);
}

#[test]
fn table_is_bounded() {
    let door = door(0, 10, 100);
    let now = Instant::now();
    for number in 0..5_000_u32 {
        door.knock(Some(IpAddr::V4((0x0b00_0000 + number).into())), now).unwrap();
        let pace = door.pace.lock();
        assert!(pace.young.len() + pace.old.len() <= 100);
    }
}
