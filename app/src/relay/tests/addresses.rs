//! Proxies, limits by address, blocked addresses.

use super::*;
use crate::config::ProxyProtocol;

async fn limited(open_max: u32, a_minute: u32) -> Setting {
    start(|config, _| {
        config.rates.connections_per_address_max = open_max;
        config.rates.connections_per_address_a_minute = a_minute;
    })
    .await
}

#[tokio::test]
async fn connections_of_an_address_are_bounded() {
    let setting = limited(2, 0).await;
    let mut one = setting.connect_from("192.0.2.1").await.unwrap();
    let two = setting.connect_from("192.0.2.1").await.unwrap();
    assert_eq!(setting.connect_from("192.0.2.1").await.err(), Some(429));
    works(&mut one).await;
    let mut other = setting.connect_from("192.0.2.2").await.unwrap();
    works(&mut other).await;
    // An IPv6 customer has 64 bits of addresses.
    let _six = [setting.connect_from("2001:db8::1").await, setting.connect_from("2001:db8::2").await];
    assert_eq!(setting.connect_from("2001:db8::3").await.err(), Some(429));
    drop(two);
    let again = async {
        while setting.connect_from("192.0.2.1").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, again).await.expect("the place of a connection that ended is free");
}

#[tokio::test]
async fn requests_of_an_address_are_bounded() {
    let setting = limited(0, 3).await;
    let from = ["X-Forwarded-For: 192.0.2.1"];
    for _ in 0..3 {
        assert_eq!(setting.ask("GET", &from, "").await.status, 200);
    }
    let answer = setting.ask("GET", &from, "").await;
    assert_eq!(answer.status, 429);
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    assert!(answer.body.contains("too often"), "{}", answer.body);
    assert_eq!(setting.connect_from("192.0.2.1").await.err(), Some(429));
    assert_eq!(setting.ask("GET", &["Forwarded: for=192.0.2.2"], "").await.status, 200);
    // The proxy itself.
    for _ in 0..9 {
        assert_eq!(setting.ask("GET", &[], "").await.status, 200);
    }
}

#[tokio::test]
async fn strangers_are_counted_by_their_connection() {
    let setting = start(|config, _| {
        config.proxy.trusted.clear();
        config.rates.connections_per_address_max = 1;
    })
    .await;
    // What it says of itself is not believed.
    let mut one = setting.connect_from("192.0.2.1").await.unwrap();
    assert_eq!(setting.connect_from("192.0.2.2").await.err(), Some(429));
    let answer = setting.ask("GET", &[], "").await;
    assert_eq!((answer.status, answer.body.contains("may not have more")), (429, true));
    works(&mut one).await;
}

#[tokio::test]
async fn requests_over_one_connection_are_counted_after_the_first() {
    let setting = start(|config, _| {
        config.proxy.trusted.clear();
        config.rates.connections_per_address_a_minute = 3;
    })
    .await;
    let mut socket = setting.socket().await;
    let mut heard = Vec::new();
    for _ in 0..4 {
        let request = format!("HEAD / HTTP/1.1\r\nHost: {}\r\n\r\n", setting.address());
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        heard.push(String::from_utf8(head).unwrap()[9..12].to_owned());
    }
    assert_eq!(heard, ["200", "200", "200", "429"]);
}

#[tokio::test]
async fn headers_that_cannot_be_read_are_refused() {
    let setting = start(|_, _| {}).await;
    let cases: [(&[&str], &str); 3] = [
        (&["Forwarded: for=\"192.0.2.1"], "Forwarded"),
        (&["X-Forwarded-For: here"], "X-Forwarded-For"),
        (&["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"], "different"),
    ];
    for (lines, expected) in cases {
        let answer = setting.ask("GET", lines, "").await;
        assert_eq!((answer.status, answer.body.contains(expected)), (400, true), "{}", answer.body);
    }
}

#[tokio::test]
async fn blocked_address_gets_403_and_its_connections_end() {
    let owner = owner();
    let setting = start(|config, _| config.access.owners = vec![owner.public()]).await;
    let mut mine = setting.connect_from("192.0.2.1").await.unwrap();
    let mut other = setting.connect_from("192.0.2.2").await.unwrap();
    works(&mut mine).await;
    let begun = Instant::now();
    assert_eq!(setting.call(&owner, "blockip", json!(["192.0.2.1", "spam"])).await.0, 200);
    let Message::Close(Some(frame)) = hear(&mut mine).await else { panic!("no close frame") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, "your address is blocked here"));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(setting.connect_from("192.0.2.1").await.err(), Some(403));
    works(&mut other).await;
    assert_eq!(setting.call(&owner, "unblockip", json!(["192.0.2.1"])).await.0, 200);
    works(&mut setting.connect_from("192.0.2.1").await.unwrap()).await;
}

#[tokio::test]
async fn proxy_protocol_tells_the_address() {
    let setting = start(|config, _| {
        config.proxy.protocol = ProxyProtocol::Proxy;
        config.rates.connections_per_address_a_minute = 1;
        config.timeouts.header_seconds = 1;
    })
    .await;
    let from = async |header: &str, lines: &[&str]| {
        let mut socket = setting.socket().await;
        socket.write_all(header.as_bytes()).await.unwrap();
        setting.ask_over(socket, "GET", lines, "").await.status
    };
    let one = "PROXY TCP4 192.0.2.1 127.0.0.1 1234 80\r\n";
    assert_eq!(from(one, &[]).await, 200);
    assert_eq!(from(one, &[]).await, 429);
    // Who is spoken for is no trusted proxy, and so not believed.
    assert_eq!(from(one, &["X-Forwarded-For: 192.0.2.9"]).await, 429);
    let other = "PROXY TCP4 192.0.2.2 127.0.0.1 1234 80\r\n";
    assert_eq!(from(other, &["X-Forwarded-For: 192.0.2.9"]).await, 200);
    // A health check.
    for _ in 0..3 {
        assert_eq!(from("PROXY UNKNOWN\r\n", &[]).await, 200);
    }
    // Without a header, and without a word: no answer, soon.
    for said in ["GET / HTTP/1.1\r\nHost: relay\r\n\r\n", "PROXY TCP4 ", ""] {
        let mut socket = setting.socket().await;
        socket.write_all(said.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut heard)).await.expect("still open");
        assert!(heard.is_empty(), "{said:?}");
    }
}
