use chappe_testkit::{EventBuilder, Keys};

use super::*;

const NOW: Timestamp = Timestamp(10_000);

fn check(rules: &Rules, builder: EventBuilder) -> Result<(), Invalid> {
    rules.check(&builder.sign(&Keys::from_seed(1)).event(), NOW)
}

fn note() -> EventBuilder {
    EventBuilder::new(1).created_at(NOW.0)
}

#[test]
fn each_size_has_a_bound_that_is_still_allowed() {
    let rules = Rules { tags_max: 3, tag_value_bytes_max: 5, content_bytes_max: Some(7), ..Rules::default() };
    let tags = |count| (0..count).fold(note(), |event, _| event.tag(&["t", "x"]));
    let (too_many, too_long) = (Invalid::TooManyTags { tags_max: 3 }, Invalid::TagTooLong { bytes_max: 5 });
    let too_much = Invalid::ContentTooLong { bytes_max: 7 };
    let table = [
        ("no tags", tags(0), Ok(())),
        ("below", tags(2), Ok(())),
        ("at", tags(3), Ok(())),
        ("above", tags(4), Err(too_many)),
        ("value below", note().tag(&["t", "1234"]), Ok(())),
        ("value at", note().tag(&["t", "12345"]), Ok(())),
        ("value above", note().tag(&["t", "123456"]), Err(too_long)),
        ("bytes, not characters", note().tag(&["t", "äää"]), Err(too_long)),
        ("name above", note().tag(&["123456"]), Err(too_long)),
        ("third string above", note().tag(&["t", "", "123456"]), Err(too_long)),
        ("second tag above", note().tag(&["t", "x"]).tag(&["t", "123456"]), Err(too_long)),
        ("content below", note().content("123456"), Ok(())),
        ("content at", note().content("1234567"), Ok(())),
        ("content above", note().content("12345678"), Err(too_much)),
        ("content in bytes", note().content("ääää"), Err(too_much)),
    ];
    for (name, builder, expected) in table {
        assert_eq!(check(&rules, builder), expected, "{name}");
    }
}

#[test]
fn times_are_bounded_on_both_sides() {
    let (ahead, old) = (
        |max| Err(Invalid::TooFarAhead { seconds_max: max }),
        |max| Err(Invalid::TooOld { seconds_max: max }),
    );
    let table = [
        ("default, below", Rules::default(), NOW.0 + 899, Ok(())),
        ("default, at", Rules::default(), NOW.0 + 900, Ok(())),
        ("default, above", Rules::default(), NOW.0 + 901, ahead(900)),
        ("default, end of time", Rules::default(), u64::MAX, ahead(900)),
        ("default, the epoch", Rules::default(), 0, Ok(())),
        ("auth, ahead at", Rules::auth(), NOW.0 + 600, Ok(())),
        ("auth, ahead above", Rules::auth(), NOW.0 + 601, ahead(600)),
        ("auth, back at", Rules::auth(), NOW.0 - 600, Ok(())),
        ("auth, back above", Rules::auth(), NOW.0 - 601, old(600)),
        ("import, end of time", Rules::import(), u64::MAX, Ok(())),
        ("import, the epoch", Rules::import(), 0, Ok(())),
    ];
    for (name, rules, created_at, expected) in table {
        assert_eq!(check(&rules, note().created_at(created_at)), expected, "{name}");
    }
    let near_the_epoch = note().created_at(0).sign(&Keys::from_seed(1));
    assert_eq!(Rules::auth().check(&near_the_epoch.event(), Timestamp(5)), Ok(()));
}

#[test]
fn what_has_expired_stays_out_on_every_way() {
    let table = [
        ("later", "10001", Ok(())),
        ("this second", "10000", Err(Invalid::Expired)),
        ("earlier", "9999", Err(Invalid::Expired)),
        ("not a number", "soon", Ok(())),
    ];
    for (name, at, expected) in table {
        for kind in [1, 20_000, 30_023] {
            for rules in [Rules::default(), Rules::import(), Rules::auth()] {
                let builder = EventBuilder::new(kind).created_at(NOW.0).tag(&["expiration", at]);
                assert_eq!(check(&rules, builder), expected, "{name}, kind {kind}");
            }
        }
    }
}

#[test]
fn large_events_of_real_clients_fit_the_defaults() {
    let key = Keys::from_seed(2).hex();
    let follows = (0..5_000).fold(EventBuilder::new(3), |list, _| list.tag(&["p", &key]));
    assert_eq!(check(&Rules::import(), follows.clone()), Ok(()));
    let too_many = Err(Invalid::TooManyTags { tags_max: 5_000 });
    assert_eq!(check(&Rules::import(), follows.tag(&["p", &key])), too_many);
    let receipt = |bytes| EventBuilder::new(9735).tag(&["description", &"x".repeat(bytes)]);
    assert_eq!(check(&Rules::import(), receipt(65_536)), Ok(()));
    assert_eq!(check(&Rules::import(), receipt(65_537)), Err(Invalid::TagTooLong { bytes_max: 65_536 }));
}
