use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn networks_hold_the_addresses_that_begin_alike() {
    let table = [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.77/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.0", false),
        ("192.0.2.0/31", "192.0.2.1", true),
        ("192.0.2.0/31", "192.0.2.2", false),
        ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true),
        ("::/0", "192.0.2.1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::1", "2001:db8::1", true),
        ("2001:db8::1/127", "2001:db8::", true),
        ("::1/128", "::1", true),
    ];
    for (range, member, expected) in table {
        let range: AddressRange = range.parse().unwrap();
        assert_eq!(range.contains(address(member)), expected, "{range} {member}");
        assert_eq!(range.to_string().parse(), Ok(range));
        for until in [Until::Undone, Until::Time(Timestamp(11))] {
            let blocked: BlockedAddresses = [(range, until)].into_iter().collect();
            assert_eq!(blocked.contains(address(member), Timestamp(10)), expected, "{range} {member}");
        }
    }
}

#[test]
fn junk_is_no_network() {
    let table = [
        "",
        "/",
        "192.0.2.1/",
        "192.0.2.1/33",
        "192.0.2.1/-1",
        "192.0.2.1/+1",
        "192.0.2/24",
        "::1/129",
        "::1/256",
        "relay.example.com",
        "192.0.2.1 ",
        "[::1]",
        "192.0.2.1:80",
        "192.0.2.1/24/24",
    ];
    for text in table {
        assert_eq!(text.parse::<AddressRange>(), Err(AddressRangeError), "{text}");
    }
}

#[test]
fn one_address_or_64_bits_share_a_limit() {
    let group = |text| AddressGroup::from(address(text));
    assert_eq!(group("192.0.2.1"), group("::ffff:192.0.2.1"));
    assert_ne!(group("192.0.2.1"), group("192.0.2.2"));
    assert_eq!(group("2001:db8:1:2::1"), group("2001:db8:1:2:ffff::9"));
    assert_ne!(group("2001:db8:1:2::1"), group("2001:db8:1:3::1"));
    assert_eq!(group("192.0.2.1").to_string(), "192.0.2.1");
    assert_eq!(group("2001:db8:1:2:3::1").to_string(), "2001:db8:1:2::/64");
}

#[test]
fn a_block_ends_when_it_says() {
    let range = |text: &str| text.parse::<AddressRange>().unwrap();
    let blocked: BlockedAddresses = [
        (range("192.0.2.1"), Until::Time(Timestamp(100))),
        (range("192.0.2.1"), Until::Time(Timestamp(50))),
        (range("192.0.2.2"), Until::Time(Timestamp(50))),
        (range("192.0.2.2"), Until::Undone),
        (range("192.0.2.3"), Until::Time(Timestamp(0))),
        (range("198.51.100.0/24"), Until::Time(Timestamp(100))),
        (range("2001:db8::/48"), Until::Undone),
    ]
    .into_iter()
    .collect();
    let table = [
        ("192.0.2.1", 99, true),
        ("192.0.2.1", 100, false),
        ("192.0.2.2", 1_000, true),
        ("192.0.2.3", 0, false),
        ("198.51.100.200", 99, true),
        ("198.51.100.200", 100, false),
        ("198.51.101.200", 0, false),
        ("2001:db8:0:1::1", 1_000, true),
        ("2001:db8:1:1::1", 1_000, false),
        ("::", 0, false),
    ];
    for (text, now, expected) in table {
        assert_eq!(blocked.contains(address(text), Timestamp(now)), expected, "{text} at {now}");
    }
    assert!(!blocked.is_empty() && BlockedAddresses::default().is_empty());
}
