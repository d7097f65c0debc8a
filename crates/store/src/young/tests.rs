//! How large a generation becomes.

use super::{GENERATION_BYTES_MIN, generation_bytes};

#[test]
fn a_generation_grows_with_the_store_and_keeps_within_its_bound() {
    let bound = 128 << 20;
    let cases = [
        (0, GENERATION_BYTES_MIN),
        (100_000, GENERATION_BYTES_MIN),
        (1_000_000, 50_000_000),
        (5_000_000, bound),
        (u64::MAX, bound),
    ];
    for (stored, bytes) in cases {
        assert_eq!(generation_bytes(bound, stored), bytes, "{stored} events");
        assert_eq!(generation_bytes(8 << 10, stored), 8 << 10, "a small bound holds for {stored} events");
    }
}
