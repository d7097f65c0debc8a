//! Room: what becomes of events when the disk runs low, and which of them are kept.

mod compressed;
mod import;
mod low_disk;
mod retention;

use std::time::Duration;

use crate::harness::Process;
use crate::harness::http::request;

async fn get(address: &str, path: &str) -> (u16, String) {
    let response = request(address, "GET", path, &[]).await;
    (response.status, response.body)
}

/// Waits until the log says this so many times.
async fn logs(relay: &Process, words: &str, times: usize) {
    for _ in 0..500 {
        if relay.log().matches(words).count() == times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not {times} times {words:?}");
}
