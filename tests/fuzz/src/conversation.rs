//! Any sequence of frames, from two clients, into sessions over a real store.
//!
//! The input is a script. Each line is for one client, `a` or `b`, and its second byte says what happens:
//!
//! ```text
//! a>bytes     the client says this, whatever it is
//! a+text      the same; an event in it is signed by the client first, so that it is valid
//! a*text      the same, signed by the other client
//! a~          the client says something binary
//! a^          the client says something too long
//! a.60        seconds pass, and everything that can be said is said and read
//! ```
//!
//! In `+` and `*` lines `?e` stands for the id of the client's last event, `?m` for its key, `?o` for the other's and `?c` for
//! its challenge. Without these a fuzzer would never get past the signature.

mod client;
mod relay;

use chappe_protocol::Timestamp;

use client::Client;
use relay::Relay;

/// When every conversation starts.
const START: Timestamp = Timestamp(1_700_000_000);
/// More lines reach nothing new.
const LINES_MAX: usize = 64;
/// The most that one `.` lets pass: enough for every expiration and every time bound.
const SECONDS_MAX: u64 = 1_000_000;

/// Every request is answered, once; nothing is delivered that was not asked for, is not valid, or is not for these eyes;
/// and at the end the store's records and indexes agree.
pub fn conversation(bytes: &[u8]) {
    let relay = Relay::start();
    let mut now = START;
    let mut clients = [relay.connect(1, 2), relay.connect(2, 1)];
    for line in bytes.split(|&byte| byte == b'\n').take(LINES_MAX) {
        let [name, verb, rest @ ..] = line else { continue };
        let [a, b] = &mut clients;
        let client = if *name == b'b' { b } else { a };
        match verb {
            b'>' => client.say(rest, now),
            b'+' => client.say_signed(rest, client.keys.clone(), now),
            b'*' => client.say_signed(rest, client.other.clone(), now),
            b'~' => client.say_binary(),
            b'^' => client.say_too_long(),
            b'.' => {
                clients.iter_mut().for_each(|client| client.hear_all(now));
                let seconds = str::from_utf8(rest).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0);
                now = now.plus_seconds(seconds.min(SECONDS_MAX));
            }
            _ => {}
        }
    }
    // Twice, since what one hears last may be news for the other.
    for _ in 0..2 {
        clients.iter_mut().for_each(|client| client.hear_all(now));
    }
    clients.iter().for_each(Client::check_answers);
    drop(clients);
    relay.check_store();
}
