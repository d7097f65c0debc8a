//! One connection to the relay.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::wire::{MESSAGE_BYTES_MAX, Wire};

/// Where the relay is, and how to speak to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    address: String,
    pub(crate) offer: Offer,
    /// Bytes that have come from there, over all connections, the handshakes among them.
    received: Arc<AtomicU64>,
}

/// What the handshake offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    Nothing,
    /// To take compressed messages (permessage-deflate).
    Deflate,
}

/// How busy a connection will be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Traffic {
    Busy,
    /// One of thousands: the generator's own memory counts.
    Sparse,
}

/// A WebSocket without Nagle's delay.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WebSocketStream<Wire>,
}

/// A relay that is silent for so long has lost the answer.
const SILENCE_MAX: Duration = Duration::from_secs(30);

impl FromStr for Target {
    type Err = Failure;

    fn from_str(url: &str) -> Result<Self, Failure> {
        let request = url.into_client_request().map_err(|error| Failure::new(error.to_string()))?;
        let uri = request.uri();
        if uri.scheme_str() != Some("ws") {
            return Err(Failure::new("only ws:// addresses: encryption is not what is measured"));
        }
        let host = uri.host().ok_or_else(|| Failure::new("an address without a host"))?;
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        Ok(Self { url: url.to_owned(), address, offer: Offer::Nothing, received: Arc::default() })
    }
}

impl Target {
    /// How many bytes have come from the relay so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

impl Connection {
    pub(crate) async fn open(target: &Target, traffic: Traffic) -> Result<Self, Failure> {
        let buffer_bytes = match traffic {
            Traffic::Busy => 64 << 10,
            Traffic::Sparse => 4 << 10,
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(buffer_bytes)
            .write_buffer_size(buffer_bytes)
            .max_message_size(Some(MESSAGE_BYTES_MAX));
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", target.url));
        let stream = TcpStream::connect(&target.address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let mut request = target.url.as_str().into_client_request()?;
        let received = Arc::clone(&target.received);
        let wire = match target.offer {
            Offer::Nothing => Wire::plain(stream, received),
            Offer::Deflate => {
                let offer = HeaderValue::from_static("permessage-deflate");
                request.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, offer);
                Wire::inflating(stream, received)
            }
        };
        let (socket, _) = client_async_with_config(request, wire, Some(config)).await?;
        Ok(Self { socket })
    }

    /// Queues a message; it leaves with the next [`Self::flush`], or when the buffer is full.
    pub(crate) async fn feed(&mut self, message: Utf8Bytes) -> Result<(), Failure> {
        Ok(self.socket.feed(Message::Text(message)).await?)
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.socket.flush().await?)
    }

    pub(crate) async fn send(&mut self, message: impl Into<Utf8Bytes>) -> Result<(), Failure> {
        self.feed(message.into()).await?;
        self.flush().await
    }

    /// The next text. Safe to give up while it waits.
    ///
    /// # Errors
    ///
    /// When the relay closes the connection, or says nothing for half a minute.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, Failure> {
        let silent = |_| Failure::new(format!("no answer within {} s", SILENCE_MAX.as_secs()));
        timeout(SILENCE_MAX, self.next_after_any_time()).await.map_err(silent)?
    }

    /// The next text, however long it takes. Pings are answered meanwhile.
    pub(crate) async fn next_after_any_time(&mut self) -> Result<Utf8Bytes, Failure> {
        loop {
            let message = self.socket.next().await;
            if let Some(text) = text_of(message)? {
                return Ok(text);
            }
        }
    }

    /// A text that has already come.
    pub(crate) fn next_ready(&mut self) -> Result<Option<Utf8Bytes>, Failure> {
        while let Some(message) = self.socket.next().now_or_never() {
            if let Some(text) = text_of(message)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Waits for the end of the stored events.
    ///
    /// # Errors
    ///
    /// Also when the relay closes the subscription.
    pub(crate) async fn wait_for_eose(&mut self) -> Result<(), Failure> {
        loop {
            match Answer::read(&self.next().await?) {
                Answer::Eose => return Ok(()),
                Answer::Closed(message) => {
                    return Err(Failure::new(format!("subscription refused: {message}")));
                }
                Answer::Event(_) | Answer::Ok { .. } | Answer::Other => {}
            }
        }
    }
}

/// The text of a message; nothing for pings and the like.
fn text_of(message: Option<Result<Message, tungstenite::Error>>) -> Result<Option<Utf8Bytes>, Failure> {
    let message = message.ok_or_else(|| Failure::new("the relay closed the connection"))?;
    match message? {
        Message::Text(text) => Ok(Some(text)),
        Message::Close(Some(frame)) => Err(Failure::new(format!("the relay closed the connection: {frame}"))),
        Message::Close(None) => Err(Failure::new("the relay closed the connection without a word")),
        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_no_encryption() {
        let address = |url: &str| url.parse::<Target>().map(|target| target.address).ok();
        assert_eq!(address("ws://127.0.0.1:7447").as_deref(), Some("127.0.0.1:7447"));
        assert_eq!(address("ws://localhost/path").as_deref(), Some("localhost:80"));
        assert_eq!(address("ws://[::1]:7000").as_deref(), Some("[::1]:7000"));
        for wrong in ["wss://localhost", "localhost:80", "", "http://localhost"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
