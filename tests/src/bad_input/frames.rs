//! Frames that break RFC 6455 or the relay's bounds, sent as raw bytes.

use tokio::io::AsyncWriteExt;

use super::{Neighbour, event};
use crate::harness::frames::{BINARY, CLOSE, CONTINUATION, FIN, PING, TEXT, frame, head};
use crate::harness::{Client, Relay};

/// What has to follow.
enum Answer {
    /// A message that starts like this, and the connection lives on.
    Message(&'static str),
    /// This close code.
    Closed(u16),
    /// The NOTICE about the size, and close code 1009.
    TooLong,
}

/// The most that one message may have, by default.
const MESSAGE_BYTES_MAX: usize = 512 * 1024;

const REQ: &str = r#"["REQ","s",{"kinds":[1]}]"#;
const EOSE: Answer = Answer::Message(r#"["EOSE","s""#);

fn cases() -> Vec<(&'static str, Vec<u8>, Answer)> {
    let text = frame(FIN | TEXT, REQ.as_bytes());
    let padded = |length: usize| format!("{}{REQ}", " ".repeat(length - REQ.len())).into_bytes();
    let chunk = vec![b' '; MESSAGE_BYTES_MAX / 4];
    let rest = |times: usize| frame(CONTINUATION, &chunk).repeat(times);
    let euro = r##"["REQ","s",{"#t":["€"]}]"##.as_bytes();
    let split = euro.iter().position(|&byte| byte == 0xe2).unwrap() + 1;
    let unmasked = [&[FIN | TEXT, u8::try_from(REQ.len()).unwrap()][..], REQ.as_bytes()].concat();
    vec![
        ("a right one", text.clone(), EOSE),
        ("binary", frame(FIN | BINARY, REQ.as_bytes()), Answer::Message(r#"["NOTICE","invalid: "#)),
        ("empty", frame(FIN | TEXT, b""), Answer::Message(r#"["NOTICE","invalid: "#)),
        ("in two frames", [frame(TEXT, &euro[..split]), frame(FIN, &euro[split..])].concat(), EOSE),
        (
            "with a ping between its frames",
            [frame(TEXT, &euro[..split]), frame(FIN | PING, b"x"), frame(FIN, &euro[split..])].concat(),
            EOSE,
        ),
        (
            "in many empty frames",
            [frame(TEXT, b""), frame(CONTINUATION, b"").repeat(5_000), frame(FIN, REQ.as_bytes())].concat(),
            EOSE,
        ),
        ("as long as may be", frame(FIN | TEXT, &padded(MESSAGE_BYTES_MAX)), EOSE),
        ("one byte too long", frame(FIN | TEXT, &padded(MESSAGE_BYTES_MAX + 1)), Answer::TooLong),
        ("four times too long", frame(FIN | TEXT, &padded(4 * MESSAGE_BYTES_MAX)), Answer::TooLong),
        ("too long in many frames", [frame(TEXT, &chunk), rest(40)].concat(), Answer::TooLong),
        ("too long and binary", frame(FIN | BINARY, &padded(MESSAGE_BYTES_MAX + 1)), Answer::TooLong),
        ("announced as 4 GiB", head(FIN | TEXT, 1 << 32), Answer::TooLong),
        ("announced as 2^63 - 1 bytes", head(FIN | TEXT, u64::MAX >> 1), Answer::TooLong),
        ("not masked", unmasked, Answer::Closed(1002)),
        ("of a reserved type", frame(FIN | 0x3, b"x"), Answer::Closed(1002)),
        ("of a reserved control type", frame(FIN | 0xb, b"x"), Answer::Closed(1002)),
        ("with a reserved bit", frame(FIN | 0x40 | TEXT, REQ.as_bytes()), Answer::Closed(1002)),
        ("a ping in parts", frame(PING, b"x"), Answer::Closed(1002)),
        ("a ping of 126 bytes", frame(FIN | PING, &[0; 126]), Answer::Closed(1002)),
        ("a continuation of nothing", frame(FIN, b"x"), Answer::Closed(1002)),
        ("a message within a message", [frame(TEXT, b"["), text].concat(), Answer::Closed(1002)),
        ("a close of one byte", frame(FIN | CLOSE, &[3]), Answer::Closed(1002)),
        ("not UTF-8", frame(FIN | TEXT, b"[\"REQ\",\"\xff\",{}]"), Answer::Closed(1007)),
        ("a surrogate in UTF-8", frame(FIN | TEXT, b"[\"REQ\",\"\xed\xa0\x80\",{}]"), Answer::Closed(1007)),
        ("ends within a character", frame(FIN | TEXT, &euro[..split]), Answer::Closed(1007)),
        (
            "not UTF-8 in its second frame",
            [frame(TEXT, b"[\""), frame(FIN, b"\xc0\x80\"]")].concat(),
            Answer::Closed(1007),
        ),
    ]
}

#[tokio::test]
async fn each_frame_gets_its_answer() {
    let relay = Relay::start().await;
    let mut neighbour = Neighbour::move_in(&relay).await;
    for (name, bytes, answer) in cases() {
        eprintln!("a message {name}");
        let mut client = relay.connect().await;
        // A relay that has had enough may hang up before it has read everything.
        let _ = client.socket.get_mut().write_all(&bytes).await;
        match answer {
            Answer::Message(start) => {
                client.expect_start(start).await;
                client.hears_nothing_more().await;
            }
            Answer::Closed(code) => assert_eq!(client.closed().await, (code, vec![])),
            Answer::TooLong => {
                let (code, texts) = client.closed().await;
                let notice = format!("invalid: a message has at most {MESSAGE_BYTES_MAX} bytes");
                assert_eq!((code, texts), (1009, vec![serde_json::json!(["NOTICE", notice])]));
            }
        }
        neighbour.notices_nothing().await;
    }
}

#[tokio::test]
async fn a_client_may_break_off_anywhere() {
    let relay = Relay::start().await;
    let mut neighbour = Neighbour::move_in(&relay).await;
    let message = [frame(TEXT, &event().message().as_bytes()[..100]), head(FIN, 1_000)].concat();
    for place in 0..message.len() {
        let mut client = relay.connect().await;
        client.socket.get_mut().write_all(&message[..place]).await.unwrap();
        drop(client);
    }
    neighbour.notices_nothing().await;
    // The neighbour's two, and the one that asks.
    relay.reaches(r#""connections":3,"#).await;
}

#[tokio::test]
async fn frames_may_come_with_the_handshake() {
    let relay = Relay::start().await;
    let request = super::http::upgrade_request(&relay);
    let frames =
        [frame(FIN | TEXT, REQ.as_bytes()), frame(FIN | TEXT, REQ.replace("\"s\"", "\"t\"").as_bytes())];
    let bytes = [request.as_bytes(), &frames.concat()].concat();
    // Cut anywhere: in the head, between head and frame, within a frame.
    for place in [10, request.len() - 1, request.len(), request.len() + 1, request.len() + 9, bytes.len()] {
        let mut socket = tokio::net::TcpStream::connect(relay.address()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        socket.write_all(&bytes[..place]).await.unwrap();
        tokio::task::yield_now().await;
        socket.write_all(&bytes[place..]).await.unwrap();
        let mut client = Client::after_handshake(socket).await;
        client.expect_start(r#"["EOSE","s""#).await;
        client.expect_start(r#"["EOSE","t""#).await;
    }
}
