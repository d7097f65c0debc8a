use super::*;

fn line(unit: Unit, total: Option<u64>, done: u64, seconds: u64, remark: &str) -> String {
    let progress = Progress { doing: "verify", unit, total, ..Progress::silent() };
    progress.line(done, Duration::from_secs(seconds), remark)
}

#[test]
fn a_line_tells_how_far_how_fast_and_how_long() {
    let cases = [
        (
            line(Unit::Events, Some(120_000), 30_000, 10, ""),
            "verify: 30,000 of 120,000 events (25 %), 3,000/s, 30 s left",
        ),
        (
            line(Unit::Bytes, Some(4 << 20), 1 << 20, 1, "7 lines"),
            "verify: 1.0 MiB of 4.0 MiB (25 %), 1.0 MiB/s, 3 s left; 7 lines",
        ),
        (
            line(Unit::Entries, Some(4_000), 3_000, 1, ""),
            "verify: 3,000 of 4,000 index entries (75 %), 3,000/s, 0 s left",
        ),
        (line(Unit::Events, None, 5, 5, ""), "verify: 5 events, 1/s"),
        // Nothing is known of what has not begun, and more than all may be there in the end.
        (line(Unit::Events, Some(10), 0, 0, ""), "verify: 0 of 10 events (0 %), 0/s"),
        (line(Unit::Events, Some(10), 12, 1, ""), "verify: 12 of 10 events (120 %), 12/s, 0 s left"),
        (line(Unit::Events, Some(0), 0, 1, ""), "verify: 0 of 0 events (0 %), 0/s"),
    ];
    for (line, expected) in cases {
        assert_eq!(line, expected);
    }
}
