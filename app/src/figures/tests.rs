use super::*;

#[test]
fn thousands_are_told_apart() {
    for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(grouped(number), text);
    }
}

#[test]
fn bytes_have_a_unit_that_fits() {
    let cases = [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.0 KiB"),
        (1_536, "1.5 KiB"),
        (1_048_575, "1,023.9 KiB"),
        (2_041_000_000, "1.9 GiB"),
        (1 << 40, "1.0 TiB"),
        (u64::MAX, "16,383.9 PiB"),
    ];
    for (number, text) in cases {
        assert_eq!(bytes(number), text);
    }
}

#[test]
fn times_have_two_units() {
    let cases = [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7_500, "2 h 5 min"), (90_000, "1 d 1 h")];
    for (number, text) in cases {
        assert_eq!(seconds(number), text);
    }
}

#[test]
fn days_have_dates() {
    let cases = [
        (0, "1970-01-01"),
        (58, "1970-02-28"),
        (59, "1970-03-01"),
        (789, "1972-02-29"),
        (11_016, "2000-02-29"),
        (19_675, "2023-11-14"),
        (20_784, "2026-11-27"),
        (47_540, "2100-02-28"),
        (47_541, "2100-03-01"),
    ];
    for (day, text) in cases {
        assert_eq!(date(day), text);
    }
    // Whatever an event says.
    assert!(!date(u64::MAX / 86_400).is_empty());
}

#[test]
fn one_of_something_is_one() {
    let told = [0, 1, 2, 1_000].map(|number| many(number, "event"));
    assert_eq!(told, ["0 events", "1 event", "2 events", "1,000 events"]);
}
