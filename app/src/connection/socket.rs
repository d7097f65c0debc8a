//! The socket: bytes in and out, and no memory for them while nothing comes.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use chappe_buffers::{Buffer, Pool};
use chappe_frames::{Incoming, Reader, Violation};
use chappe_processing::{Account, Inbox, Spent};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::metrics::Traffic;
use crate::stream::Stream;

/// How much is read at once. Held only while there is something in it.
const READ_BYTES: usize = 16 * 1024;

/// What an unfinished frame may keep a large buffer for while it is waited for.
const SMALL_BYTES: usize = 1024;

/// A stream that speaks WebSocket.
pub(super) struct Socket<'a> {
    stream: Stream,
    reader: Reader,
    pool: Pool,
    /// What came in and is not all read. None when there is nothing.
    unread: Option<Unread>,
    traffic: &'a Traffic,
    /// Has the account. What goes out is also the sign of life of a client that only reads.
    inbox: Arc<Inbox>,
}

struct Unread {
    buffer: Buffer,
    /// How many bytes at its front have been read.
    taken: usize,
    /// Whether what is left is only a part of a frame.
    is_part: bool,
}

impl Unread {
    fn len(&self) -> usize {
        self.buffer.len().saturating_sub(self.taken)
    }
}

impl<'a> Socket<'a> {
    /// A socket of which `read` has been read already. What comes and goes is counted for all and for this one.
    pub(super) fn new(
        stream: Stream,
        reader: Reader,
        pool: Pool,
        (traffic, inbox): (&'a Traffic, Arc<Inbox>),
        read: &[u8],
    ) -> Self {
        let unread = (!read.is_empty()).then(|| {
            let mut buffer = pool.take_for(read.len());
            buffer.extend_from_slice(read);
            Unread { buffer, taken: 0, is_part: false }
        });
        let socket = Self { stream, reader, pool, unread, traffic, inbox };
        socket.receive(read.len());
        socket
    }

    fn receive(&self, bytes: usize) {
        self.traffic.receive(bytes);
        self.inbox.account().spend(Spent::BytesReceived, bytes as u64);
    }

    /// Takes the next thing the client said from what has come in. Nothing, when that is not a whole frame; then
    /// [`Self::fill`] waits for more of it.
    pub(super) fn next<'m>(
        &'m mut self,
        scratch: &'m mut Vec<u8>,
    ) -> Result<Option<Incoming<'m>>, Violation> {
        let Self { reader, unread, .. } = self;
        let Some(Unread { buffer, taken, is_part }) = unread else { return Ok(None) };
        let mut rest = buffer.get_mut(*taken..).unwrap_or_default();
        let before = rest.len();
        let incoming = reader.next(&mut rest, scratch)?;
        *taken += before - rest.len();
        *is_part = incoming.is_none();
        Ok(incoming)
    }

    /// A buffer for what has to be decompressed, where anything has to.
    pub(super) fn scratch(&self) -> Option<Buffer> {
        self.reader.inflates().then(|| self.pool.take())
    }

    /// Whether everything that came in has been read.
    pub(super) fn is_read(&self) -> bool {
        self.unread.as_ref().is_none_or(|unread| unread.len() == 0)
    }

    /// Waits until there is something for [`Self::next`]. What is waited for takes no memory but that of an unfinished frame.
    pub(super) async fn fill(&mut self) -> io::Result<()> {
        poll_fn(|context| self.poll_fill(context)).await
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.forget_read();
        if self.unread.as_ref().is_some_and(|unread| !unread.is_part) {
            return Poll::Ready(Ok(()));
        }
        if let Err(error) = ready!(self.poll_readable(context)) {
            return Poll::Ready(Err(error));
        }
        let missing_bytes = self.unread.as_ref().and_then(|unread| self.reader.missing_bytes(unread.len()));
        let taken_out = self.unread.take();
        let mut unread = taken_out.unwrap_or_else(|| Unread {
            buffer: self.pool.take_for(READ_BYTES),
            taken: 0,
            is_part: true,
        });
        make_room(&mut unread.buffer, missing_bytes);
        let read = pin!(self.stream.read_buf(&mut *unread.buffer)).poll(context);
        unread.is_part = !matches!(read, Poll::Ready(Ok(1..)));
        self.unread = (unread.len() > 0).then_some(unread);
        read.map(|read| match read {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.receive(count);
                Ok(())
            }
            Err(error) => Err(error),
        })
    }

    /// Whether there is something to read. While there is not, no large buffer is kept for a few bytes.
    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let readable = self.stream.poll_read_ready(context);
        if let (Poll::Pending, Some(unread)) = (&readable, &mut self.unread)
            && unread.len() <= SMALL_BYTES
            && unread.buffer.capacity() >= READ_BYTES
        {
            let mut small = self.pool.take();
            small.extend_from_slice(&unread.buffer);
            unread.buffer = small;
        }
        readable
    }

    /// Gives back what has been read.
    fn forget_read(&mut self) {
        if let Some(unread) = &mut self.unread {
            unread.buffer.drain(..unread.taken);
            unread.taken = 0;
            if unread.buffer.is_empty() {
                self.unread = None;
            }
        }
    }

    /// Writes what the system takes at once, and says how much that was.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.try_write(bytes) {
            Ok(count) => {
                self.traffic.send(count);
                self.inbox.account().spend(Spent::BytesSent, count as u64);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Whether the system has taken all that was written.
    pub(super) fn is_flushed(&self) -> bool {
        self.stream.is_flushed()
    }

    /// The two halves for a write that has to wait: what writes, and what tells how much was written meanwhile.
    pub(super) fn writer(&mut self) -> (Writer<'_>, &Account) {
        let Self { stream, traffic, inbox, .. } = self;
        let account = inbox.account();
        (Writer { stream, traffic, account }, account)
    }

    /// Says that nothing more is written.
    pub(super) async fn shut_down(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Reads and forgets what the client still sends, until it closes or has sent so many bytes.
    pub(super) async fn drain(&mut self, bytes_max: usize) {
        let mut forgotten = 0;
        self.unread = None;
        while forgotten < bytes_max && self.fill().await.is_ok() {
            forgotten += self.unread.take().map_or(0, |unread| unread.len());
        }
    }
}

/// Room for the rest of the frame, of which not more is believed than came so far, and never for less than what is likely.
fn make_room(buffer: &mut Buffer, missing_bytes: Option<usize>) {
    let wanted = missing_bytes.unwrap_or(SMALL_BYTES).min(READ_BYTES.max(buffer.len()));
    let spare = buffer.capacity() - buffer.len();
    if spare < wanted || buffer.capacity() < READ_BYTES {
        buffer.make_room(wanted.max(READ_BYTES.saturating_sub(buffer.len())));
    }
}

/// Writes what the system does not take at once.
pub(super) struct Writer<'a> {
    stream: &'a mut Stream,
    traffic: &'a Traffic,
    account: &'a Account,
}

impl Writer<'_> {
    /// Waits until the system has taken some, and says how much.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = poll_fn(|context| Pin::new(&mut *self.stream).poll_write(context, bytes)).await?;
        self.traffic.send(count);
        self.account.spend(Spent::BytesSent, count as u64);
        if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
    }

    /// Waits until the system has taken all that was written.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.stream.flush().await
    }
}
