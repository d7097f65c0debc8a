//! See `chappe_fuzz::event`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chappe_fuzz::event(bytes));
