//! A relay to test and a client to test it with.

mod client;
pub mod http;
mod process;
mod relay;

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, MutexGuard};

pub use client::Client;
pub use process::{Process, command};
pub use relay::Relay;

/// Held by tests that keep the whole machine busy, so that they come one after the other.
pub async fn heavy() -> MutexGuard<'static, ()> {
    static HEAVY: Mutex<()> = Mutex::const_new(());
    HEAVY.lock().await
}

/// Where this run's random tests start: `CHAPPE_SEED`, or another one each time. Printed, to repeat a failure with.
pub fn seed() -> u64 {
    let given = std::env::var("CHAPPE_SEED").ok().map(|seed| seed.parse().expect("CHAPPE_SEED is a number"));
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = given.unwrap_or_else(now);
    eprintln!("CHAPPE_SEED={seed} repeats this");
    seed
}
