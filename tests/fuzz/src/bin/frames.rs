//! See `chappe_fuzz::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chappe_fuzz::frames(bytes));
