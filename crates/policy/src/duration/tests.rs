use super::*;

#[test]
fn durations_are_their_seconds() {
    let table = [
        ("PT0S", 0),
        ("PT1S", 1),
        ("PT90S", 90),
        ("PT30M", 1_800),
        ("PT1H", 3_600),
        ("P1D", 86_400),
        ("P1DT12H", 129_600),
        ("P1DT2H30M", 95_400),
        ("P1W", 604_800),
        ("P30D", 2_592_000),
        ("P1M", 2_592_000),
        ("P1Y", 31_536_000),
        ("P1Y2M3W4DT5H6M7S", 31_536_000 + 5_184_000 + 1_814_400 + 345_600 + 18_000 + 360 + 7),
        ("PT1.5H", 5_400),
        ("P0,5D", 43_200),
        ("PT0.9S", 0),
        ("p1dt1h", 90_000),
    ];
    for (text, seconds) in table {
        assert_eq!(parse(text), Ok(seconds), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    let table = [
        "",
        "P",
        "PT",
        "1D",
        "P1",
        "PD",
        "P1H",
        "PT1D",
        "P1DT",
        "P-5D",
        "P+5D",
        "P1D1D",
        "P1D1W",
        "PT1S1H",
        "P 1D",
        "P1.D",
        "P.5D",
        "P1.1234567D",
        "PT1X",
        "P99999999999999999999D",
        "P9999999999999999Y",
        "30 days",
        "PT1é",
        "P18446744073709551615DT1S",
    ];
    for text in table {
        assert!(parse(text).is_err(), "{text} is {:?}", parse(text));
    }
}
