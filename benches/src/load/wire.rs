//! What lies below the WebSocket: the socket, and decompression of what the relay compressed.
//!
//! tungstenite knows no compression. So compressed frames are turned into plain ones on their way up, and it never learns of
//! any.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use flate2::{Decompress, FlushDecompress};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream that counts what comes, and has it decompressed if that was offered.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    /// Bytes that came from the relay, on all connections.
    received: Arc<AtomicU64>,
    inflating: Option<Box<Inflating>>,
}

/// What the relay sent, before and after.
#[derive(Debug, Default)]
struct Inflating {
    /// Whether the handshake's answer has passed.
    is_open: bool,
    raw: Vec<u8>,
    plain: Vec<u8>,
    /// How much of `plain` was taken.
    taken: usize,
    /// Made when the first compressed message comes.
    state: Option<Decompress>,
    message: Vec<u8>,
}

/// How much is read at once.
const READ_BYTES: usize = 64 << 10;
/// A relay may send a large event, but not more than this.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// "Compressed", in a frame's first byte (RFC 7692, section 6).
const RSV1: u8 = 0x40;
/// What compression leaves off each message (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

impl Wire {
    pub(crate) const fn plain(stream: TcpStream, received: Arc<AtomicU64>) -> Self {
        Self { stream, received, inflating: None }
    }

    /// One whose handshake offers compression.
    pub(crate) fn inflating(stream: TcpStream, received: Arc<AtomicU64>) -> Self {
        Self { stream, received, inflating: Some(Box::default()) }
    }

    fn poll_stream(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.received.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl Inflating {
    /// Takes in what has come, and passes on what is whole.
    fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.plain.drain(..self.taken);
        self.taken = 0;
        self.raw.extend_from_slice(bytes);
        let mut done = 0;
        if !self.is_open {
            let Some(end) = self.raw.windows(4).position(|window| window == b"\r\n\r\n") else {
                return Ok(());
            };
            done = end + 4;
            self.plain.extend(self.raw.get(..done).unwrap_or_default());
            self.is_open = true;
        }
        let raw = std::mem::take(&mut self.raw);
        while let Some((frame, payload)) = frame(raw.get(done..).unwrap_or_default()) {
            match frame.first() {
                Some(first) if first & RSV1 != 0 => self.pass_inflated(first ^ RSV1, payload)?,
                _ => self.plain.extend_from_slice(frame),
            }
            done += frame.len();
        }
        self.raw = raw;
        self.raw.drain(..done);
        Ok(())
    }

    fn pass_inflated(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        let state = self.state.get_or_insert_with(|| Decompress::new(false));
        state.reset(false);
        self.message.clear();
        for part in [payload, &TAIL] {
            let end = state.total_in() + part.len() as u64;
            let mut rest = part;
            while state.total_in() < end || self.message.len() == self.message.capacity() {
                if self.message.len() > MESSAGE_BYTES_MAX {
                    return Err(io::Error::other("a compressed message is too long"));
                }
                self.message.reserve(self.message.len().max(4 << 10));
                let (before, length) = (state.total_in(), self.message.len());
                state
                    .decompress_vec(rest, &mut self.message, FlushDecompress::Sync)
                    .map_err(io::Error::other)?;
                let taken = usize::try_from(state.total_in() - before).unwrap_or_default();
                rest = rest.get(taken..).unwrap_or_default();
                if taken == 0 && self.message.len() == length && !rest.is_empty() {
                    return Err(io::Error::other("a compressed message goes on behind its end"));
                }
            }
        }
        self.plain.push(first);
        match (u8::try_from(self.message.len()), u16::try_from(self.message.len())) {
            (Ok(short @ 0..126), _) => self.plain.push(short),
            (_, Ok(length)) => {
                self.plain.push(126);
                self.plain.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                self.plain.push(127);
                self.plain.extend_from_slice(&(self.message.len() as u64).to_be_bytes());
            }
        }
        self.plain.extend_from_slice(&self.message);
        Ok(())
    }
}

/// The first frame from a server, if it is whole, and the payload in it (RFC 6455, section 5.2).
fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_, short], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match short {
        126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?,
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        short => (short.into(), rest),
    };
    let payload = rest.get(..usize::try_from(length).ok()?)?;
    let frame = bytes.get(..bytes.len() - rest.len() + payload.len())?;
    Some((frame, payload))
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let Some(mut inflating) = wire.inflating.take() else { return wire.poll_stream(context, buffer) };
        let polled = loop {
            let ready = inflating.plain.get(inflating.taken..).unwrap_or_default();
            if !ready.is_empty() {
                let part = ready.get(..buffer.remaining().min(ready.len())).unwrap_or_default();
                buffer.put_slice(part);
                inflating.taken += part.len();
                break Poll::Ready(Ok(()));
            }
            let mut room = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut room);
            match wire.poll_stream(context, &mut read) {
                Poll::Ready(Ok(())) if read.filled().is_empty() => break Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    if let Err(error) = inflating.feed(read.filled()) {
                        break Poll::Ready(Err(error));
                    }
                }
                waiting @ (Poll::Ready(Err(_)) | Poll::Pending) => break waiting,
            }
        };
        wire.inflating = Some(inflating);
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
