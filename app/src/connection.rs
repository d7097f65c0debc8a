//! A WebSocket connection: frames in, frames out, and the time it may be silent.
//!
//! One loop drives a [`Session`]: advance it, write what it hands out, then wait for whatever comes first. While the
//! client does not take what is written, the loop stands still: nothing is read and nothing is produced for it.

mod close;
mod metered;

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chappe_processing::Inbox;
use chappe_session::{Activity, Session};
use futures_util::{SinkExt, StreamExt};
use hyper::body::Bytes;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use self::close::End;
use self::metered::{Meter, Metered};
use crate::relay::{Phase, Shared, reached};

/// Held by every connection, so it is small. Larger messages grow it for as long as they are read.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Messages are gathered up to here before they are written; only what has been used is held.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;

/// Messages taken in before others have a turn. A signature check each is what they cost at most.
const FRAMES_AT_ONCE: u32 = 16;

/// How long a client that does not read keeps the relay from stopping.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

struct Connection<'a> {
    shared: &'a Shared,
    session: Session,
    inbox: Arc<Inbox>,
    address: Option<IpAddr>,
    socket: WebSocketStream<Metered<TcpStream>>,
    written: Meter,
    phase: watch::Receiver<Phase>,
    /// When the client last sent a frame of any sort.
    heard_at: Instant,
    /// Whether it was sent a ping since.
    pinged: bool,
    messages: u64,
    /// Since others had a turn.
    frames: u32,
}

/// What is known of a connection when it becomes WebSocket.
pub(crate) struct Opened {
    /// The other end of the socket.
    pub(crate) remote: SocketAddr,
    /// The client's address; none when a proxy keeps it to itself.
    pub(crate) address: Option<IpAddr>,
    /// The request's Host header.
    pub(crate) host: Option<String>,
    /// What came after the handshake and was read with it.
    pub(crate) read: Bytes,
}

/// Serves the connection until it ends.
pub(crate) async fn run(socket: TcpStream, opened: Opened, shared: &Shared) {
    let started = Instant::now();
    let Opened { remote, address, host, read } = opened;
    let session = match shared.session(host.as_deref(), address) {
        Ok(session) => session,
        Err(error) => return tracing::error!(%error, "no random numbers for a challenge"),
    };
    let shown = address.map_or_else(|| "hidden".to_owned(), |address| address.to_string());
    tracing::trace!(%remote, address = shown, "connection opened");
    let (socket, written) = metered::meter(socket);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(shared.message_bytes_max))
        .max_frame_size(Some(shared.message_bytes_max));
    // An empty vector still gets a buffer of the configured size.
    let socket = WebSocketStream::from_partially_read(socket, read.into(), Role::Server, Some(config)).await;
    let mut connection = Connection {
        shared,
        inbox: Arc::clone(session.inbox()),
        session,
        address,
        socket,
        written,
        phase: shared.phase.clone(),
        heard_at: started,
        pinged: false,
        messages: 0,
        frames: 0,
    };
    let end = connection.converse().await;
    let messages = connection.messages;
    // In a box: every connection would hold the room for it all its life.
    Box::pin(connection.close(end)).await;
    let seconds = started.elapsed().as_secs();
    tracing::debug!(%remote, address = shown, seconds, messages, ?end, "connection ended");
}

impl Connection<'_> {
    /// The conversation, until one side ends it.
    async fn converse(&mut self) -> End {
        let mut stopping = pin!(reached(self.phase.clone(), Phase::Stopping));
        let mut blocked = pin!(self.shared.blocked(self.address));
        let mut timer = pin!(sleep_until(self.heard_at + self.shared.timeouts.ping));
        loop {
            let activity = self.session.advance(self.shared.clock.now());
            // A session whose outbox was full has more to say once that is written.
            let full = !self.session.outbox().is_empty() && !self.session.wants_input();
            if let Err(end) = self.write(None).await {
                return end;
            }
            if let Some(closing) = self.session.closing() {
                return End::Session(closing);
            }
            if self.frames >= FRAMES_AT_ONCE {
                self.frames = 0;
                tokio::task::yield_now().await;
            }
            let step = tokio::select! {
                biased;
                () = &mut stopping => {
                    self.session.shut_down();
                    Ok(())
                }
                () = &mut blocked => Err(End::Blocked),
                () = &mut timer => {
                    let step = self.check_silence().await;
                    timer.as_mut().reset(self.next_check());
                    step
                }
                // Before the inbox, so that a stream of live events does not keep a CLOSE from being read. The
                // session looks into its inbox at every turn.
                frame = self.socket.next(), if self.session.wants_input() => self.take(frame),
                () = poll_fn(|context| self.inbox.poll_arrival(context)) => Ok(()),
                () = tokio::task::yield_now(), if full || activity == Activity::More => {
                    self.frames = 0;
                    Ok(())
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Hands a frame to the session.
    fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), End> {
        self.heard_at = Instant::now();
        self.pinged = false;
        self.frames += 1;
        match frame.ok_or(End::Gone)? {
            Ok(Message::Text(text)) => {
                self.messages += 1;
                self.session.receive(text.as_bytes(), self.shared.clock.now());
                Ok(())
            }
            Ok(Message::Binary(_)) => {
                self.messages += 1;
                self.session.receive_binary();
                Ok(())
            }
            // A ping is answered by the socket itself, at its next read.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(()),
            Ok(Message::Close(_)) => Err(End::Client),
            Err(Error::Capacity(_)) => {
                self.session.receive_too_long();
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes what the session has ready, then `last`, and waits until the system has taken it all.
    async fn write(&mut self, last: Option<Message>) -> Result<(), End> {
        if self.session.outbox().is_empty() && last.is_none() {
            return Ok(());
        }
        let stuck = stuck(&self.written, &self.inbox, self.phase.clone(), self.shared.timeouts.write);
        let blocked = self.shared.blocked(self.address);
        let outbox = self.session.outbox();
        let socket = &mut self.socket;
        let writing = async {
            for message in outbox.messages() {
                socket.feed(text(message)).await?;
            }
            if let Some(last) = last {
                socket.feed(last).await?;
            }
            socket.flush().await
        };
        // In most cases the system takes everything at once: then nobody is set to watch.
        let done = tokio::select! {
            biased;
            written = writing => written.map_err(End::from),
            end = stuck => Err(end),
            () = blocked => Err(End::Blocked),
        };
        outbox.clear();
        done
    }

    /// Pings a client that has been silent, and gives up on one that has been silent for too long.
    async fn check_silence(&mut self) -> Result<(), End> {
        if !self.session.wants_input() {
            // It is we who did not listen.
            self.heard_at = Instant::now();
        }
        let silence = self.heard_at.elapsed();
        if silence >= self.shared.timeouts.idle {
            return Err(End::Idle);
        }
        if silence >= self.shared.timeouts.ping && !self.pinged {
            self.pinged = true;
            return self.write(Some(Message::Ping(Bytes::new()))).await;
        }
        Ok(())
    }

    fn next_check(&self) -> Instant {
        let timeouts = &self.shared.timeouts;
        self.heard_at + if self.pinged { timeouts.idle } else { timeouts.ping }
    }
}

/// A whole text message. What the session writes is UTF-8, so it is not looked through again.
fn text(message: &[u8]) -> Message {
    Message::Frame(Frame::message(Bytes::copy_from_slice(message), OpCode::Data(Data::Text), true))
}

/// Ends when the client has taken nothing for too long, or more live events have come than may wait for it.
async fn stuck(written: &Meter, inbox: &Inbox, phase: watch::Receiver<Phase>, patience: Duration) -> End {
    let unread = async {
        let mut before = written.bytes();
        loop {
            sleep(patience).await;
            let now = written.bytes();
            if std::mem::replace(&mut before, now) == now {
                return End::NotReading;
            }
        }
    };
    let overflow = async {
        // Not by its arrivals: those that come during the write are to be seen after it.
        poll_fn(|context| inbox.poll_overflow(context)).await;
        End::Overflow
    };
    let stop = async {
        reached(phase, Phase::Stopping).await;
        sleep(STOP_PATIENCE).await;
        End::Stopped
    };
    tokio::select! {
        end = unread => end,
        end = overflow => end,
        end = stop => end,
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Protocol,
            Error::Utf8(_) => Self::NotUtf8,
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Tls(_)
            | Error::Capacity(_)
            | Error::WriteBufferFull(_)
            | Error::AttackAttempt
            | Error::Url(_)
            | Error::Http(_)
            | Error::HttpFormat(_) => Self::Gone,
        }
    }
}

#[cfg(test)]
mod tests;
