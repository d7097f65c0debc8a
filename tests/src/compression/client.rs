//! A client that negotiates compression and undoes it by itself.

use std::time::Duration;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::Relay;
use crate::harness::frames::{CLOSE, FIN, PONG, RSV1, TEXT, frame};

/// One connection, and how it agreed on compression.
pub(crate) struct Deflating {
    socket: TcpStream,
    /// The relay's answer to the offer.
    pub(crate) agreed: Option<String>,
    /// As both sides understand it, as a power of two.
    window_bits: u8,
}

/// What the relay said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A message that came as it is.
    Plain(String),
    /// A message that came compressed.
    Compressed(String),
    Pong(Vec<u8>),
    Closed(u16),
}

impl Heard {
    /// The message, however it came.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Plain(text) | Self::Compressed(text) => text,
            other => panic!("heard {other:?}"),
        }
    }
}

/// What a message is compressed, by itself (RFC 7692, section 7.2.1).
pub(crate) fn deflated(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1_000);
    Compress::new(Compression::best(), false).compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

fn inflated(payload: &[u8], window_bits: u8) -> String {
    let mut out = Vec::with_capacity(8 << 20);
    let mut state = Decompress::new_with_window_bits(false, window_bits);
    let whole = [payload, &[0, 0, 0xff, 0xff]].concat();
    state.decompress_vec(&whole, &mut out, FlushDecompress::Sync).unwrap();
    assert_eq!(state.total_in(), whole.len() as u64, "not all was decompressed");
    String::from_utf8(out).unwrap()
}

/// Sends a right WebSocket request with these lines more, and gives the answer's head.
pub(crate) async fn shake_hands(relay: &Relay, lines: &[&str]) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = crate::bad_input::upgrade_request(relay).replace("\r\n\r\n", &format!("\r\n{lines}\r\n"));
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    (socket, String::from_utf8(head).unwrap())
}

impl Deflating {
    /// A connection that offers this.
    pub(crate) async fn offering(relay: &Relay, offer: &str) -> Self {
        let (socket, head) = shake_hands(relay, &[&format!("Sec-WebSocket-Extensions: {offer}")]).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let agreed: Vec<_> = lines
            .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-extensions"))
            .map(|(_, value)| value.to_owned())
            .collect();
        assert!(agreed.len() <= 1, "{head}");
        let agreed = agreed.into_iter().next();
        let bits = agreed.as_ref().and_then(|agreed| agreed.split_once("server_max_window_bits="));
        let window_bits = bits.map_or(15, |(_, bits)| bits.parse().unwrap());
        Self { socket, agreed, window_bits }
    }

    pub(crate) async fn connect(relay: &Relay) -> Self {
        let client = Self::offering(relay, "permessage-deflate; client_max_window_bits").await;
        assert!(client.agreed.is_some());
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(&frame(FIN | TEXT, text.as_bytes())).await;
    }

    /// Says it compressed.
    pub(crate) async fn say_deflated(&mut self, text: &str) {
        self.send(&frame(FIN | RSV1 | TEXT, &deflated(text.as_bytes()))).await;
    }

    /// The next frame, which has to be a whole message.
    pub(crate) async fn hear(&mut self) -> Heard {
        let patience = Duration::from_secs(20);
        let (first, payload) = timeout(patience, self.frame()).await.expect("the relay says nothing");
        let text = |payload| String::from_utf8(payload).unwrap();
        match first {
            0x81 => Heard::Plain(text(payload)),
            0xc1 if self.agreed.is_some() => Heard::Compressed(inflated(&payload, self.window_bits)),
            _ if first == FIN | PONG => Heard::Pong(payload),
            _ if first == FIN | CLOSE => Heard::Closed(u16::from_be_bytes([payload[0], payload[1]])),
            other => panic!("a frame that begins with {other:x}"),
        }
    }

    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let first = self.socket.read_u8().await.unwrap();
        let length = match self.socket.read_u8().await.unwrap() {
            126 => self.socket.read_u16().await.unwrap().into(),
            127 => self.socket.read_u64().await.unwrap(),
            short => short.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.socket.read_exact(&mut payload).await.unwrap();
        (first, payload)
    }
}
