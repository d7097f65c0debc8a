//! Chance for the tests in this folder.
#![expect(clippy::print_stderr, clippy::expect_used, reason = "for who sees a test fail")]

use chappe_testkit::Rng;

/// Worlds of their own, each with its random numbers. `CHAPPE_SEED` repeats a run; else each has another seed, which is
/// printed when a test fails.
pub(crate) fn worlds(many: u64) -> impl Iterator<Item = Rng> {
    let given = std::env::var("CHAPPE_SEED").ok().map(|seed| seed.parse().expect("CHAPPE_SEED is a number"));
    let now = || std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs();
    let seed: u64 = given.unwrap_or_else(now);
    eprintln!("CHAPPE_SEED={seed} repeats this");
    let mut seeds = Rng::new(seed);
    (0..many).map(move |_| Rng::new(seeds.bits()))
}
