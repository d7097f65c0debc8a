//! See `chappe_fuzz::conversation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chappe_fuzz::conversation(bytes));
