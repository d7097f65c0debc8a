//! A relay to test and a client to test it with.

pub mod acme;
mod client;
mod command_line;
pub mod frames;
pub mod http;
pub mod management;
mod process;
mod relay;
pub mod tls;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, MutexGuard};

pub use client::Client;
pub use command_line::{Said, chappe, counted, import, lines, on, run, said_on};
pub use process::{Process, command, signal};
pub use relay::Relay;

/// Held by tests that keep the whole machine busy, so that they come one after the other.
pub async fn heavy() -> MutexGuard<'static, ()> {
    static HEAVY: Mutex<()> = Mutex::const_new(());
    HEAVY.lock().await
}

/// Where this run's random tests start: `CHAPPE_SEED`, or another one each time. Printed, to repeat a failure with.
pub fn seed() -> u64 {
    let given = std::env::var("CHAPPE_SEED").ok().map(|seed| seed.parse().expect("CHAPPE_SEED is a number"));
    let seed = given.unwrap_or_else(now);
    eprintln!("CHAPPE_SEED={seed} repeats this");
    seed
}

/// The system's time, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// An address of loopback that was free a moment ago. Whoever is told of it has to listen there itself.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A number that nobody else in this run gets.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// RFC 4648, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap();
            text.push(if place <= chunk.len() { char::from(LETTERS[letter]) } else { '=' });
        }
    }
    text
}
