//! Strangers who hold what they were given: slow requests, answers that nobody takes, floods of connections and of bytes.

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::harness::{Client, Process, Relay, heavy, http};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads until the relay ends the connection, however it does.
async fn ended(socket: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let read = timeout(PATIENCE, socket.read_to_end(&mut heard)).await;
    let _ = read.expect("the relay keeps the connection");
    heard
}

#[tokio::test]
async fn a_head_that_trickles_in_is_not_waited_for() {
    let relay = Relay::start_with(|config| config.timeouts.header_seconds = 1).await;
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    let trickle = async {
        // A byte at a time keeps nobody's patience alive.
        for byte in b"GET / HTTP/1.1\r\nX-Long: ".iter().chain(b"x".iter().cycle()) {
            if socket.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, trickle).await.expect("the relay goes on waiting");
}

#[tokio::test]
async fn between_two_requests_it_is_not_waited_for_long() {
    let relay = Relay::start_with(|config| config.timeouts.header_seconds = 1).await;
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    socket.write_all(b"GET /stats.json HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let heard = ended(&mut socket).await;
    assert!(heard.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&heard));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_ends_the_connection() {
    let relay = Relay::start_with(|config| config.timeouts.write_seconds = 1).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut socket = socket.connect(relay.address().parse().unwrap()).await.unwrap();
    relay.reaches("\"connections\":2,").await;
    // Far more pages than the sockets between hold, and none of them is read. Sooner or later nothing more is taken.
    let ask = async { while socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok() {} };
    timeout(PATIENCE, ask).await.expect("the relay waits for a reader for ever");
    relay.reaches("\"connections\":1,").await;
}

#[tokio::test]
async fn silent_connections_make_room_for_others() {
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let knobs = [("LIMITS__CONNECTIONS_MAX", "200"), ("TIMEOUTS__HEADER_SECONDS", "3")];
    let relay = Process::start(dir.path(), &knobs).await;
    let address = relay.addresses()[0].to_string();
    let mut guest = relay.connect().await;
    let before = relay.memory_kib();
    let mut silent = Vec::new();
    // Of those over the bound fewer than are told so at the same time.
    for _ in 0..250 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    assert_eq!(http::request(&address, "GET", "/", &[]).await.status, 503);
    let grown = relay.memory_kib().saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB for 250 connections that say nothing");
    // Who was there before is served all the while, and who comes after as soon as the silent ones have had their time.
    guest.hears_nothing_more().await;
    let wait = async {
        while http::request(&address, "GET", "/stats.json", &[]).await.status != 200 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the silent ones are kept");
    guest.hears_nothing_more().await;
}

#[tokio::test]
async fn unfinished_messages_cost_no_more_than_was_sent() {
    let _alone = heavy().await;
    const CONNECTIONS: u64 = 50;
    const SENT_KIB: u64 = 400;
    let dir = TempDir::new().unwrap();
    let relay = Process::start(dir.path(), &[]).await;
    let mut guest = relay.connect().await;
    guest.hears_nothing_more().await;
    let before = relay.memory_kib();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = relay.connect().await;
        client.hears_nothing_more().await;
        let Client { socket } = client;
        let mut raw = socket.into_inner();
        // A text frame of 500,000 bytes under a mask of zeros, of which the end never comes.
        raw.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x07, 0xa1, 0x20, 0, 0, 0, 0]).await.unwrap();
        raw.write_all(&vec![b'x'; usize::try_from(SENT_KIB).unwrap() * 1024]).await.unwrap();
        clients.push(raw);
    }
    guest.hears_nothing_more().await;
    sleep(Duration::from_millis(500)).await;
    let grown = relay.memory_kib().saturating_sub(before);
    // What was sent once, and as much again for growing.
    let bound = 2 * CONNECTIONS * SENT_KIB + 16 * 1024;
    assert!(grown < bound, "{grown} KiB for {CONNECTIONS} connections, more than {bound}");
    // Each claims a frame longer than a message may be: nothing is set aside for that.
    let before = relay.memory_kib();
    for _ in 0..CONNECTIONS {
        let mut client = relay.connect().await;
        client.hears_nothing_more().await;
        let Client { socket } = client;
        let mut raw = socket.into_inner();
        raw.write_all(&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
            .await
            .unwrap();
        clients.push(raw);
    }
    guest.hears_nothing_more().await;
    let grown = relay.memory_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB for {CONNECTIONS} claims");
    guest.hears_nothing_more().await;
}
