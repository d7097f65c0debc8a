//! How much one address or key may do, and whose address a connection has.

use chappe_app::config::{Config, ProxyProtocol};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::http::request;
use crate::harness::{Client, Process, Relay, unique};

const HANDSHAKE: [&str; 4] = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

fn note(keys: &Keys) -> TestEvent {
    EventBuilder::new(1).content(unique().to_string()).sign(keys)
}

async fn relay(turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(turn).await
}

/// The status of a handshake with this header.
async fn handshake(relay: &Relay, header: &str) -> u16 {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    let lines = HANDSHAKE.join("\r\n");
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n{lines}\r\n{header}\r\n\r\n", relay.address());
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer).unwrap()[9..].parse().unwrap()
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let relay = relay(|config| config.rates.connections_per_address_max = 2).await;
    let first = relay.connect_from("203.0.113.7").await;
    let _second = relay.connect_from("203.0.113.7").await;
    assert_eq!(handshake(&relay, "X-Forwarded-For: 203.0.113.7").await, 429);
    assert_eq!(handshake(&relay, "X-Forwarded-For: 203.0.113.8").await, 101);
    drop(first);
    for _ in 0..100 {
        if handshake(&relay, "X-Forwarded-For: 203.0.113.7").await == 101 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a closed connection still counts");
}

#[tokio::test]
async fn an_ipv6_network_is_one_address() {
    let relay = relay(|config| config.rates.connections_per_address_max = 1).await;
    let _first = relay.connect_from("2001:db8:1:2::1").await;
    assert_eq!(handshake(&relay, "X-Forwarded-For: 2001:db8:1:2:ffff::9").await, 429);
    assert_eq!(handshake(&relay, "X-Forwarded-For: 2001:db8:1:3::1").await, 101);
}

#[tokio::test]
async fn an_address_has_so_many_new_connections_a_minute() {
    let relay = relay(|config| config.rates.connections_per_address_a_minute = 3).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(handshake(&relay, "X-Forwarded-For: 203.0.113.7").await);
    }
    assert_eq!(statuses, [101, 101, 101, 429]);
    assert_eq!(handshake(&relay, "X-Forwarded-For: 203.0.113.8").await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_not_trusted_is_told_of_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[("PROXY__TRUSTED", "[]")]).await;
    let address = relay.addresses()[0].to_string();
    let told = |relay: &Process| relay.log().matches("not in proxy.trusted").count();
    request(&address, "GET", "/", &[]).await;
    assert_eq!(told(&relay), 0, "{}", relay.log());
    for header in ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.8"] {
        assert_eq!(request(&address, "GET", "/", &[header]).await.status, 200);
    }
    relay.stop().await;
    assert_eq!(told(&relay), 1, "{}", relay.log());
    assert!(relay.log().contains("peer=127.0.0.1"), "{}", relay.log());
}

#[tokio::test]
async fn the_right_most_address_that_is_not_trusted_counts() {
    let relay = relay(|config| config.rates.connections_per_address_max = 1).await;
    let _first = relay.connect_from("203.0.113.7").await;
    for spoofed in [
        "X-Forwarded-For: 198.51.100.1, 203.0.113.7",
        "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 127.0.0.1",
        "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7",
        "Forwarded: for=198.51.100.1, for=203.0.113.7;proto=https",
        "Forwarded: for=\"203.0.113.7:4711\"",
    ] {
        assert_eq!(handshake(&relay, spoofed).await, 429, "{spoofed}");
    }
    assert_eq!(handshake(&relay, "Forwarded: for=\"[2001:db8::1]:80\"").await, 101);
}

#[tokio::test]
async fn who_is_not_trusted_is_not_believed() {
    let relay = relay(|config| {
        config.proxy.trusted = Vec::new();
        config.rates.connections_per_address_max = 1;
    })
    .await;
    let _first = relay.connect_from("203.0.113.7").await;
    // They all are what the socket says.
    assert_eq!(handshake(&relay, "X-Forwarded-For: 203.0.113.8").await, 429);
}

#[tokio::test]
async fn events_of_an_address_and_of_a_key_are_counted() {
    let relay = relay(|config| {
        config.rates.events_per_address_a_minute = 3;
        config.rates.events_per_key_a_minute = 2;
    })
    .await;
    let mut client = relay.connect_from("203.0.113.7").await;
    let key = Keys::from_seed(1);
    client.store(&note(&key)).await;
    client.store(&note(&key)).await;
    client.refused(&note(&key), "rate-limited: ").await;
    // The key counts wherever it comes from.
    relay.connect_from("203.0.113.9").await.refused(&note(&key), "rate-limited: ").await;
    let mut other = relay.connect_from("203.0.113.8").await;
    for seed in 10..13 {
        other.store(&note(&Keys::from_seed(seed))).await;
    }
    other.refused(&note(&Keys::from_seed(13)), "rate-limited: ").await;
    relay.pass_seconds(60);
    client.store(&note(&key)).await;
}

#[tokio::test]
async fn requests_of_an_address_are_counted() {
    let relay = relay(|config| config.rates.requests_per_address_a_minute = 2).await;
    let mut client = relay.connect_from("203.0.113.7").await;
    client.finds("{}", &[]).await;
    assert_eq!(client.count("{}").await, 0);
    client.say(r#"["REQ","third",{}]"#).await;
    client.expect_start(r#"["CLOSED","third","rate-limited: "#).await;
    client.say(r#"["COUNT","fourth",{}]"#).await;
    client.expect_start(r#"["CLOSED","fourth","rate-limited: "#).await;
    relay.connect_from("203.0.113.8").await.finds("{}", &[]).await;
    relay.pass_seconds(60);
    client.finds("{}", &[]).await;
}

#[tokio::test]
async fn a_trusted_proxy_itself_is_never_limited() {
    let relay = relay(|config| {
        config.rates.connections_per_address_max = 1;
        config.rates.events_per_address_a_minute = 1;
        config.rates.requests_per_address_a_minute = 1;
    })
    .await;
    let (mut first, mut second) = (relay.connect().await, relay.connect().await);
    for seed in 1..4 {
        first.store(&note(&Keys::from_seed(seed))).await;
        assert_eq!(second.count("{}").await, seed);
    }
}

#[tokio::test]
async fn a_blocked_address_is_shut_out_and_its_connections_are_closed() {
    let admin = Keys::from_seed(901);
    let relay = relay(|config| config.access.admins = vec![admin.public()]).await;
    let mut client = relay.connect_from("203.0.113.7").await;
    client.store(&note(&Keys::from_seed(1))).await;
    relay.manage(&admin, "blockip", json!(["203.0.113.0/24", "spam"])).await;
    assert_eq!(client.closed().await.0, 1008);
    assert_eq!(handshake(&relay, "X-Forwarded-For: 203.0.113.7").await, 403);
    assert_eq!(handshake(&relay, "X-Forwarded-For: 203.0.114.7").await, 101);
    relay.manage(&admin, "unblockip", json!(["203.0.113.0/24"])).await;
    relay.connect_from("203.0.113.7").await.finds("{\"kinds\":[7]}", &[]).await;
}

/// A connection whose first bytes are these.
async fn connect_after(relay: &Relay, header: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    socket.write_all(header).await.unwrap();
    let lines = HANDSHAKE.join("\r\n");
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n{lines}\r\n\r\n", relay.address());
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn the_proxy_protocol_names_the_client() {
    let relay = relay(|config| {
        config.proxy.protocol = ProxyProtocol::Proxy;
        config.rates.events_per_address_a_minute = 1;
    })
    .await;
    let mut version_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    version_2.extend([203, 0, 113, 7, 127, 0, 0, 1, 0x12, 0x34, 0x1d, 0x17]);
    let mut seeds = 20..;
    let mut next = || note(&Keys::from_seed(seeds.next().unwrap()));
    let version_1 = b"PROXY TCP4 203.0.113.7 127.0.0.1 4660 7447\r\n";
    let mut first = Client::after_handshake(connect_after(&relay, version_1).await).await;
    first.store(&next()).await;
    let mut second = Client::after_handshake(connect_after(&relay, &version_2).await).await;
    second.refused(&next(), "rate-limited: ").await;
    let other = b"PROXY TCP4 203.0.113.8 127.0.0.1 4660 7447\r\n";
    Client::after_handshake(connect_after(&relay, other).await).await.store(&next()).await;
    // Without the header, or with a broken one, there is no conversation.
    for broken in [&b""[..], b"PROXY TCP4 203.0.113.7\r\n", b"PROXY TCP4 a b c d\r\n"] {
        let mut socket = connect_after(&relay, broken).await;
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn the_page_is_for_everybody_and_counted_too() {
    let relay = relay(|config| config.rates.connections_per_address_a_minute = 2).await;
    let from = ["X-Forwarded-For: 203.0.113.7"];
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(request(&relay.address(), "GET", "/", &from).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
}
