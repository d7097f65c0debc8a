//! How a connection ends.

use std::future::poll_fn;
use std::time::Duration;

use chappe_session::Closing;
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Connection, text};

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed it.
    Client,
    /// It broke off.
    Gone,
    /// The session has a reason.
    Session(Closing),
    /// More live events came than may wait for a client that does not read.
    Overflow,
    /// The client took nothing of what was ready for it.
    NotReading,
    /// The relay stops, and the client does not read.
    Stopped,
    /// The client sent no frame, not even an answer to a ping.
    Idle,
    /// The client's address was blocked.
    Blocked,
    /// A frame breaks RFC 6455: it was not masked, say.
    Protocol,
    /// A text message is not UTF-8.
    NotUtf8,
}

/// How long events on their way to the disk are waited for, so that their OKs are still told.
const OUTCOMES_PATIENCE: Duration = Duration::from_secs(1);

/// How long the last messages and the close frame may take to be written.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// How long, and for how many bytes, the client is read from after the close frame. Closing a socket that holds unread
/// bytes resets it, and a client that is still sending would never see why.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2);
const DRAIN_BYTES_MAX: u64 = 64 * 1024 * 1024;
const DRAIN_BUFFER_BYTES: usize = 4 * 1024;

impl End {
    /// Code and reason for the close frame (RFC 6455, section 7.4.1). None where the client closed or is gone.
    fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Client | Self::Gone => None,
            Self::Session(closing) => Some((closing.code(), closing.reason())),
            Self::Overflow | Self::NotReading => Some((Closing::TooSlow.code(), Closing::TooSlow.reason())),
            Self::Stopped => Some((Closing::ShuttingDown.code(), Closing::ShuttingDown.reason())),
            Self::Idle => Some((1001, "nothing was heard of you")),
            Self::Blocked => Some((1008, "your address is blocked here")),
            Self::Protocol => Some((1002, "a frame breaks the WebSocket protocol")),
            Self::NotUtf8 => Some((1007, "a text message is not UTF-8")),
        }
    }
}

impl Connection<'_> {
    /// Says goodbye as well as the client lets us, within bounded time.
    pub(super) async fn close(&mut self, end: End) {
        let Some((code, reason)) = end.frame() else {
            // The socket answers the client's close frame by itself; it only has to be written.
            let _ = timeout(WRITE_PATIENCE, self.socket.flush()).await;
            return;
        };
        let _ = timeout(OUTCOMES_PATIENCE, self.settle()).await;
        // Closing is best effort: a client that is gone, or reads nothing, misses it.
        if matches!(timeout(WRITE_PATIENCE, self.say_goodbye(code, reason)).await, Ok(Ok(()))) {
            let _ = timeout(DRAIN_PATIENCE, self.drain()).await;
        }
    }

    /// Waits for the outcomes of events that are on their way.
    async fn settle(&mut self) {
        // An overflow is turned into a NOTICE here.
        self.session.advance(self.shared.clock.now());
        while self.session.has_events_in_flight() {
            poll_fn(|context| self.inbox.poll_arrival(context)).await;
            self.session.advance(self.shared.clock.now());
        }
    }

    async fn say_goodbye(
        &mut self,
        code: u16,
        reason: &'static str,
    ) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        for message in self.session.outbox().messages() {
            self.socket.feed(text(message)).await?;
        }
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        self.socket.send(Message::Close(Some(frame))).await?;
        Ok(self.socket.get_mut().shutdown().await?)
    }

    /// Reads and forgets what the client still sends, until it closes.
    async fn drain(&mut self) {
        let mut rest = self.socket.get_mut().take(DRAIN_BYTES_MAX);
        let mut forgotten = vec![0; DRAIN_BUFFER_BYTES];
        while matches!(rest.read(&mut forgotten).await, Ok(1..)) {}
    }
}
