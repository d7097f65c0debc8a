use std::ops::RangeInclusive;

use super::*;

#[test]
fn every_kind_has_the_route_its_nip_gives_it() {
    // Covers 0..=65535 without a gap; kinds beyond NIP-01's ranges count as regular.
    let table: [(RangeInclusive<u16>, Route); 13] = [
        (0..=0, Route::Replaceable),
        (1..=2, Route::Regular),
        (3..=3, Route::Replaceable),
        (4..=4, Route::Regular),
        (5..=5, Route::Delete),
        (6..=61, Route::Regular),
        (62..=62, Route::Vanish),
        (63..=9_999, Route::Regular),
        (10_000..=19_999, Route::Replaceable),
        (20_000..=29_999, Route::Ephemeral),
        (30_000..=39_999, Route::Addressable),
        (40_000..=u16::MAX - 1, Route::Regular),
        (u16::MAX..=u16::MAX, Route::Regular),
    ];
    let mut next = 0;
    for (kinds, expected) in table {
        assert_eq!(u32::from(*kinds.start()), next, "the table has a gap");
        next = u32::from(*kinds.end()) + 1;
        for kind in kinds {
            assert_eq!(route(Kind(kind), Desks::default()), expected, "kind {kind}");
        }
    }
    assert_eq!(next, 65_536);
}

#[test]
fn requests_to_the_relay_have_a_way_of_their_own_where_they_are_taken() {
    let membership = Desks { membership: Desk::Open, ..Desks::default() };
    let policy = Desks { policy: Desk::Open, ..Desks::default() };
    let table = [
        (28_934, Route::Ephemeral, Route::Join, Route::Ephemeral),
        (28_936, Route::Ephemeral, Route::Leave, Route::Ephemeral),
        (12_345, Route::Replaceable, Route::Replaceable, Route::PolicyUpdate),
    ];
    for (kind, closed, to_members, to_policy) in table {
        let routes = [Desks::default(), membership, policy].map(|desks| route(Kind(kind), desks));
        assert_eq!(routes, [closed, to_members, to_policy], "kind {kind}");
    }
}
