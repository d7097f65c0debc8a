//! What is no HTTP, or too much of it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Neighbour;
use crate::harness::Relay;

/// Sends the bytes, and reads until the relay closes.
async fn exchange(relay: &Relay, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    // The relay may have had enough before it has read everything.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(20), socket.read_to_end(&mut answer)).await;
    let _ = read.expect("the relay does not hang up");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A right request for a WebSocket.
pub fn upgrade_request(relay: &Relay) -> String {
    format!(
        "GET / HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        relay.address()
    )
}

#[tokio::test]
async fn garbage_is_refused_and_huge_heads_are_not_read() {
    let relay = Relay::start_with(|config| config.timeouts.header_seconds = 1).await;
    let mut neighbour = Neighbour::move_in(&relay).await;
    let upgrade = upgrade_request(&relay);
    let garbage: Vec<u8> = (0..4_000_u32).map(|number| (number * 31 % 251) as u8).collect();
    let huge_header = upgrade.replace("\r\n\r\n", &format!("\r\nx-huge: {}\r\n\r\n", "x".repeat(100_000)));
    let many_headers = upgrade.replace("\r\n\r\n", &format!("\r\n{}\r\n", "x-many: 1\r\n".repeat(5_000)));
    let table: [(&str, &[u8], &[&str]); 11] = [
        ("garbage", &garbage, &["HTTP/1.1 400", ""]),
        ("NULs", &[0; 1_000], &["HTTP/1.1 400", ""]),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &["HTTP/1.1 400", ""]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["HTTP/1.1 400", "HTTP/1.1 505", ""]),
        ("no request", b"hello\r\n\r\n", &["HTTP/1.1 400"]),
        ("a frame", b"\x81\x85\x00\x00\x00\x00hello", &["HTTP/1.1 400", ""]),
        ("a huge header", huge_header.as_bytes(), &["HTTP/1.1 431"]),
        ("many headers", many_headers.as_bytes(), &["HTTP/1.1 431"]),
        (
            "a huge path",
            &[b"GET /", &[b'a'; 100_000][..], b" HTTP/1.1\r\n\r\n"].concat(),
            &["HTTP/1.1 414", "HTTP/1.1 431"],
        ),
        ("an endless head", b"GET / HTTP/1.1\r\nhost: x\r\n", &["HTTP/1.1 408", ""]),
        ("silence", b"", &["HTTP/1.1 408", ""]),
    ];
    for (name, bytes, answers) in table {
        let heard = exchange(&relay, bytes).await;
        let fits =
            |answer: &&str| if answer.is_empty() { heard.is_empty() } else { heard.starts_with(*answer) };
        assert!(answers.iter().any(fits), "{name}: {heard}");
        neighbour.notices_nothing().await;
    }
}
