//! Somebody else's client: what tungstenite writes is read, and the other way round.

use std::io::{Cursor, Read, Write};

use chappe_frames::{
    Incoming, Reader, append_close, append_ping, append_pong, append_text, append_text_with,
};
use chappe_testkit::Rng;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// Both directions of a connection, as bytes.
#[derive(Default)]
struct Wire {
    to_client: Cursor<Vec<u8>>,
    from_client: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.to_client.read(into)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.from_client.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn client(to_client: Vec<u8>) -> WebSocket<Wire> {
    let wire = Wire { to_client: Cursor::new(to_client), from_client: Vec::new() };
    WebSocket::from_raw_socket(wire, Role::Client, Some(WebSocketConfig::default()))
}

fn random_text(rng: &mut Rng) -> String {
    let length = *rng.pick(&[0, 5, 125, 126, 600, 65_535, 65_536, 100_000]);
    (0..length).map(|_| *rng.pick(&['a', '"', 'z', ' '])).collect()
}

#[test]
fn what_the_client_says_is_heard() {
    let (mut rng, mut client) = (Rng::new(8), client(Vec::new()));
    let mut said = Vec::new();
    for _ in 0..100 {
        let message = match rng.below(4) {
            0 => Message::Ping(vec![1, 2, 3].into()),
            1 => Message::Binary(random_text(&mut rng).into_bytes().into()),
            _ => Message::text(random_text(&mut rng)),
        };
        client.send(message.clone()).unwrap();
        said.push(message);
    }
    client.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).unwrap();
    let mut bytes = client.get_mut().from_client.clone();
    let (mut reader, mut unread, mut scratch) =
        (Reader::new(100_000, None), bytes.as_mut_slice(), Vec::new());
    for message in said {
        let heard = match reader.next(&mut unread, &mut scratch).unwrap().unwrap() {
            Incoming::Text(text) => Message::text(str::from_utf8(text).unwrap()),
            Incoming::Binary(bytes) => Message::Binary(bytes.to_vec().into()),
            Incoming::Ping(payload) => Message::Ping(payload.to_vec().into()),
            other @ (Incoming::Pong(_) | Incoming::Close(_)) => panic!("{other:?}"),
        };
        assert!(heard == message);
    }
    let Ok(Some(Incoming::Close(close))) = reader.next(&mut unread, &mut scratch) else { panic!("no close") };
    assert_eq!((close.code, close.reason, unread.len()), (Some(1000), "bye", 0));
}

#[test]
fn what_the_server_writes_is_understood() {
    let mut rng = Rng::new(9);
    let (mut out, mut said) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let text = random_text(&mut rng);
        match rng.below(4) {
            0 => append_text(&mut out, text.as_bytes()),
            _ => append_text_with(&mut out, |out| out.extend_from_slice(text.as_bytes())),
        }
        said.push(Message::text(text));
    }
    append_ping(&mut out);
    append_pong(&mut out, b"abc");
    append_close(&mut out, Some((1013, "reading too slowly")));
    said.push(Message::Ping(Vec::new().into()));
    said.push(Message::Pong(b"abc".to_vec().into()));
    said.push(Message::Close(Some(CloseFrame {
        code: CloseCode::Again,
        reason: "reading too slowly".into(),
    })));
    let mut client = client(out);
    for message in said {
        assert!(client.read().unwrap() == message);
    }
}
