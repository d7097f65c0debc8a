//! A WebSocket connection: frames in, frames out, and the time it may be silent.
//!
//! One loop drives a [`Session`]: advance it, write what it hands out, then wait for whatever comes first. While the
//! client does not take what is written, the loop stands still: nothing is read and nothing is produced for it.

mod close;
mod socket;

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chappe_frames::{Agreement, Incoming, Reader, Violation, append_ping, append_pong};
use chappe_processing::{Account, Ending, Inbox, Spent};
use chappe_session::{Activity, Closing, Session};
use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use self::close::End;
use self::socket::Socket;
use crate::relay::{Phase, Shared, reached};
use crate::stream::Stream;

/// Messages taken in before others have a turn. A signature check each is what they cost at most.
const MESSAGES_AT_ONCE: u32 = 16;

/// How long a client that does not read keeps the relay from stopping.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

struct Connection<'a> {
    shared: &'a Shared,
    session: Session,
    inbox: Arc<Inbox>,
    socket: Socket<'a>,
    phase: watch::Receiver<Phase>,
    /// When the client last sent a frame of any sort.
    heard_at: Instant,
    /// Whether it was sent a ping since.
    pinged: bool,
    /// Since others had a turn.
    messages_at_once: u32,
}

/// What is known of a connection when it becomes WebSocket.
pub(crate) struct Opened {
    /// The other end of the socket.
    pub(crate) remote: SocketAddr,
    /// The client's address; none when a proxy keeps it to itself.
    pub(crate) address: Option<IpAddr>,
    /// The request's Host header.
    pub(crate) host: Option<String>,
    /// How messages are compressed, if they are.
    pub(crate) compression: Option<Agreement>,
    /// What came after the handshake and was read with it.
    pub(crate) read: Bytes,
}

/// Serves the connection until it ends.
///
/// Not an `async fn`: what a connection is opened with would have its place beside it for as long as it lives.
pub(crate) fn run(stream: Stream, opened: Opened, shared: &Shared) -> impl Future<Output = ()> {
    let mut connection = Connection::open(stream, opened, shared);
    async move {
        match &mut connection {
            Ok(connection) => connection.serve().await,
            Err(error) => tracing::error!(%error, "no random numbers for a challenge"),
        }
    }
}

/// An address as the log shows it.
fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "hidden".to_owned(), |address| address.to_string())
}

impl<'a> Connection<'a> {
    fn open(stream: Stream, opened: Opened, shared: &'a Shared) -> Result<Self, getrandom::Error> {
        let Opened { remote, address, host, compression, read } = opened;
        let number = shared.connections.next_number();
        let mut session = shared.session(host.as_deref(), address)?.numbered(number);
        let mut inflater = None;
        if let (Some(agreement), Some(shared)) = (compression, &shared.compression) {
            session.compress(agreement, Arc::clone(&shared.compressor));
            inflater = Some(shared.inflater.clone());
        }
        let reader = Reader::new(shared.message_bytes_max, inflater);
        shared.traffic.open();
        let inbox = Arc::clone(session.inbox());
        shared.connections.enter(number, &inbox);
        tracing::trace!(number, %remote, address = shown(address), "connection opened");
        Ok(Self {
            shared,
            session,
            socket: Socket::new(
                stream,
                reader,
                shared.services.buffers.clone(),
                (&shared.traffic, Arc::clone(&inbox)),
                &read,
            ),
            phase: shared.phase.clone(),
            inbox,
            heard_at: Instant::now(),
            pinged: false,
            messages_at_once: 0,
        })
    }
}

impl Connection<'_> {
    async fn serve(&mut self) {
        let end = self.converse().await;
        self.shared.traffic.end(end.into());
        // In a box: every connection would hold the room for it all its life.
        Box::pin(self.close(end)).await;
        let (number, account) = (self.session.number(), self.inbox.account());
        let seconds = self.shared.clock.now().0.saturating_sub(account.opened_at().0);
        let messages = account.spent(Spent::Messages);
        tracing::debug!(
            number,
            address = shown(account.address()),
            seconds,
            messages,
            ?end,
            "connection ended"
        );
    }

    /// The conversation, until one side ends it.
    async fn converse(&mut self) -> End {
        let mut stopping = pin!(reached(self.phase.clone(), Phase::Stopping));
        let mut blocked = pin!(self.shared.blocked(self.inbox.account().address()));
        let mut timer = pin!(sleep_until(self.heard_at + self.shared.timeouts.ping));
        loop {
            let activity = self.session.advance(self.shared.clock.now());
            // A session whose outbox was full has more to say once that is written.
            let full = !self.session.outbox().is_empty() && !self.session.wants_input();
            if let Err(end) = self.write().await {
                return end;
            }
            if let Some(closing) = self.session.closing() {
                return End::Session(closing);
            }
            if self.messages_at_once >= MESSAGES_AT_ONCE {
                self.messages_at_once = 0;
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
                    let step = self.check_silence();
                    timer.as_mut().reset(self.next_check());
                    step
                }
                // Before the inbox, so that a stream of live events does not keep a CLOSE from being read. The
                // session looks into its inbox at every turn.
                filled = self.socket.fill(), if self.session.wants_input() => self.listen(filled),
                () = poll_fn(|context| self.inbox.poll_arrival(context)) => Ok(()),
                () = tokio::task::yield_now(), if full || activity == Activity::More => {
                    self.messages_at_once = 0;
                    Ok(())
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Takes in what has come, as long as the session is ready for more. What it answers to all of it leaves together.
    fn listen(&mut self, filled: io::Result<()>) -> Result<(), End> {
        filled.map_err(|_| End::Gone)?;
        self.heard_at = Instant::now();
        self.pinged = false;
        let (mut none, mut lent) = (Vec::new(), self.socket.scratch());
        let scratch = lent.as_deref_mut().unwrap_or(&mut none);
        while self.hear(scratch)? && !self.socket.is_read() {
            let has_more_to_do = self.session.advance(self.shared.clock.now()) == Activity::More;
            if has_more_to_do || !self.session.wants_input() || self.messages_at_once >= MESSAGES_AT_ONCE {
                break;
            }
        }
        Ok(())
    }

    /// Hands the next thing that the client said to the session. False when it is not all there.
    fn hear(&mut self, scratch: &mut Vec<u8>) -> Result<bool, End> {
        let Self { socket, session, .. } = self;
        let incoming = match socket.next(scratch) {
            Ok(Some(incoming)) => incoming,
            Ok(None) => return Ok(false),
            Err(Violation::TooLong) => {
                session.receive_too_long();
                return Ok(false);
            }
            Err(violation) => return Err(End::Violation(violation)),
        };
        self.messages_at_once += 1;
        match incoming {
            Incoming::Text(text) => session.receive(text, self.shared.clock.now()),
            Incoming::Binary(_) => session.receive_binary(),
            Incoming::Ping(payload) => session.outbox().control(|out| append_pong(out, payload)),
            Incoming::Pong(_) => {}
            Incoming::Close(close) => return Err(End::Client(close.code)),
        }
        Ok(true)
    }

    /// Writes what the session has ready, and waits until the system has taken it all.
    async fn write(&mut self) -> Result<(), End> {
        let outbox = self.session.outbox();
        if outbox.is_empty() {
            return Ok(());
        }
        // In most cases the system takes everything at once: then nobody is set to watch.
        let count = self.socket.try_write(outbox.frames()).map_err(|_| End::Gone)?;
        outbox.mark_sent(count);
        if outbox.is_empty() && self.socket.is_flushed() {
            return Ok(());
        }
        // In a box: only a connection that has to wait needs the room for it.
        Box::pin(self.write_slowly()).await
    }

    async fn write_slowly(&mut self) -> Result<(), End> {
        let blocked = self.shared.blocked(self.inbox.account().address());
        let outbox = self.session.outbox();
        let (mut writer, account) = self.socket.writer();
        let stuck = stuck(account, &self.inbox, self.phase.clone(), self.shared.timeouts.write);
        let writing = async {
            while !outbox.is_empty() {
                let count = writer.write(outbox.frames()).await?;
                outbox.mark_sent(count);
            }
            writer.flush().await
        };
        tokio::select! {
            biased;
            written = writing => written.map_err(|_| End::Gone),
            end = stuck => Err(end),
            () = blocked => Err(End::Blocked),
        }
    }

    /// Pings a client that has been silent, and gives up on one that has been silent for too long.
    fn check_silence(&mut self) -> Result<(), End> {
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
            self.session.outbox().control(append_ping);
        }
        Ok(())
    }

    fn next_check(&self) -> Instant {
        let timeouts = &self.shared.timeouts;
        self.heard_at + if self.pinged { timeouts.idle } else { timeouts.ping }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.connections.leave(self.session.number());
    }
}

/// Ends when the client has taken nothing for too long, or the rest of the relay wants the connection to end.
async fn stuck(account: &Account, inbox: &Inbox, phase: watch::Receiver<Phase>, patience: Duration) -> End {
    let unread = async {
        let mut before = account.spent(Spent::BytesSent);
        loop {
            sleep(patience).await;
            let now = account.spent(Spent::BytesSent);
            if std::mem::replace(&mut before, now) == now {
                return End::NotReading;
            }
        }
    };
    let wanted = async {
        // Not by its arrivals: those that come during the write are to be seen after it.
        match poll_fn(|context| inbox.poll_ending(context)).await {
            Ending::Overflowed => End::Overflow,
            Ending::Dismissed => End::Session(Closing::Dismissed),
        }
    };
    let stop = async {
        reached(phase, Phase::Stopping).await;
        sleep(STOP_PATIENCE).await;
        End::Stopped
    };
    tokio::select! {
        end = unread => end,
        end = wanted => end,
        end = stop => end,
    }
}

#[cfg(test)]
mod tests;
