//! See `chappe_fuzz::filter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chappe_fuzz::filter(bytes));
